"""Open cases past due, as freeze rules look at them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.models import GuardReading
from reviews import tasks
from reviews.domain import lateness
from reviews.models import Case
from tests.factories import MONDAY, make_program, make_reviewer
from tests.onboarding.guarding import make_guard
from tests.reviews.making import make_case, make_decision

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(days=100)


def test_it_is_the_share_of_what_waits_for_reviewers_and_is_past_due():
    program, other = make_program(), make_program()
    make_case(program), make_case(program), make_case(program)
    bob = make_reviewer()
    make_decision("needs_information", program=program, by=bob)
    make_decision("approved", program=program, by=bob)
    early = make_case(program)
    Case.objects.filter(pk=early.pk).update(due_at=LATER + timedelta(seconds=1))

    found = lateness.measure([(program.pk, 1), (other.pk, 1)], at=LATER)

    assert {each.program: (each.value, each.sample) for each in found} == {
        program.pk: (75.0, 4),
        other.pk: (0.0, 0),
    }


def test_one_program_and_three_are_one_statement():
    programs = [make_program() for _ in range(3)]
    counts = []
    for some in (programs[:1], programs):
        with CaptureQueriesContext(connection) as asked:
            lateness.measure([(program.pk, 1) for program in some], at=LATER)
        counts.append(len(asked))

    assert counts == [1, 1]


def test_the_payer_reports_for_programs_whose_rule_asks():
    program = make_program()
    make_guard(program)
    make_program()

    tasks.measure_guards()

    assert GuardReading.objects.get().program == program

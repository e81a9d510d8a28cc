import json

import pytest
from django.core.management import call_command

from audit.models import LedgerEntry
from onboarding.domain import questions
from onboarding.models import QuestionSet
from policies.domain import guidelines
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


def test_a_fresh_site_gets_guidelines_and_questions(capsys):
    call_command("bootstrap", "--json")

    assert json.loads(capsys.readouterr().out) == {
        "guidelines": guidelines.in_force().version,
        "questions": questions.current().version,
    }


def test_running_it_again_changes_nothing():
    call_command("bootstrap")
    before = LedgerEntry.objects.count()

    call_command("bootstrap")

    assert LedgerEntry.objects.count() == before


def test_what_a_site_chose_for_itself_stays():
    call_command("bootstrap")
    own = questions.load(questions.shipped() | {"version": "9.0.0"}, by="test", at=MONDAY)

    call_command("bootstrap")

    assert QuestionSet.objects.get(current=True) == own

"""What usually comes back, counted from a program's own decisions."""

from datetime import timedelta

import pytest

from reviews.domain import precheck
from reviews.domain.precheck import Share
from tests import reviewed
from tests.factories import MONDAY, _moved, make_application, make_program

pytestmark = pytest.mark.django_db


def decided(program, *, times=1, length=240, models=1, outcome="approved", at=MONDAY):
    """Leave applications with a description of this length, each with a first told decision."""
    made = []
    for _ in range(times):
        draft = make_application(program, state="draft", at=at)
        draft.answers = {"detail": "x" * length, "models": [f"m{each}" for each in range(models)]}
        draft.save()
        made.append(_moved(draft, "in_review", at, {}))
    reviewed.leave_traces(made, at=at, outcome=outcome)
    return made


def test_only_descriptions_of_about_the_same_length_are_compared():
    program = make_program()
    decided(program, length=240, times=3, outcome="needs_information")
    decided(program, length=399)
    decided(program, length=400, times=2)
    decided(program, length=3000, outcome="needs_information")

    found = precheck.history(program, detail_length=300, models=9)

    assert found.as_long == Share(of=4, asked=3)


def test_only_those_that_asked_for_as_many_models_are_compared():
    program = make_program()
    decided(program, models=3, outcome="needs_information")
    decided(program, models=2)
    decided(program, models=1, times=2, outcome="needs_information")

    assert precheck.history(program, detail_length=240, models=2).all_models == Share(of=2, asked=1)


def test_the_first_decision_counts_not_the_last():
    program = make_program()
    (application,) = decided(program, outcome="needs_information")
    later = reviewed._decision(application.case, "approved", *_people(), MONDAY + timedelta(days=3))
    later.save()

    assert precheck.history(program, detail_length=240, models=9).as_long == Share(of=1, asked=1)


def _people():
    return reviewed._person("rita"), reviewed._person("salim")


def test_another_programs_decisions_do_not_count():
    decided(make_program(), outcome="needs_information")

    assert precheck.history(make_program(), detail_length=240, models=1).as_long == Share(0, 0)


def test_what_nobody_was_told_does_not_count():
    program = make_program()
    (application,) = decided(program, outcome="needs_information")
    application.case.decisions.update(told_at=None)

    assert precheck.history(program, detail_length=240, models=1).as_long == Share(0, 0)


@pytest.mark.parametrize(
    ("share", "warns"),
    [(Share(19, 19), False), (Share(20, 6), False), (Share(20, 7), True), (Share(0, 0), False)],
)
def test_a_share_warns_from_a_third_of_twenty(share, warns):
    assert share.warns is warns


def test_it_is_one_query_however_many_decisions_there_are(django_assert_num_queries):
    program = make_program()
    for times in (1, 3):
        decided(program, times=times)
        with django_assert_num_queries(1):
            precheck.history(program, detail_length=240, models=1)

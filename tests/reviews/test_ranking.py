"""The order of the queue: what the rank is made of, and that it follows the clock by itself."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from policies.states import Lane
from reviews.domain import calendars, cases, claims, due, questions, ranking, signatures, telling
from reviews.models import Case, InformationRequest
from tests.factories import MONDAY, make_manager, make_program, make_reviewer
from tests.reviews.making import make_case, make_claimed, make_decision

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


def ranks(case):
    case.refresh_from_db()
    return (case.rank_breach, case.rank_lane, case.rank_risk, case.rank)


def test_a_case_is_ranked_when_it_is_opened_and_the_rank_is_the_sum_of_its_parts():
    case = make_case(lane="notify", risk_score=34)

    assert ranks(case) == (1000, 200, 34, 1234)
    assert case.rank_rule == ranking.RULE
    assert [(part.says, part.points) for part in ranking.parts(case)] == [
        ("due within two working days", 1000),
        ("notify lane", 200),
        ("risk score", 34),
    ]


@pytest.mark.parametrize(
    ("before", "points"), [(48, 1000), (25, 1000), (24, 2000), (9, 2000), (8, 3000), (0, 4000), (-1, 4000)]
)
def test_time_moves_a_case_up_by_itself(before, points):
    case = make_case(lane="notify")  # due on Wednesday at noon

    ranking.rank_owed(at=WEDNESDAY - timedelta(hours=before))

    assert ranks(case)[0] == points


def test_hours_of_a_weekend_are_not_counted():
    friday = MONDAY + timedelta(days=4)
    case = make_case(lane="notify", at=friday - timedelta(days=1))  # due on Monday at noon

    ranking.rank_owed(at=friday)

    assert ranks(case)[0] == 2000


def test_a_near_promise_goes_before_any_lane_and_a_lane_before_any_risk():
    nearest = [band.points for band in ranking.BANDS] + [0]
    lanes = sorted(ranking.LANES.values())

    assert all(nearer - further > lanes[-1] + 100 for nearer, further in pairwise(nearest))
    assert all(stricter - milder > 100 for milder, stricter in pairwise(lanes))
    assert max(ranking.LANES, key=ranking.LANES.__getitem__) == Lane.REFUSE


def test_paying_twice_is_paying_once_and_touches_only_what_moved(django_assert_num_queries):
    make_case(lane="notify"), make_case(lane="hold")

    assert [ranking.rank_owed(at=TUESDAY), ranking.rank_owed(at=TUESDAY)] == [1, 0]


def test_many_cases_are_ranked_in_a_fixed_number_of_statements(django_assert_max_num_queries):
    program = make_program()
    for _ in range(4):
        make_case(program, lane="notify")

    with django_assert_max_num_queries(30):
        assert ranking.rank_owed(at=TUESDAY) == 4


def test_a_changed_rule_ranks_everything_again(monkeypatch):
    case, asked = make_case(risk_score=7), make_decision("needs_information").case
    monkeypatch.setattr(ranking, "RULE", "2027-01")
    monkeypatch.setitem(ranking.LANES, "notify", 150)

    ranking.rank_owed(at=MONDAY)

    assert ranks(case) == (1000, 150, 7, 1157)
    assert {case.rank_rule for case in Case.objects.all()} == {"2027-01"}
    assert ranks(asked)[1] == 150


def test_a_case_that_comes_back_stands_where_its_due_time_puts_it():
    case, bob = make_claimed()

    claims.release(case, by=bob, at=WEDNESDAY)

    assert ranks(case)[0] == 4000


def test_next_follows_the_rank():
    program = make_program()
    make_case(program, lane="hold", risk_score=100)
    near = make_case(program, lane="notify", risk_score=0)

    assert claims.take_next(by=make_reviewer(), at=MONDAY).case == near


def test_next_is_a_walk_along_its_index():
    """With nothing but a plan: a sort would mean that every case waiting is read for each pull."""
    with connection.cursor() as cursor:
        for way in (
            "seqscan",
            "bitmapscan",
            "sort",
        ):  # what the planner prefers while a table is all but empty
            cursor.execute(f"SET LOCAL enable_{way} = off")
        plan = Case.objects.offered().values("pk")[:1].explain()

    assert ("case_next" in plan or "case_queue" in plan, "Sort" in plan) == (True, False)


# --- Due times that move


def test_a_held_decision_that_is_cancelled_returns_to_its_old_due_date():
    decision = make_decision(domains=["health"])
    promised = Case.objects.get().due_at

    signatures.give_back(decision, by=make_reviewer("bea"), at=TUESDAY, reason="Look at the site again.")

    case = Case.objects.get()
    assert (case.state, case.due_at) == ("open", promised)


def test_the_clock_of_a_program_stands_still_on_its_days_off():
    program = make_program()
    calendars.add(program, on=date(2026, 11, 24), name="A holiday", by=make_manager(), at=MONDAY)

    assert make_case(program, lane="notify").due_at == MONDAY + timedelta(days=3)


def test_a_day_off_added_later_leaves_a_promise_as_it_was_made():
    program = make_program()
    case = make_case(program, lane="notify")

    calendars.add(program, on=date(2026, 11, 24), name="A holiday", by=make_manager(), at=MONDAY)
    cases.follow(case, at=MONDAY)

    case.refresh_from_db()
    assert case.due_at == WEDNESDAY


def test_the_clock_goes_on_with_the_working_time_that_was_left():
    asked = make_decision("needs_information", lane="notify")
    telling.tell_owed(at=MONDAY)
    request = InformationRequest.objects.get(decision=asked)
    friday = MONDAY + timedelta(days=4)

    questions.answer(request, by=asked.case.application.applicant, at=friday, answer="People who read.")

    case = Case.objects.get()
    assert case.due_at == due.working_days_after(friday, days=2, calendar=calendars.of(case.program))
    assert (case.due_at.isoformat()[:16], ranks(case)[0]) == ("2026-12-01T12:00", 1000)

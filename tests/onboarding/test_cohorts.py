"""The forecast where weeks have shares: by cohort and place within it, held against who is really let in when."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from onboarding.admin import shares
from onboarding.domain import backtests, cohorts, counts, outlooks, places, waitlist, weeks
from onboarding.domain.cohorts import Split
from onboarding.domain.plans import Rules, Share
from onboarding.models import Seat, WaitlistEntry
from tests.factories import MONDAY, make_entry, make_manager
from tests.onboarding.test_board import board, signed_in
from tests.onboarding.test_places import live_through
from tests.onboarding.test_plans import DAY, WEEK, planned

UNIVERSITIES, FINNS, PICKED = (
    Share("applicant_type", "university", 50),
    Share("country", "FI,SE", 25),
    Share("hand_picked", "", 25),
)
COLUMNS = {
    "u": {"applicant_type": "university", "country": "FI"},
    "f": {"applicant_type": "company", "country": "FI"},
    "p": {"hand_picked": True},
    "c": {"applicant_type": "company", "country": "DE"},
}


def wait(program, kinds, *, each=DAY, until=MONDAY):
    """Return entries of these kinds in the order of the line, one joined a day unless said otherwise."""
    entries = [make_entry(program, at=until - each * (len(kinds) - number)) for number in range(len(kinds))]
    for entry, kind in zip(entries, kinds, strict=True):
        WaitlistEntry.objects.filter(pk=entry.pk).update(**COLUMNS[kind])
    return [WaitlistEntry.objects.get(pk=entry.pk) for entry in entries]


def weeks_of(entries):
    """Return the number of the week in which each was let in; None for whom nobody ever lets in."""
    given = dict(Seat.objects.filter(entry__in=entries).values_list("entry", "given_at"))
    return [(given[entry.pk] - MONDAY) // WEEK if entry.pk in given else None for entry in entries]


@pytest.mark.django_db
@pytest.mark.parametrize("unfilled", ["others", "kept"])
@pytest.mark.parametrize("parts", [(UNIVERSITIES,), (UNIVERSITIES, FINNS), (FINNS, PICKED, UNIVERSITIES)])
def test_everybody_is_told_the_week_in_which_the_plan_lets_them_in(parts, unfilled):
    program = planned(rate=4, shares=parts, unfilled=unfilled)
    waitlist.admit(program, by="beat", at=MONDAY)  # nobody waits yet: the first week is open
    entries = wait(program, "ccfucccpcuccfuccpcccffcccc")

    told = [places.forecast(entry, at=MONDAY) for entry in entries]
    for week in range(20):
        waitlist.admit(program, by="beat", at=MONDAY + week * WEEK)

    assert [each and (each.earliest - MONDAY + DAY) // WEEK for each in told] == weeks_of(entries)


@pytest.mark.django_db
def test_a_page_of_the_line_and_one_entry_alone_are_told_the_same():
    program = planned(rate=4, shares=(UNIVERSITIES, FINNS))
    waitlist.admit(program, by="beat", at=MONDAY)
    entries = wait(program, "ccfucccpcuccfuccpcccffcccc", each=timedelta(hours=5))

    alone = [places.forecast(entry, at=MONDAY) for entry in entries]

    assert [forecast for _, _, forecast in outlooks.everybody(program, at=MONDAY)] == alone
    page = outlooks.teller(program, at=MONDAY, first=entries[9], before=9, people=5)
    assert [page.tell(entry) for entry in entries[9:14]] == alone[9:14]


@pytest.mark.django_db
def test_who_of_each_cohort_waits_before_one_is_counted_and_looked_at():
    program, parts = planned(rate=4, shares=(UNIVERSITIES, FINNS)), (UNIVERSITIES, FINNS)
    entries = wait(program, "cufcucfcc", each=timedelta(hours=7))
    counts.fold_owed()

    for number, entry in enumerate(entries):
        belong = [cohorts.of(parts, each) for each in entries[:number]]
        assert cohorts.before(entry, parts) == [belong.count(each) for each in range(3)]


@pytest.mark.django_db
def test_with_a_history_the_last_date_takes_it_that_newcomers_use_up_the_seats_of_a_share():
    program = planned(rate=4, shares=(UNIVERSITIES,))
    at = live_through(program, 9)
    entries = wait(program, "c" * 12, until=at)

    found = places.forecast(entries[-1], at=at)

    assert found.likely - at <= 5 * WEEK
    assert found.latest - at >= 7 * WEEK


@pytest.mark.django_db
def test_dates_told_by_cohort_are_held_against_what_came_true():
    program = planned(rate=4, shares=(UNIVERSITIES,))
    at = live_through(program, 9)
    wait(program, "cccuccuc", until=at - timedelta(hours=4), each=timedelta(minutes=1))
    for week in range(8):
        waitlist.admit(program, by="beat", at=at + week * WEEK)

    backtests.check(program, at=at + 8 * WEEK)

    found = backtests.hit_rate(program)
    assert (found.judged > 20, found.late, found.early) == (True, 0, 0)


@pytest.mark.django_db
def test_the_board_shows_who_waits_for_which_share_and_since_when():
    program = planned(rate=4, shares=(UNIVERSITIES,))
    waitlist.admit(program, by="beat", at=MONDAY)
    wait(program, "cuccc")

    rows = shares.table(program, Rules(shares=(UNIVERSITIES,)), weeks.current(program, MONDAY))
    client = signed_in(make_manager("mo"))
    client.get(board(program))  # what is asked only once in a process
    with CaptureQueriesContext(connection) as asked:
        page = client.get(board(program))

    assert len(asked) <= 25
    assert [(row.says, row.waiting, row.given, row.limit) for row in rows] == [
        ("50 % for who applies university", 1, 0, 2), ("Everybody else", 4, None, None),
    ]  # fmt: skip
    assert b"50 % for who applies university" in page.content


@pytest.mark.django_db
def test_seats_of_a_week_that_opened_under_another_plan_are_for_nobody_elses_cohort():
    program = planned(rate=4, shares=(UNIVERSITIES,))
    waitlist.admit(program, by="beat", at=MONDAY)
    week = weeks.current(program, MONDAY)

    (same,) = cohorts.splits((UNIVERSITIES,), [3], running=week)
    (other,) = cohorts.splits((Share("country", "FI", 50),), [3], running=week)

    assert (same.shares, other.shares) == ((2.0,), (1.0,))
    assert [row.limit for row in shares.table(program, Rules(shares=(FINNS,)), week)] == [None, None]


seats = st.integers(0, 40)


@given(
    line=st.lists(st.tuples(seats, seats, seats), min_size=1, max_size=12),
    ahead=st.lists(st.tuples(seats, seats, seats), min_size=1, max_size=12),
    unfilled=st.sampled_from(["others", "kept", "carried"]),
)
def test_no_week_reaches_more_people_than_it_has_seats_or_than_wait(line, ahead, unfilled):
    rules = Rules(shares=(UNIVERSITIES, FINNS), unfilled=unfilled)
    split = [Split((float(a), float(b)), float(c)) for a, b, c in ahead]
    curve, so_far = [], 0.0
    for week in ahead:
        so_far += sum(week)
        curve.append(so_far)

    found = cohorts._played(line, curve, split, rules)

    for number, moved in enumerate(curve):
        assert sum(each[number] for each in found) <= moved + 0.001
    for cohort, each in enumerate(found):
        assert each == sorted(each)
        assert each[-1] <= sum(segment[cohort] for segment in line) + 0.001

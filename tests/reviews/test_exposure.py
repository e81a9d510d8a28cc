"""Minutes with severe text: counted from what was open, bounded, and obeyed by whatever gives a case."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from reviews.domain import care, claims, decisions, exposure, handing, minutes
from reviews.models import CareRule, Case, Exposure
from tests.factories import MONDAY, make_manager, make_reviewer
from tests.reviews.caring import choose, make_severe
from tests.reviews.making import SAYS, make_case, make_claimed

pytestmark = pytest.mark.django_db
RULE = {
    "minutes": 60, "grave_minutes": 30, "most_minutes": 120, "cool_down": 15, "least_cool_down": 5, "last_hour": 16,
    "latest_hour": 19,
}  # fmt: skip


def after(minutes, *, since=MONDAY):
    return since + timedelta(minutes=minutes)


def read(user, minutes=15, *, at=MONDAY, codes=("self_harm",)):
    """Let somebody have read a severe case for some minutes."""
    return Exposure.objects.create(
        reviewer=user, case=make_severe(*codes), severe=dict.fromkeys(codes, 2), opened_at=at,
        ends_by=after(15, since=at), ended_at=after(minutes, since=at),
    )  # fmt: skip


def minutes_of(user, at=MONDAY):
    return {code: seconds / 60 for code, seconds in care.known(user, at=at).used.seconds.items()}


# --- counting


def test_what_is_open_counts_until_it_is_covered():
    case, bob = make_claimed(domains=["self_harm", "hate_harassment"])

    exposure.begin(case, by=bob, at=MONDAY)
    exposure.cover(bob, at=after(4), case=case)
    exposure.cover(bob, at=after(9))

    assert minutes_of(bob, after(30)) == {"self_harm": 4, "hate_harassment": 4}


def test_opening_again_while_it_is_open_begins_nothing_new():
    case, bob = make_claimed(domains=["self_harm"])

    assert exposure.begin(case, by=bob, at=MONDAY) == exposure.begin(case, by=bob, at=after(3))


def test_one_opening_counts_no_longer_than_its_bound():
    case, bob = make_claimed(domains=["self_harm"])

    exposure.begin(case, by=bob, at=MONDAY)

    assert minutes_of(bob, after(300)) == {"self_harm": 15}


@pytest.mark.parametrize("act", ["decide", "release", "run_out", "hand_over"])
def test_whatever_ends_the_work_covers_the_text(act):
    case, bob = make_claimed(domains=["self_harm"])
    exposure.begin(case, by=bob, at=after(1))
    acts = {
        "decide": lambda: decisions.decide(case, by=bob, at=after(5), outcome="approved", **SAYS["approved"]),
        "release": lambda: claims.release(case, by=bob, at=after(5)),
        "run_out": lambda: claims.release_run_out(at=after(200)),
        "hand_over": lambda: handing.hand_over(case, to=make_reviewer("bea"), by=bob, at=after(5)),
    }

    acts[act]()

    assert Exposure.objects.get().ended_at == after(15 if act == "run_out" else 5)


def test_a_case_that_is_not_severe_has_nothing_to_open():
    case, bob = make_claimed()

    assert (exposure.begin(case, by=bob, at=MONDAY), exposure.is_covered(case, by=bob, at=MONDAY)) == (
        None,
        False,
    )


def test_the_text_is_covered_until_opened_for_each_person_and_again_afterwards():
    case, bob = make_claimed(domains=["self_harm"])
    exposure.begin(case, by=bob, at=MONDAY)

    seen = [
        exposure.is_covered(case, by=who, at=at)
        for who, at in ((bob, after(1)), (make_reviewer("bea"), after(1)), (bob, after(16)))
    ]

    assert seen == [False, True, True]


def test_the_day_begins_at_midnight_where_the_reviewer_is():
    bob = make_reviewer()
    bob.time_zone = "Pacific/Auckland"  # 13 hours ahead: midnight there is 11:00 UTC
    bob.save()
    read(bob, at=datetime(2026, 11, 23, 10, 50, tzinfo=UTC))

    assert minutes_of(bob) == {"self_harm": 5}


# --- caps


def test_next_and_pick_obey_the_minutes_of_the_day():
    bob, at = make_reviewer(), after(-180)
    for quarter in range(4):
        read(bob, at=after(15 * quarter, since=at))
    case, calm = make_severe(), make_case(at=after(1))

    assert claims.take_next(by=bob, at=after(2)).case == calm
    with pytest.raises(claims.NotForYou, match="Your minutes for this kind of text are used up for today"):
        claims.claim(case, by=bob, at=after(2))


def test_handing_over_obeys_the_minutes_of_the_other_person():
    case, bob = make_claimed(domains=["self_harm"])
    bea = make_reviewer("bea")
    for quarter in range(4):
        read(bea, at=after(15 * quarter - 180))

    with pytest.raises(handing.CannotBeGiven, match="Bea cannot take this case now"):
        handing.hand_over(case, to=bea, by=bob, at=MONDAY)


def test_another_kind_has_minutes_of_its_own():
    bob = make_reviewer()
    for quarter in range(4):
        read(bob, at=after(15 * quarter - 180))
    case = make_severe("hate_harassment")

    assert claims.claim(case, by=bob, at=MONDAY).case == case


def test_an_opening_lasts_no_longer_than_what_is_left_of_the_day():
    bob = make_reviewer()
    for quarter in range(3):
        read(bob, at=after(15 * quarter - 180))
    read(bob, 10, at=after(-60))
    case = make_severe()

    opened = exposure.begin(case, by=bob, at=MONDAY)

    assert opened.ends_by == after(5)
    with pytest.raises(exposure.StaysCovered, match="used up for today"):
        exposure.begin(case, by=bob, at=after(6))
    assert minutes_of(bob, after(60)) == {"self_harm": 60}


def test_ones_own_minutes_hold_within_the_bounds_also_where_those_were_narrowed_since():
    bob, manager = make_reviewer(), make_manager()
    choose(bob, "in", "self_harm", minutes=90)
    limits = [care.known(bob, at=MONDAY).limits.minutes("self_harm", 2)]

    care.set_rule(by=manager, at=MONDAY, reason="Less for everybody", **RULE | {"most_minutes": 70})
    limits.append(care.known(bob, at=MONDAY).limits.minutes("self_harm", 2))

    assert limits == [timedelta(minutes=90), timedelta(minutes=70)]


def test_what_is_grave_has_fewer_minutes():
    bob = make_reviewer()

    assert care.known(bob, at=MONDAY).limits.minutes("child_safety", 3) == timedelta(minutes=30)


# --- cool-down, one at a time, the hour


def test_after_a_severe_case_the_next_one_waits_and_calm_ones_do_not():
    bob = make_reviewer()
    read(bob, 5)
    severe, calm = make_severe("hate_harassment"), make_case(at=after(1))

    assert claims.take_next(by=bob, at=after(19)).case == calm
    with pytest.raises(claims.NotForYou, match="the next one is offered from 12:20 on"):
        claims.claim(severe, by=bob, at=after(19))
    assert claims.claim(severe, by=bob, at=after(20)).case == severe


def test_nobody_has_two_severe_cases_at_once():
    _case, bob = make_claimed(domains=["self_harm"])

    with pytest.raises(claims.NotForYou, match="one at a time"):
        claims.claim(make_severe("hate_harassment"), by=bob, at=MONDAY)


@pytest.mark.parametrize(
    ("hour", "minute", "is_given"),
    [(5, 59, False), (6, 0, True), (15, 59, True), (16, 0, False), (23, 59, False), (0, 1, False)],
)
def test_nothing_severe_is_given_after_the_hour_where_the_reviewer_is(hour, minute, is_given):
    bob, case = make_reviewer(), make_severe(at=MONDAY - timedelta(days=1))
    bob.time_zone = "Asia/Kolkata"  # half an hour off, as a few are
    bob.save()
    at = datetime(2026, 11, 23, hour, minute, tzinfo=minutes.ZoneInfo("Asia/Kolkata"))

    kept = Case.objects.filter(care.kept_from(bob, at=at), pk=case.pk).exists()

    assert kept is not is_given


def test_calm_cases_are_given_at_any_hour():
    bob, case = make_reviewer(), make_case()

    assert claims.take_next(by=bob, at=MONDAY.replace(hour=22)).case == case


def test_what_was_begun_before_the_hour_stays_open_and_nothing_new_is_opened_after_it():
    bob, last = make_reviewer(), MONDAY.replace(hour=15, minute=55)
    case = make_severe()
    claims.claim(case, by=bob, at=last)
    exposure.begin(case, by=bob, at=last)

    assert exposure.is_covered(case, by=bob, at=after(10, since=last)) is False
    with pytest.raises(exposure.StaysCovered, match="After 16:00"):
        exposure.begin(make_severe(), by=bob, at=after(20, since=last))


# --- the rule


def test_without_a_rule_of_the_sites_own_the_shipped_one_holds():
    rule = care.rule()

    assert {name: getattr(rule, name) for name in RULE} == RULE


@pytest.mark.parametrize(
    "numbers",
    [
        {"minutes": 4}, {"minutes": 121}, {"most_minutes": 481}, {"cool_down": 4}, {"last_hour": 20},
        {"latest_hour": 25}, {"last_hour": 6},
    ],
)  # fmt: skip
def test_a_rule_beyond_its_own_bounds_is_refused(numbers):
    with pytest.raises(care.BadRule):
        care.set_rule(by=make_manager(), at=MONDAY, reason="Because", **RULE | numbers)


def test_a_reviewer_does_not_set_the_rule():
    with pytest.raises(care.NotYoursToSet):
        care.set_rule(by=make_reviewer(), at=MONDAY, reason="Because", **RULE)


def test_a_rule_needs_a_reason():
    with pytest.raises(care.BadRule, match="Say why"):
        care.set_rule(by=make_manager(), at=MONDAY, reason=" ", **RULE)


# --- what the database refuses


def test_the_database_refuses_two_open_texts_a_person():
    case, bob = make_claimed(domains=["self_harm"])
    opened = exposure.begin(case, by=bob, at=MONDAY)

    with pytest.raises(IntegrityError, match="one_open_text_per_person"), transaction.atomic():
        Exposure.objects.create(reviewer=bob, case=case, severe={}, opened_at=MONDAY, ends_by=opened.ends_by)


@pytest.mark.parametrize("change", [{"opened_at": MONDAY - timedelta(1)}, {"severe": {}}, {"ended_at": None}])
def test_the_database_lets_nobody_rewrite_what_was_open(change):
    read(make_reviewer())

    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Exposure.objects.update(**change)


def test_the_database_refuses_to_forget_minutes_too_soon():
    read(make_reviewer())

    with pytest.raises(ProgrammingError, match="kept for 90 days"), transaction.atomic():
        Exposure.objects.all().delete()


def test_old_minutes_are_forgotten():
    bob = make_reviewer()
    read(bob, at=MONDAY - timedelta(days=100))
    kept = read(bob)

    assert ([exposure.forget_old(at=MONDAY), exposure.forget_old(at=MONDAY)], Exposure.objects.get()) == (
        [1, 0],
        kept,
    )


def test_the_rule_only_grows():
    care.set_rule(by=make_manager(), at=MONDAY, reason="Because", **RULE)

    with pytest.raises(ProgrammingError), transaction.atomic():
        CareRule.objects.update(minutes=120)

"""A wrong sanction costs nobody time: ends wait while something can be appealed, and what was lost comes back."""

from datetime import timedelta

import pytest

from audit import ledger
from enforcement.domain import against_sanctions, appeals, flag_cases, sanctions
from onboarding import projection
from onboarding.domain import grants, keys, renewals
from onboarding.models import Grant, Key
from outbox import letters
from outbox.models import Letter
from tests.enforcement.appealing import known
from tests.enforcement.flagging import (
    NOTHING,
    TUESDAY,
    make_case,
    make_confirmed,
    make_emergency,
    make_sanction,
    make_taken_appeal,
)
from tests.factories import make_reviewer, make_secret, make_senior

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
END = TUESDAY + 5 * DAY
UPHOLD = {"reason_code": "facts_wrong", "explanation": "The code was a lesson, not an attack."}
DENY = {"reason_code": "decision_right", "explanation": "The code attacked named companies."}


@pytest.fixture
def key():
    """A key that ends with its grant, on Sunday."""
    key, _ = make_secret()
    Grant.objects.filter(pk=key.grant_id).update(expires_at=END)
    Key.objects.filter(pk=key.pk).update(expires_at=END)
    return Key.objects.select_related("grant").get(pk=key.pk)


@pytest.fixture
def grant(key):
    return key.grant


def ends(thing):
    return type(thing).objects.get(pk=thing.pk).expires_at


def state(thing):
    return type(thing).objects.get(pk=thing.pk).state


def win(sanction, *, at) -> None:
    appeal, tess = make_taken_appeal(sanction, at=at)
    appeals.uphold(appeal, by=tess, at=at, **UPHOLD)


def expire(at) -> int:
    return renewals.expire_due(at=at) + keys.expire_due(at=at)


def test_a_won_appeal_gives_back_the_days_it_took_and_says_so(key, grant):
    suspended = make_sanction(grant)

    win(suspended, at=TUESDAY + 3 * DAY)

    letter = Letter.objects.filter(kind="enforcement/sanction_appeal").latest("pk")
    given = ledger.of(grant).get(event="grant.time_given_back").details
    said = f"your access runs until {END + 3 * DAY:%-d %B %Y}" in " ".join(letter.text.split())
    assert (ends(grant), ends(key), given["seconds"], said) == (END + 3 * DAY, END + 3 * DAY, 259200, True)


def test_an_end_that_passes_while_a_sanction_can_be_appealed_waits_and_whoever_wins_goes_on(key, grant):
    suspended, late = make_sanction(grant), END + 20 * DAY

    expired = expire(late)
    win(suspended, at=late)

    shown = projection.state_of([key.pk])[key.pk]
    assert (expired, shown.state, shown.expires, expire(late)) == (
        0,
        "active",
        int((late + 5 * DAY).timestamp()),
        0,
    )


@pytest.mark.parametrize("how", ["lifted", "reinstated", "over"])
def test_what_is_no_mistake_gives_nothing_back_and_what_is_past_its_end_expires(key, grant, how):
    sam, late = known("sam", make_senior), END + DAY
    sanction = make_sanction(grant, by=sam, ends_at=late if how == "over" else None)
    if how == "lifted":
        sanctions.lift(sanction, by=sam, at=late, reason="It is mended.")
    elif how == "reinstated":
        appeal, tess = make_taken_appeal(sanction, kind="reinstatement", at=late)
        appeals.uphold(appeal, by=tess, at=late, reason_code="mended", explanation="The team was changed.")
    sanctions.settle_owed(at=late)

    said = "has reached its own end meanwhile" in " ".join(Letter.objects.latest("pk").text.split())
    assert (ends(grant), said, expire(late), state(grant), state(key)) == (END, True, 1, "expired", "expired")


def test_only_the_time_that_nothing_else_stopped_it_is_given_back(grant):
    first = make_sanction(grant)
    second = make_sanction(grant, case=first.case, at=TUESDAY + DAY, ends_at=TUESDAY + 2 * DAY)
    sanctions.settle_owed(at=TUESDAY + 2 * DAY)

    win(first, at=TUESDAY + 4 * DAY)
    without_the_second = ends(grant)
    win(second, at=TUESDAY + 4 * DAY)

    assert (without_the_second - END, ends(grant) - END) == (3 * DAY, 4 * DAY)


def test_a_suspension_that_is_over_takes_no_more_than_its_own_time(grant):
    suspended = make_sanction(grant, ends_at=TUESDAY + 2 * DAY)
    sanctions.settle_owed(at=TUESDAY + 2 * DAY)

    win(suspended, at=TUESDAY + 4 * DAY)

    assert ends(grant) - END == 2 * DAY


def test_a_key_that_ends_before_its_grant_gets_its_own_time_back_and_never_outlives_the_grant(key, grant):
    Key.objects.filter(pk=key.pk).update(expires_at=END - 2 * DAY)
    suspended = make_sanction(grant, key=key, target="key")
    waited = expire(END - DAY)

    win(suspended, at=END - DAY)

    assert (waited, ends(key), ends(grant), expire(END - DAY)) == (0, END, END, 0)


def test_flags_that_were_nothing_give_back_what_a_machine_took(grant):
    make_emergency()
    case, bob = make_case(grant, severity=3), known("bob", make_reviewer)

    flag_cases.decide(case, by=bob, at=TUESDAY + DAY / 2, **NOTHING)

    assert ends(grant) - END == DAY / 2


def test_flags_that_were_nothing_say_nothing_of_an_end_that_has_moved(grant):
    make_emergency()
    case, bob = make_case(grant, severity=3), known("bob", make_reviewer)

    flag_cases.decide(case, by=bob, at=END + DAY, **NOTHING)

    said = " ".join(Letter.objects.get(kind="enforcement/sanction_lifted").text.split())
    assert (ends(grant), "has reached its own end" in said) == (END + (END + DAY - TUESDAY), False)


def test_time_that_two_mistakes_took_is_given_back_whichever_is_mended_first(grant):
    make_emergency()
    case, bob = make_case(grant, severity=3), known("bob", make_reviewer)
    apart = make_confirmed(grant, by=bob, at=TUESDAY + DAY, category="fraud_spam", rule="")
    other = make_sanction(case=apart, at=TUESDAY + DAY)

    flag_cases.decide(case, by=bob, at=TUESDAY + 2 * DAY, **NOTHING)
    win(other, at=TUESDAY + 4 * DAY)

    assert ends(grant) - END == 4 * DAY


def test_what_can_no_longer_be_appealed_expires_and_before_that_it_waits(key, grant):
    sanction = make_sanction(grant)
    closes_at = against_sanctions.window(sanction).closes_at

    done = [against_sanctions.expire_owed(at=at) for at in (closes_at - DAY, closes_at, closes_at)]

    assert (done, state(grant), state(key)) == ([0, 1, 0], "expired", "expired")


def test_an_open_appeal_holds_up_the_end_and_a_denied_one_does_not(grant):
    appeal, tess = make_taken_appeal(make_sanction(grant))
    late = END + DAY
    waiting = against_sanctions.expire_owed(at=late)
    appeals.take(appeal, by=tess, at=late)

    appeals.deny(appeal, by=tess, at=late, **DENY)

    assert (waiting, against_sanctions.expire_owed(at=late), state(grant)) == (0, 1, "expired")


def test_access_that_ended_before_the_appeal_was_won_stays_ended_and_the_letter_says_so(grant):
    suspended = make_sanction(grant, ends_at=TUESDAY + DAY)
    sanctions.settle_owed(at=TUESDAY + DAY)
    expire(END)

    win(suspended, at=END + DAY)

    letter = Letter.objects.filter(kind="enforcement/sanction_appeal").latest("pk")
    assert (state(grant), "has ended meanwhile" in letter.text, "given back" in letter.text) == (
        "expired",
        True,
        False,
    )


def test_a_won_appeal_against_an_end_of_access_gives_its_time_back_too(grant):
    ended = sanctions.sign(make_sanction(grant, kind="terminate"), by=make_senior("uma"), at=TUESDAY)
    letters.send_owed(at=TUESDAY)

    win(ended, at=END + DAY)

    assert (state(grant), ends(grant)) == ("active", END + (END + DAY - TUESDAY))


def test_a_renewal_under_review_keeps_its_place_beside_the_time_given_back(grant):
    held = grants.hold_over(grants.locked(grant.pk), by="beat", at=TUESDAY)
    suspended = make_sanction(grant)

    win(suspended, at=TUESDAY + DAY)

    again = Grant.objects.get(pk=grant.pk)
    assert (again.held_over_from, again.expires_at) == (END + DAY, held.expires_at + DAY)

"""An owner holds a key of theirs to less than it may do: on its page, in a sentence where it cannot be, taken back."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit import ledger
from onboarding.domain import keys, limits
from onboarding.domain.limits import Sort, limit_key, set_limit
from onboarding.models import Limit, Tier
from onboarding.states import LimitSource
from tests.factories import MONDAY, add_key, make_manager, make_program, make_secret, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


@pytest.fixture
def key(alice):
    """Alice's opened key, that may do 60 requests a minute and 1,000 a day."""
    program = make_program("gate")
    Tier.objects.filter(program=program).update(requests_per_minute=60, requests_per_day=1000)
    return make_secret(program, applicant=alice)[0]


def send(client, key, **said):
    return client.post(reverse("key_limit", args=[key.key_id]), said)


def held_to(key):
    rows = Limit.objects.set_by_owners().filter(key=key)
    return [(row.kind, row.per, row.most) for row in rows.order_by("kind", "per")]


def page_of(client, key):
    return client.get(reverse("grant", args=[key.grant.public_id])).content.decode()


def test_a_key_is_held_to_less_and_its_page_says_so(client, alice, key):
    answer = send(client, key, sort="requests-minute", most="20")

    page = page_of(client, key)
    assert (answer.status_code, held_to(key)) == (302, [("requests", "minute", 20)])
    assert ("20 requests a minute" in page, "Take it back" in page) == (True, True)


def test_taking_it_back_leaves_the_others(client, alice, key):
    send(client, key, sort="requests-minute", most="20")
    send(client, key, sort="tokens-day", most="5000")

    send(client, key, sort="requests-minute", end="1")

    assert held_to(key) == [("tokens", "day", 5000)]


def test_both_steps_are_in_the_ledger_by_the_person(client, alice, key):
    send(client, key, sort="requests-day", most="20")
    send(client, key, sort="requests-day", end="1")

    told = ledger.of(Limit.objects.get())

    assert [(entry.event, entry.actor) for entry in told] == [
        ("limit.set", f"user:{alice.pk}"),
        ("limit.ended", f"user:{alice.pk}"),
    ]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"sort": "requests-minute", "most": "60"}, "This key may do 60 already"),
        ({"sort": "requests-day", "most": "99999999999999999999"}, "A limit lies between 1 and"),
        ({"sort": "requests-minute", "most": "0"}, "A limit lies between 1 and"),
        ({"sort": "requests-minute", "most": "-5"}, "A limit lies between 1 and"),
        ({"sort": "requests-minute", "most": "many"}, "Write a whole number, such as 20"),
        ({"sort": "requests-minute", "most": ""}, "Write how many may pass at most."),
        ({"sort": "moons-week", "most": "1"}, "Write a whole number, such as 20"),
        ({}, "Write a whole number, such as 20"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_a_sentence_and_keeps_nothing(client, alice, key, said, sentence):
    answer = send(client, key, **said)

    assert (answer.status_code, sentence in answer.content.decode(), held_to(key)) == (422, True, [])


def test_below_what_staff_allow_this_key_too(client, alice, key):
    sort = Sort("key", "requests", "minute")
    set_limit(key.grant.program, sort, most=10, by=make_manager("dana"), at=MONDAY, key=key)

    refused, kept = (send(client, key, sort="requests-minute", most=most) for most in ("10", "9"))

    assert (refused.status_code, kept.status_code, held_to(key)) == (422, 302, [("requests", "minute", 9)])


def test_limits_of_another_key_and_those_in_shadow_are_not_counted(alice, key):
    other, dora = add_key(key.grant), make_manager("dana")
    sort = Sort("key", "requests", "minute")
    set_limit(key.grant.program, sort, most=10, by=dora, at=MONDAY, key=other)
    set_limit(
        key.grant.program, Sort("key", "requests", "minute", is_shadow=True), most=5, by=dora, at=MONDAY
    )

    found = [limits.most_for(key, kind=kind, per="minute") for kind in ("requests", "tokens")]

    assert found == [60, None]


def test_a_key_that_has_ended_takes_no_limit(client, alice, key):
    keys.revoke(key, by=alice, at=MONDAY)

    answer = send(client, key, sort="requests-minute", most="20")

    assert (answer.status_code, "This key has ended." in answer.content.decode()) == (422, True)


def test_after_twenty_in_an_hour_one_waits(client, alice, key):
    for most in range(1, 21):
        limit_key(key, kind="requests", per="minute", most=most, by=alice, at=MONDAY)

    refused = send(client, key, sort="requests-minute", most="30")
    back = send(client, key, sort="requests-minute", end="1")
    later = limit_key(
        key, kind="requests", per="minute", most=30, by=alice, at=MONDAY + timedelta(hours=1, seconds=1)
    )

    assert (refused.status_code, back.status_code, later.most) == (409, 302, 30)


def test_nobody_elses_key_is_there(client, alice):
    theirs, _ = make_secret(applicant=make_user("charlie"))

    assert (send(client, theirs, sort="requests-minute", most="1").status_code, held_to(theirs)) == (404, [])


def test_who_is_removed_meanwhile_is_told_nothing(client, alice, key, monkeypatch):
    monkeypatch.setattr("onboarding.domain.limits.may_handle_keys", lambda user, grant: False)

    assert send(client, key, sort="requests-minute", most="1").status_code == 404


def test_a_limit_by_staff_is_not_taken_back_here(client, alice, key):
    sort = Sort("key", "requests", "minute")
    set_limit(key.grant.program, sort, most=10, by=make_manager("dana"), at=MONDAY, key=key)

    send(client, key, sort="requests-minute", end="1")

    assert Limit.objects.in_force().get().source == LimitSource.STAFF

"""What an owner does with keys: rotate, stop, end, rename, ask; each once, each told, each in the ledger."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit import ledger
from onboarding.domain import grants, keys, secrets
from onboarding.models import Grant, Key, Secret
from onboarding.states import KeyState, Overlap
from outbox.models import Letter
from tests.factories import (
    MONDAY,
    add_key,
    make_key,
    make_organisation,
    make_program,
    make_secret,
    make_senior,
    make_user,
)

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def owner_of(key):
    return key.grant.application.applicant


def rotate(key, *, overlap=Overlap.DAY, seen=None, at=MONDAY):
    newest = key.secrets.latest("number").number
    return keys.rotate(key, overlap=overlap, seen=seen or newest, by=owner_of(key), at=at)


def told(key, what="onboarding/key_changed"):
    return list(Letter.objects.filter(kind=what, about_id=str(key.pk)).order_by("pk"))


def events(key):
    return list(ledger.of(key).values_list("event", flat=True))


# --- rotating


def test_a_rotation_shows_a_new_secret_and_lets_the_old_one_work_for_the_overlap():
    key, first = make_secret()

    second = rotate(key, overlap=Overlap.DAY)

    old, new = key.secrets.order_by("number")
    assert (secrets.is_well_formed(second), second == first) == (True, False)
    assert (old.expires_at, old.ended_at, new.expires_at, new.ended_at) == (MONDAY + DAY, None, None, None)
    assert (new.number, new.minted_by, events(key)) == (
        2,
        owner_of(key),
        ["key.issued", "key.opened", "key.rotated"],
    )


def test_without_overlap_the_old_secret_ends_at_once():
    key, _ = make_secret()

    rotate(key, overlap=Overlap.NONE)

    assert [each.ended_at for each in key.secrets.order_by("number")] == [MONDAY, None]


@pytest.mark.parametrize("overlap", [Overlap.HOUR, Overlap.DAY, Overlap.WEEK])
def test_no_overlap_outlives_the_key(overlap):
    key, _ = make_secret()
    late = key.expires_at - timedelta(minutes=30)

    rotate(key, overlap=overlap, at=late)

    assert key.secrets.get(number=1).expires_at == key.expires_at


def test_a_second_rotation_during_an_overlap_ends_the_oldest_at_once():
    key, _ = make_secret()
    rotate(key, overlap=Overlap.WEEK)

    rotate(key, overlap=Overlap.WEEK, at=MONDAY + HOUR)

    ends = [each.ended_at for each in key.secrets.order_by("number")]
    assert (ends, key.secrets.live().count()) == ([MONDAY + HOUR, None, None], 2)


def test_a_second_click_mints_nothing():
    key, _ = make_secret()
    rotate(key, seen=1)

    with pytest.raises(keys.RotatedMeanwhile):
        rotate(key, seen=1)

    assert (key.secrets.count(), len(told(key))) == (2, 1)


def test_the_database_keeps_no_third_live_secret():
    key, _ = make_secret()
    rotate(key)
    old = key.secrets.get(number=1)

    for end in (None, MONDAY + DAY):
        with pytest.raises(IntegrityError), transaction.atomic():
            Secret.objects.create(
                key=key, number=3, digest="a" * 64, pepper="p", hint="h", minted_at=MONDAY,
                minted_by=owner_of(key), expires_at=end,
            )  # fmt: skip
    for change in ({"digest": "b" * 64}, {"number": 7}, {"expires_at": MONDAY + 9 * DAY}):
        with pytest.raises(IntegrityError, match="only the end of a secret"), transaction.atomic():
            Secret.objects.filter(pk=old.pk).update(**change)


def test_the_old_secret_can_be_ended_before_its_time_once():
    key, _ = make_secret()
    rotate(key)

    keys.end_old_secret(key, by=owner_of(key), at=MONDAY + HOUR)

    assert key.secrets.get(number=1).ended_at == MONDAY + HOUR
    with pytest.raises(keys.NoOldSecret):
        keys.end_old_secret(key, by=owner_of(key), at=MONDAY + HOUR)


def test_an_overlap_that_is_over_is_recorded_once():
    key, _ = make_secret()
    rotate(key, overlap=Overlap.HOUR)

    ended = [keys.end_overlaps(at=MONDAY + after) for after in (HOUR - timedelta(seconds=1), HOUR, HOUR)]

    assert (ended, events(key)[-1], key.secrets.live().get().number) == ([0, 1, 0], "key.secret_ended", 2)


def test_a_suspended_key_can_be_given_a_new_secret_before_it_is_resumed():
    """What one does after a leak: stop it, give it a new secret without overlap, let it work again."""
    key, _ = make_secret()
    keys.suspend(key, by=owner_of(key), at=MONDAY)

    rotate(key, overlap=Overlap.NONE)
    keys.resume(key, by=owner_of(key), at=MONDAY)

    key.refresh_from_db()
    assert (key.state, key.secrets.live().get().number) == ("active", 2)


@pytest.mark.parametrize("state", ["issued", "revoked", "of a suspended grant", "of an expired grant"])
def test_only_a_key_that_works_is_rotated(state):
    key = make_key() if state == "issued" else make_secret()[0]
    at = MONDAY
    if state == "revoked":
        keys.revoke(key, by=owner_of(key), at=MONDAY)
    if state == "of a suspended grant":
        grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="Why")
    if state == "of an expired grant":
        at = key.grant.expires_at

    with pytest.raises(keys.CannotRotate):
        keys.rotate(key, overlap=Overlap.NONE, seen=1, by=owner_of(key), at=at)


def test_twenty_secrets_an_hour_are_enough():
    key, _ = make_secret()
    for _ in range(19):
        rotate(key, overlap=Overlap.NONE)

    with pytest.raises(keys.TooOften, match="20"):
        rotate(key)
    assert rotate(key, at=MONDAY + HOUR + timedelta(seconds=1))


# --- suspending, resuming, revoking


def test_an_owner_stops_a_key_and_lets_it_work_again():
    key, _ = make_secret()
    before = key.access_version

    stopped = keys.suspend(key, by=owner_of(key), at=MONDAY)
    resumed = keys.resume(key, by=owner_of(key), at=MONDAY)

    assert (stopped.suspended_by, stopped.suspended_at, resumed.suspended_by) == (owner_of(key), MONDAY, None)
    key.refresh_from_db()
    assert (key.state, key.access_version, key.projection_owed) == ("active", before + 2, True)
    assert events(key)[-2:] == ["key.suspended", "key.resumed"]
    assert [letter.subject.partition(":")[0] for letter in told(key)] == [
        "Your key First key is suspended",
        "Your key First key works again",
    ]


def test_resuming_a_key_takes_back_nothing_that_staff_did():
    key, _ = make_secret()
    keys.suspend(key, by=owner_of(key), at=MONDAY)
    grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="Bursts at night")

    keys.resume(key, by=owner_of(key), at=MONDAY)

    from onboarding import projection

    assert projection.state_of([key.pk])[key.pk].state == "suspended"
    assert Grant.objects.get(pk=key.grant_id).state == "suspended"


def test_revoking_a_key_ends_it_its_secrets_and_nothing_else():
    key, _ = make_secret()
    other = add_key(key.grant)
    rotate(key)

    revoked = keys.revoke(key, by=owner_of(key), at=MONDAY + HOUR)

    other.refresh_from_db()
    assert (revoked.state, revoked.ended_at, key.secrets.live().count()) == ("revoked", MONDAY + HOUR, 0)
    assert (other.state, Grant.objects.get().state) == ("issued", "active")


def test_a_key_nobody_opened_can_be_revoked_too():
    key = make_key()

    assert keys.revoke(key, by=owner_of(key), at=MONDAY).state == KeyState.REVOKED


@pytest.mark.parametrize("verb", ["suspend", "resume", "revoke"])
def test_a_key_that_ended_stays_as_it_is(verb):
    key, _ = make_secret()
    keys.revoke(key, by=owner_of(key), at=MONDAY)

    with pytest.raises(keys.CannotChange, match="revoked"):
        getattr(keys, verb)(key, by=owner_of(key), at=MONDAY)


def test_a_change_with_an_earlier_time_than_the_secret_is_no_accident():
    """Two requests read the clock in one order and take the lock in the other."""
    key, _ = make_secret(at=MONDAY)
    rotate(key, at=MONDAY + HOUR)

    keys.revoke(key, by=owner_of(key), at=MONDAY + HOUR - timedelta(seconds=1))

    assert key.secrets.live().count() == 0


# --- renaming and asking


def test_a_key_is_renamed():
    key, _ = make_secret()

    renamed = keys.rename(key, name="  Build   server ", by=owner_of(key), at=MONDAY)

    assert (renamed.name, events(key)[-1]) == ("Build server", "key.renamed")


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "a\0b", "\u200d", "\u2066"])
def test_a_name_people_cannot_read_is_refused(name):
    key, _ = make_secret()

    with pytest.raises(keys.BadName):
        keys.rename(key, name=name, by=owner_of(key), at=MONDAY)


def test_a_name_is_taken_by_living_and_promised_keys_and_free_after_their_end():
    key, _ = make_secret()
    second = add_key(key.grant, name="Second")
    keys.ask(key.grant, environment="live", name="Third", by=owner_of(key), at=MONDAY)

    for name in ("Second", "Third"):
        with pytest.raises(keys.NameTaken, match=name):
            keys.rename(key, name=name, by=owner_of(key), at=MONDAY)
    keys.revoke(second, by=owner_of(key), at=MONDAY)
    assert keys.rename(key, name="Second", by=owner_of(key), at=MONDAY).name == "Second"


def test_an_owner_asks_for_a_new_key_after_one_was_never_opened():
    key = make_key()
    keys.expire_due(at=key.open_by)

    second = add_key(key.grant, at=key.open_by)

    assert keys.open(second, by=owner_of(key), at=key.open_by)


def test_nobody_asks_for_a_key_while_the_access_is_stopped():
    key, _ = make_secret()
    grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="Bursts at night")

    with pytest.raises(keys.AccessStopped, match="suspended"):
        add_key(key.grant)


def test_twenty_keys_an_hour_are_enough():
    key, _ = make_secret()
    for _ in range(19):
        keys.revoke(add_key(key.grant), by=owner_of(key), at=MONDAY)

    with pytest.raises(keys.TooOften):
        add_key(key.grant)


# --- whose keys they are


VERBS = {
    "rotate": {"overlap": Overlap.NONE, "seen": 1},
    "suspend": {},
    "resume": {},
    "revoke": {},
    "rename": {"name": "Mine"},
    "end_old_secret": {},
    "open": {},
}


@pytest.mark.parametrize("verb", VERBS)
def test_strangers_and_staff_change_nothing(verb):
    key, _ = make_secret()

    for somebody in (make_user("charlie"), make_senior()):
        with pytest.raises(keys.NotYours):
            getattr(keys, verb)(key, by=somebody, at=MONDAY, **VERBS[verb])
    with pytest.raises(keys.NotYours):
        keys.ask(key.grant, environment="live", name="", by=somebody, at=MONDAY)


def test_every_member_may_and_whoever_applied_is_told_with_who_did_it():
    from accounts.domain import owners

    alice, bob = make_user("alice"), make_user("bob")
    owner = owners.of_organisation(make_organisation(alice, bob))
    key, _ = make_secret(make_program(), owner=owner, applicant=alice)

    keys.rotate(key, overlap=Overlap.NONE, seen=1, by=bob, at=MONDAY)

    assert sorted(letter.recipient for letter in told(key)) == ["alice@example.org", "bob@example.org"]
    assert all("Bob gave the key First key" in letter.text for letter in told(key))
    assert all("If this was not you" in letter.text for letter in told(key))


def test_who_left_the_organisation_is_told_nothing():
    from accounts.domain import owners

    alice, bob = make_user("alice"), make_user("bob")
    organisation = make_organisation(bob, alice)
    key, _ = make_secret(make_program(), owner=owners.of_organisation(organisation), applicant=alice)
    organisation.memberships.filter(user=alice).delete()

    keys.suspend(key, by=bob, at=MONDAY)

    assert [letter.recipient for letter in told(key)] == ["bob@example.org"]


# --- notices before an end


def test_a_key_that_ends_before_its_grant_is_noticed_thrice():
    key, _ = make_secret()
    end = MONDAY + 100 * DAY
    Key.objects.update(expires_at=end)
    moments = [end - 31 * DAY, end - 30 * DAY, end - 29 * DAY, end - 7 * DAY, end - DAY, end - HOUR]

    written = [keys.tell_ends(at=at) + keys.tell_ends(at=at) for at in moments]

    assert (written, len(told(key, "onboarding/key_ends"))) == ([0, 1, 0, 1, 1, 0], 3)


def test_a_key_that_ends_with_its_grant_is_not_noticed():
    key, _ = make_secret()

    assert keys.tell_ends(at=key.expires_at - DAY) == 0


def test_an_overlap_of_a_week_is_noticed_a_day_before_and_a_short_one_is_not():
    week, _ = make_secret()
    hour, _ = make_secret()
    rotate(week, overlap=Overlap.WEEK)
    rotate(hour, overlap=Overlap.HOUR)

    written = [keys.tell_ends(at=MONDAY + after) for after in (timedelta(), 5 * DAY, 6 * DAY, 6 * DAY)]

    assert (written, len(told(week, "onboarding/key_ends"))) == ([0, 0, 1, 0], 1)


def test_a_key_expires_by_itself_before_its_grant():
    make_secret()
    Key.objects.update(expires_at=MONDAY + DAY)

    assert [keys.expire_due(at=MONDAY + after) for after in (HOUR, DAY, DAY)] == [0, 1, 0]


def test_keys_are_prolonged_with_their_grant():
    key, _ = make_secret()
    later = key.expires_at + 365 * DAY
    with transaction.atomic():
        grant = Grant.objects.select_for_update().get()
        grant.expires_at = later
        grant.save()
        moved = [keys.prolong(grant, by="test", at=MONDAY) for _ in range(2)]

    key.refresh_from_db()
    assert (moved, key.expires_at, events(key)[-1]) == ([1, 0], later, "key.prolonged")

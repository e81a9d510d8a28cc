from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from audit import ledger
from audit.models import LedgerEntry
from onboarding.domain import grants, keys, renewals, secrets
from onboarding.models import Grant, Key
from onboarding.states import GRANT_TRANSITIONS, KEY_TRANSITIONS, Environment, GrantState, KeyState
from outbox.models import Letter
from tests.factories import MONDAY, make_grant, make_key, make_program, make_secret, make_senior, make_user

pytestmark = pytest.mark.django_db


def owner_of(key):
    return key.grant.application.applicant


def test_issuing_twice_makes_one_key_and_one_letter():
    make_grant()

    issued = [keys.issue_owed(at=MONDAY) for _ in range(2)]

    assert (issued, Key.objects.count(), Letter.objects.filter(kind="onboarding/key_ready").count()) == (
        [1, 0],
        1,
        1,
    )


def test_issuing_costs_the_same_number_of_statements_for_one_and_for_many(django_assert_max_num_queries):
    from tests.factories import make_program

    program = make_program()
    for _ in range(12):
        make_grant(program)

    with django_assert_max_num_queries(10):
        assert keys.issue_owed(at=MONDAY) == 12


def test_a_grant_given_since_the_payer_read_the_clock_is_the_next_payers():
    make_grant()

    issued = [keys.issue_owed(at=at) for at in (MONDAY - timedelta(seconds=1), MONDAY)]

    assert issued == [0, 1]


def test_the_secret_is_shown_once():
    key, secret = make_secret()

    with pytest.raises(keys.AlreadyOpened):
        keys.open(key, by=owner_of(key), at=MONDAY)

    assert secrets.is_well_formed(secret)


def test_only_a_keyed_hash_of_the_secret_is_kept():
    key, secret = make_secret()

    label, pepper = next(iter(settings.KEY_PEPPERS.items()))
    kept = key.secrets.get()
    assert (kept.digest, kept.pepper, kept.minted_by) == (
        secrets.digest(secret, pepper),
        label,
        owner_of(key),
    )
    assert secret not in str(list(LedgerEntry.objects.values())) + str(list(Letter.objects.values()))


def test_a_stranger_cannot_open():
    key = make_key()

    with pytest.raises(keys.NotYours):
        keys.open(key, by=make_user("charlie"), at=MONDAY)


def test_a_key_not_opened_in_time_expires_and_cannot_be_opened():
    key = make_key()
    late = key.open_by

    assert keys.expire_due(at=late) == 1

    with pytest.raises(keys.CannotOpen, match="time is over"):
        keys.open(key, by=owner_of(key), at=late)


def test_a_key_of_a_suspended_grant_cannot_be_opened():
    key = make_key()
    grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="Bursts at night")

    with pytest.raises(keys.CannotOpen, match="suspended"):
        keys.open(key, by=owner_of(key), at=MONDAY)


def test_suspending_raises_the_access_version_and_owes_the_projection():
    key, _ = make_secret()
    before = key.access_version
    Key.objects.update(projection_owed=False)

    grants.suspend(key.grant, by=make_senior(), at=MONDAY, reason="Bursts at night")

    key.refresh_from_db()
    assert (key.access_version, key.projection_owed) == (before + 1, True)


def test_suspend_and_resume_leave_one_ledger_row_each():
    key, _ = make_secret()
    sam = make_senior()

    grants.suspend(key.grant, by=sam, at=MONDAY, reason="Bursts at night")
    grants.resume(key.grant, by=sam, at=MONDAY, reason="Explained")

    assert list(ledger.of(key.grant).values_list("event", flat=True)) == [
        "grant.given",
        "grant.key_owed",
        "grant.suspended",
        "grant.resumed",
    ]


def test_revoking_ends_every_key():
    key, _ = make_secret()

    grants.revoke(key.grant, by=make_senior(), at=MONDAY, reason="Sold the key")

    key.refresh_from_db()
    assert (key.state, key.ended_at, key.grant.__class__.objects.get().state) == (
        "revoked",
        MONDAY,
        "revoked",
    )


def test_a_grant_expires_with_its_keys():
    key, _ = make_secret()

    assert renewals.expire_due(at=key.grant.expires_at + timedelta(seconds=1)) == 1

    key.refresh_from_db()
    assert key.state == KeyState.EXPIRED


@pytest.mark.parametrize("verb", [grants.suspend, grants.resume, grants.revoke])
def test_a_change_of_access_needs_a_reason(verb):
    key, _ = make_secret()

    with pytest.raises(Exception, match="Say why"):
        verb(key.grant, by=make_senior(), at=MONDAY, reason="  ")


def test_nobody_decides_on_their_own_access():
    key, _ = make_secret(applicant=make_senior())
    grants.suspend(key.grant, by=make_senior("sue"), at=MONDAY, reason="Bursts at night")

    with pytest.raises(grants.OwnAccess):
        grants.resume(key.grant, by=key.grant.application.applicant, at=MONDAY, reason="It was me")


def test_resuming_what_works_is_refused():
    key, _ = make_secret()

    with pytest.raises(grants.IllegalMove):
        grants.resume(key.grant, by=make_senior(), at=MONDAY, reason="Twice")


GRANT_WAYS = {"active": [], "suspended": ["suspended"], "revoked": ["revoked"], "expired": ["expired"]}
KEY_WAYS = GRANT_WAYS | {"issued": [], "active": ["active"], "suspended": ["active", "suspended"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [(a, b) for a in GrantState for b in GrantState if a != b and b not in GRANT_TRANSITIONS[a]],
)
def test_the_database_refuses_each_step_of_a_grant_the_table_does_not_name(old, new):
    grant = make_grant()
    rows = type(grant).objects.filter(pk=grant.pk)
    sam = make_senior()

    def to(state):
        stopped = {"suspended_at": MONDAY, "suspended_by": sam, "suspend_reason": "x"} if state == "suspended" else {
            "suspended_at": None, "suspended_by": None, "suspend_reason": ""}  # fmt: skip
        return rows.update(
            state=state, ended_at=MONDAY if state in ("revoked", "expired") else None, **stopped
        )

    for step in GRANT_WAYS[old]:
        to(step)
    with pytest.raises(IntegrityError, match="no step from"), transaction.atomic():
        to(new)


@pytest.mark.parametrize(
    ("old", "new"), [(a, b) for a in KeyState for b in KeyState if a != b and b not in KEY_TRANSITIONS[a]]
)
def test_the_database_refuses_each_step_of_a_key_the_table_does_not_name(old, new):
    key, _ = make_secret() if old in ("active", "suspended") else (make_key(), "")
    rows = Key.objects.filter(pk=key.pk)
    for step in KEY_WAYS[old]:
        stopped = {"suspended_at": MONDAY, "suspended_by": owner_of(key)} if step == "suspended" else {}
        rows.update(state=step, **stopped)

    with pytest.raises(IntegrityError, match="no step from"), transaction.atomic():
        rows.update(state=new)


# --- more keys


def locked(grant):
    return Grant.objects.select_for_update().get(pk=grant.pk)


def owe(grant, **more):
    given = {"environment": Environment.LIVE, "name": "Second", "by": "test", "at": MONDAY}
    keys.owe(locked(grant), **given | more)


def test_a_promised_key_is_issued_once_in_its_environment_under_its_name():
    key, _ = make_secret()

    owe(key.grant, environment=Environment.TEST)
    issued = [keys.issue_owed(at=MONDAY) for _ in range(2)]

    second = key.grant.keys.get(request=2)
    assert (issued, second.environment, second.name, second.state) == ([1, 0], "test", "Second", "issued")
    assert list(ledger.of(key.grant).values_list("event", flat=True)[2:]) == ["grant.key_owed"]


def test_a_key_without_a_name_is_called_by_its_number():
    key, _ = make_secret()

    owe(key.grant, name=" ")

    assert locked(key.grant).key_name == "Key 2"


def test_one_key_is_made_at_a_time():
    key, _ = make_secret()
    owe(key.grant)

    with pytest.raises(keys.KeyBeingMade):
        owe(key.grant, name="Third")

    assert locked(key.grant).key_request == 2


def test_a_grant_has_ten_live_keys_at_most():
    key, _ = make_secret()
    for number in range(9):
        owe(key.grant, name=f"Number {number}")
        keys.issue_owed(at=MONDAY)

    with pytest.raises(keys.TooManyKeys):
        owe(key.grant, name="One more")

    assert key.grant.keys.live().count() == 10


def test_two_live_keys_of_a_grant_never_share_a_name():
    key, _ = make_secret()

    with pytest.raises(keys.NameTaken, match="First key"):
        owe(key.grant, name="First key")


def test_trial_access_has_test_keys_only():
    key, _ = make_secret(make_program(production_review=True))

    with pytest.raises(keys.LiveNotAllowed):
        owe(key.grant)

    assert key.environment == "test"


def test_an_access_that_ended_gets_no_key():
    key, _ = make_secret()
    grants.revoke(key.grant, by=make_senior(), at=MONDAY, reason="Sold the key")

    with pytest.raises(keys.GrantHasEnded, match="revoked"):
        owe(key.grant)

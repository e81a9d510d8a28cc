import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_user

pytestmark = pytest.mark.django_db


def written() -> LedgerEntry:
    alice = make_user("alice")
    ledger.record(Event.USER_JOINED, subject=alice, actor=alice, at=MONDAY, reason="self", seats=2)
    return LedgerEntry.objects.get()


def test_an_entry_says_what_who_when_and_why():
    entry = written()
    alice = entry.subject_id

    assert (entry.event, entry.subject_type, entry.actor, entry.at, entry.reason, entry.details) == (
        "user.joined", "accounts.user", f"user:{alice}", MONDAY, "self", {"seats": 2},
    )  # fmt: skip


def test_a_machine_is_named_by_a_word():
    ledger.record(Event.WEEK_OPENED, subject=make_user(), actor="beat", at=MONDAY)

    assert LedgerEntry.objects.get().actor == "system:beat"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_ledgerentry SET reason = 'other'",
        "DELETE FROM audit_ledgerentry",
        "UPDATE audit_seal SET entries = 0",
        "DELETE FROM audit_seal",
        "UPDATE audit_sealedentry SET hash = ''",
        "DELETE FROM audit_sealedentry",
    ],
)
def test_the_database_refuses_to_change_or_delete(sql):
    from audit import seals

    written()
    seals.seal(at=MONDAY)

    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        connection.cursor().execute(sql)


@pytest.mark.parametrize(
    "table", ["audit_ledgerentry", "audit_seal", "audit_sealedentry", "policies_acceptance"]
)
def test_the_database_refuses_to_truncate(table):
    """The test database has only this trigger switched off, so that tests can be cleaned up; here it is on."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        with pytest.raises(DatabaseError, match="TRUNCATE is refused"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
        transaction.set_rollback(True)


def test_the_orm_cannot_walk_around_the_triggers():
    written()

    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.update(actor="user:1")
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.get().delete()


def test_a_thousand_entries_are_one_statement(django_assert_num_queries):
    people = [make_user() for _ in range(20)]

    with django_assert_num_queries(1):
        ledger.record_many(Event.USER_JOINED, subjects=people, actor="beat", at=MONDAY)

    assert LedgerEntry.objects.count() == 20


def test_each_subject_can_have_details_of_its_own():
    first, second = make_user(), make_user()

    ledger.record_many(
        Event.KEY_ISSUED,
        subjects=[first, second],
        actor="worker",
        at=MONDAY,
        each={first.pk: {"grant": 7}},
        batch=1,
    )

    assert [entry.details for entry in LedgerEntry.objects.order_by("id")] == [
        {"batch": 1, "grant": 7},
        {"batch": 1},
    ]


def test_a_digest_is_salted_and_can_be_proved():
    one, two = ledger.digest("Too many complaints"), ledger.digest("Too many complaints")

    assert one != two
    assert ledger.is_digest_of("Too many complaints", one)
    assert not ledger.is_digest_of("Too few complaints", one)
    assert len(one) <= LedgerEntry._meta.get_field("reason").max_length


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction():
    alice = make_user("alice")

    with pytest.raises(ledger.NotInATransaction):
        ledger.record(Event.USER_JOINED, subject=alice, actor=alice, at=MONDAY)

    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_its_change_when_the_change_fails():
    alice = make_user("alice")

    with transaction.atomic():
        ledger.record(Event.USER_JOINED, subject=alice, actor=alice, at=MONDAY)
        transaction.set_rollback(True)

    assert not LedgerEntry.objects.exists()


def test_rows_that_a_query_selects_are_recorded_as_record_many_would():
    people = [make_user(name) for name in ("alice", "bob", "charlie")]
    kept = ("at", "event", "subject_type", "subject_id", "actor", "reason", "details")
    said = {
        "actor": people[0],
        "at": MONDAY,
        "reason": "A1",
        "week": 7,
        "note": 'a "word"',
        "more": [1, None],
    }

    ledger.record_many(Event.USER_JOINED, subjects=reversed(people), **said)
    ids = User.objects.filter(pk__in=[person.pk for person in people]).order_by("-pk").values("pk")
    number = ledger.record_selected(Event.USER_JOINED, subject=User, ids=ids, **said)

    *many, a, b, c = LedgerEntry.objects.filter(reason="A1").order_by("id").values_list(*kept)
    assert (number, many) == (3, [a, b, c])


@pytest.mark.django_db(transaction=True)
def test_selecting_rows_to_record_outside_a_transaction_is_refused():
    with pytest.raises(ledger.NotInATransaction):
        ledger.record_selected(
            Event.USER_JOINED, subject=User, ids=User.objects.values("pk"), actor="beat", at=MONDAY
        )

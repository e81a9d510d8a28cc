"""The chain of seals: what it proves, and that tampering by somebody above every trigger is found."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import clock, ledger, seals
from audit.events import Event
from audit.models import LedgerEntry, Seal
from tests.factories import MONDAY, make_user

pytestmark = pytest.mark.django_db


def record(times: int = 1, **details) -> None:
    user = make_user()
    ledger.record_many(Event.USER_JOINED, subjects=[user] * times, actor=user, at=MONDAY, **details)


def sealed(*sizes: int) -> list[Seal]:
    made = []
    for size in sizes:
        record(size)
        made.append(seals.seal(at=clock.now()))
    return made


class Superuser:
    """Somebody who can switch every trigger off."""

    def __enter__(self):
        self.cursor = connection.cursor()
        self.cursor.execute("SET LOCAL session_replication_role = replica")
        return self.cursor

    def __exit__(self, *exc):
        self.cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        self.cursor.close()


def test_a_seal_covers_what_no_seal_covers_yet():
    first, second = sealed(3, 2)

    assert [(first.number, first.entries), (second.number, second.entries)] == [(1, 3), (2, 2)]
    assert second.previous_hash == first.hash
    assert seals.verify() is None


def test_nothing_new_makes_no_seal():
    sealed(1)

    assert seals.seal(at=clock.now()) is None


def test_an_empty_ledger_is_sound():
    assert seals.verify() is None


@pytest.mark.parametrize(
    "column", ["at", "recorded_at", "event", "subject_type", "subject_id", "actor", "reason", "details"]
)
def test_a_change_of_any_column_is_found(column):
    sealed(2, 2)
    entry = LedgerEntry.objects.order_by("id")[1]
    new = {"at": MONDAY + timedelta(microseconds=1), "recorded_at": MONDAY, "details": '{"a": 1}'}.get(
        column, "forged"
    )

    with Superuser() as cursor:
        cursor.execute(f"UPDATE audit_ledgerentry SET {column} = %s WHERE id = %s", [new, entry.pk])

    assert seals.verify() == seals.Finding("a sealed entry was changed", 1, entry.pk)


def test_a_deleted_entry_is_found():
    sealed(2)
    entry = LedgerEntry.objects.order_by("id").last()

    with Superuser() as cursor:
        cursor.execute("DELETE FROM audit_ledgerentry WHERE id = %s", [entry.pk])

    assert seals.verify() == seals.Finding("a sealed entry is gone", 1, entry.pk)


def test_an_entry_deleted_with_its_mark_is_found():
    sealed(2, 1)
    entry = LedgerEntry.objects.order_by("id").first()

    with Superuser() as cursor:
        cursor.execute("DELETE FROM audit_sealedentry WHERE entry_id = %s", [entry.pk])
        cursor.execute("DELETE FROM audit_ledgerentry WHERE id = %s", [entry.pk])

    assert seals.verify() == seals.Finding("the list of entries under this seal was changed", 1)


def test_a_change_with_its_hash_recomputed_is_found():
    sealed(2, 1)
    entry = LedgerEntry.objects.order_by("id").first()

    with Superuser() as cursor:
        cursor.execute("UPDATE audit_ledgerentry SET reason = 'forged' WHERE id = %s", [entry.pk])
        cursor.execute(
            f"UPDATE audit_sealedentry s SET hash = {seals.ENTRY_HASH} FROM audit_ledgerentry e "
            "WHERE e.id = s.entry_id AND e.id = %s",
            [entry.pk],
        )

    assert seals.verify() == seals.Finding("the list of entries under this seal was changed", 1)


def test_an_entry_slipped_under_an_old_seal_is_found():
    first, _ = sealed(2, 1)
    record()
    forged = LedgerEntry.objects.order_by("id").last()

    with Superuser() as cursor:
        cursor.execute(
            f"INSERT INTO audit_sealedentry (entry_id, seal_id, hash) SELECT e.id, %s, {seals.ENTRY_HASH} "
            "FROM audit_ledgerentry e WHERE e.id = %s",
            [first.pk, forged.pk],
        )

    assert seals.verify() == seals.Finding("the list of entries under this seal was changed", 1)


def test_an_inserted_entry_that_pretends_to_be_old_is_found_before_it_is_sealed():
    sealed(1)

    with Superuser() as cursor:
        insert_old(cursor)

    assert seals.verify().problem == "an entry is older than 1 day and under no seal"


def test_an_inserted_entry_that_pretends_to_be_old_is_found_after_it_is_sealed():
    sealed(1)

    with Superuser() as cursor:
        insert_old(cursor)
    seals.seal(at=clock.now())

    assert seals.verify().problem == "an entry claims to be older than the seal before its own"


def insert_old(cursor) -> None:
    cursor.execute(
        """INSERT INTO audit_ledgerentry (at, recorded_at, event, subject_type, subject_id, actor, reason, details)
           VALUES (now() - interval '9 days', now() - interval '9 days', 'key.revoked', 'onboarding.key', '1',
                   'user:1', '', '{}')"""
    )


def test_a_seal_cut_out_of_the_middle_is_found():
    _, second, _ = sealed(1, 1, 1)

    with Superuser() as cursor:
        cursor.execute("DELETE FROM audit_sealedentry WHERE seal_id = %s", [second.pk])
        cursor.execute("DELETE FROM audit_seal WHERE id = %s", [second.pk])

    assert seals.verify() == seals.Finding("seal 2 is missing or does not follow the one before it", 3)


def test_newest_seals_cut_off_with_all_they_covered_are_found_by_a_seal_kept_elsewhere():
    first, second = sealed(1, 1)
    known = (second.number, second.hash)

    with Superuser() as cursor:
        cursor.execute(
            "DELETE FROM audit_ledgerentry e USING audit_sealedentry s WHERE s.entry_id = e.id AND s.seal_id = %s",
            [second.pk],
        )
        cursor.execute("DELETE FROM audit_sealedentry WHERE seal_id = %s", [second.pk])
        cursor.execute("DELETE FROM audit_seal WHERE id = %s", [second.pk])

    assert seals.verify() is None  # the chain alone cannot know
    assert seals.verify(known=known) == seals.Finding("the seal that was written down is not in the chain", 2)
    assert seals.verify(known=(first.number, first.hash)) is None


def test_a_seals_own_hash_cannot_be_rewritten():
    first, _ = sealed(1, 1)

    with Superuser() as cursor:
        cursor.execute("UPDATE audit_seal SET hash = repeat('0', 64) WHERE id = %s", [first.pk])

    assert seals.verify() == seals.Finding("the list of entries under this seal was changed", 1)


def test_hashes_do_not_hang_on_the_sessions_settings():
    sealed(3)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Pacific/Chatham'")
        cursor.execute("SET LOCAL bytea_output = 'escape'")
        cursor.execute("SET LOCAL extra_float_digits = 0")

    assert seals.verify() is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    which=st.integers(0, 15),
    column=st.sampled_from(["actor", "reason", "subject_id", "event"]),
    details=st.dictionaries(
        st.text('abcä"\\{}:,é\u2028', max_size=4),
        st.integers() | st.booleans() | st.text("äöü", max_size=3),
        max_size=3,
    ),
)
def test_any_single_change_under_any_chain_is_found(sizes, which, column, details):
    with transaction.atomic():
        for size in sizes:
            record(size, **{f"d_{key}": value for key, value in details.items()})
            seals.seal(at=clock.now())
        assert seals.verify() is None
        entries = list(LedgerEntry.objects.order_by("id"))
        victim = entries[which % len(entries)]
        with Superuser() as cursor:
            cursor.execute(
                f"UPDATE audit_ledgerentry SET {column} = {column} || 'x' WHERE id = %s", [victim.pk]
            )
        assert seals.verify().entry == victim.pk
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_entries_that_commit_out_of_their_ids_order_are_taken_by_the_next_seal():
    user = make_user()
    slow = connection.copy()
    slow.set_autocommit(False)
    with slow.cursor() as cursor:
        cursor.execute(
            """INSERT INTO audit_ledgerentry (at, event, subject_type, subject_id, actor, reason, details)
               VALUES (now(), 'user.joined', 'accounts.user', 'slow', 'user:1', '', '{}') RETURNING id"""
        )
        late = cursor.fetchone()[0]
    with transaction.atomic():
        ledger.record(Event.USER_JOINED, subject=user, actor=user, at=MONDAY)
    quick = LedgerEntry.objects.get()
    first = seals.seal(at=clock.now())
    slow.commit()
    slow.close()
    second = seals.seal(at=clock.now())

    assert late < quick.pk
    covered = [list(seal.members.values_list("entry_id", flat=True)) for seal in (first, second)]
    assert covered == [[quick.pk], [late]]
    assert seals.verify() is None


def run(*command: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(*command, stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue().strip()
    return 0, out.getvalue().strip()


def test_seal_ledger_prints_the_seal_to_keep():
    record(2)

    code, said = run("seal_ledger", "--json")

    seal = Seal.objects.get()
    assert (code, json.loads(said)) == (
        0,
        {"ok": True, "seal": {"number": 1, "entries": 2, "hash": seal.hash}},
    )
    assert run("seal_ledger") == (0, "Every entry is under a seal already.")


def test_verify_ledger_says_that_all_holds():
    (seal,) = sealed(1)

    assert run("verify_ledger") == (0, f"Every one of 1 seals holds; the last is 1:{seal.hash}")
    assert run("verify_ledger", "--known", f"1:{seal.hash}")[0] == 0


def test_verify_ledger_fails_and_names_the_first_bad_row():
    sealed(3)
    _, second, third = LedgerEntry.objects.order_by("id")
    with Superuser() as cursor:
        cursor.execute(
            "UPDATE audit_ledgerentry SET actor = 'user:0' WHERE id = ANY(%s)", [[third.pk, second.pk]]
        )

    code, said = run("verify_ledger")

    assert (code, f"entry {second.pk} (user.joined accounts.user {second.subject_id})" in said) == (1, True)
    assert json.loads(run("verify_ledger", "--json")[1]) == {
        "ok": False,
        "seals": 1,
        "finding": {"problem": "a sealed entry was changed", "seal": 1, "entry": second.pk},
    }


def test_verify_ledger_explains_a_mistyped_seal():
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("verify_ledger", known="latest")

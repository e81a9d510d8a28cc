"""`migrate` waits for no lock for long: a site must not stand behind an upgrade that stands behind a report."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands import migrate as stock
from django.db import DataError, connection, transaction

from audit.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True)


def patience() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


@pytest.fixture
def seen(monkeypatch) -> list[str]:
    """Let migrations do nothing but note how long they would wait for a lock."""
    seen: list[str] = []
    monkeypatch.setattr(stock.Command, "handle", lambda *args, **options: seen.append(patience()))
    return seen


def test_migrations_wait_five_seconds_for_a_lock_and_what_comes_after_as_before(seen):
    call_command("migrate", verbosity=0)

    assert [*seen, patience()] == ["5s", "0"]


def test_what_the_session_was_told_stands(seen):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '30s'")

    call_command("migrate", verbosity=0)

    assert [*seen, patience()] == ["30s", "30s"]
    connection.close()


def test_migrate_gives_up_with_a_sentence_on_a_table_that_somebody_holds(monkeypatch):
    monkeypatch.setattr(migrate, "PATIENCE", "100ms")
    holder = connection.get_new_connection(connection.get_connection_params())

    with holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(CommandError, match=r"^Somebody else holds a table"):
            call_command("migrate", verbosity=0)

    assert patience() == "0"


def test_a_broken_connection_does_not_hide_what_broke_it(monkeypatch):
    def broken(*args, **options):
        connection.connection.close()
        raise RuntimeError("This came first.")

    monkeypatch.setattr(stock.Command, "handle", broken)

    with pytest.raises(RuntimeError, match="This came first"):
        call_command("migrate", verbosity=0)
    connection.close()


def test_an_aborted_transaction_does_not_hide_what_aborted_it(monkeypatch):
    def aborted(*args, **options):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(stock.Command, "handle", aborted)

    with pytest.raises(DataError, match="division by zero"), transaction.atomic():
        call_command("migrate", verbosity=0)

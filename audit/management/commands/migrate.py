"""Migrate as Django does, but give up on a lock that does not come: whoever asks for the table next waits behind us."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import Error, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import LockNotAvailable

PATIENCE = "5s"


class Command(migrate.Command):
    """Stands before Django's own, as this app stands before all others."""

    def handle(self, *args: Any, **options: Any) -> None:
        with _impatient(connections[options["database"]]):
            super().handle(*args, **options)


@contextmanager
def _impatient(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait for each lock no longer than PATIENCE, or than the session was told (PGOPTIONS) where it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, false)", [PATIENCE if before == "0" else before]
        )
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise CommandError(
            "Somebody else holds a table for longer than we wait, and the site would wait behind us. What was not "
            "finished is undone; run it again when it is quieter."
        ) from error
    finally:
        # A broken connection or transaction says so itself; it must not hide what broke it.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])

"""Empty the tables after a test that commits: what Django's flush does in 0.7 s, in a twentieth of that."""

from functools import cache

from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # made once, by the migrations
MUCH = 4 << 20  # bytes of a table from which on its dead rows would slow the tests after it down


@cache
def _question() -> str:
    """Return the statement that names each table with a row, and whether it is a large one."""
    names = sorted(set(connection.introspection.table_names()) - KEPT)
    return " UNION ALL ".join(
        f"SELECT '{name}', pg_relation_size('{name}') > {MUCH} WHERE EXISTS (SELECT FROM \"{name}\")"
        for name in names
    )


def _filled(cursor: CursorWrapper) -> dict[str, bool]:
    """Return each table with a row, and whether it is a large one; planned once a session, which takes 24 of 25 ms."""
    cursor.execute("SELECT FROM pg_prepared_statements WHERE name = 'filled_tables'")
    if cursor.fetchone() is None:
        cursor.execute(f"PREPARE filled_tables AS {_question()}")
    cursor.execute("EXECUTE filled_tables")
    return dict(cursor.fetchall())


def empty() -> None:
    """Delete all rows but those of the migrations' own.

    TRUNCATE makes new files for each table and index, and waits for whoever reads one: gateways that live for the
    session do, several tables in a statement, and both may wait for each other. Only large tables are worth that.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        filled = _filled(cursor)
        if not any(filled.values()):
            # Also rows that may never be deleted.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in filled:
                cursor.execute(f'DELETE FROM "{name}"')
            return
    _flush()


def _flush(tries: int = 5) -> None:
    """Let Django empty everything; again where PostgreSQL chose us to end a deadlock with a gateway."""
    try:
        call_command("flush", verbosity=0, interactive=False)
    except CommandError as error:
        if tries == 1 or "deadlock" not in str(error.__cause__):
            raise
        _flush(tries - 1)

"""A PostgreSQL of the test's own, with what the test's database holds: it may be killed, others' may not."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from devstack.directory import DataDirectory
from devstack.postgres import DATABASE, USER, Postgres
from tests.processes import environment


class OwnPostgres:
    """Durable, as a site's: what was committed is on the disk, whatever becomes of the process."""

    def __init__(self, folder: Path):
        self.data = DataDirectory(folder)
        self.data.make()
        self.server = Postgres(self.data, durable=True)
        self.start()
        self.url = self.server.url()

    def start(self) -> None:
        self.server.start(given_up=lambda: False)

    def crash(self) -> None:
        """End it at once, with all its connections: nothing is written down any more, the next start recovers."""
        assert self.server.process is not None
        self.server.process.send_signal(self.server.dying_words)
        self.server.process.wait(20)
        connection.close()

    def take_over(self) -> None:
        """Copy the test's database."""
        there = environment()["DATABASE_URL"].replace("postgres:", "postgresql:", 1)
        here = ["--host", str(self.server.sockets), "--username", USER, "--dbname", DATABASE]
        dump = subprocess.Popen([self.server.programs / "pg_dump", there], stdout=subprocess.PIPE)
        subprocess.run(
            [self.server.programs / "psql", *here, "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"],
            stdin=dump.stdout,
            check=True,
        )
        assert dump.wait() == 0

    @contextlib.contextmanager
    def instead(self) -> Iterator[None]:
        """Let this process' own statements go here."""
        kept = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict.update(HOST=str(self.server.sockets), NAME=DATABASE, USER=USER)
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(kept)


@contextlib.contextmanager
def own_postgres(folder: Path) -> Iterator[OwnPostgres]:
    made = OwnPostgres(folder)
    try:
        yield made
    finally:
        made.server.stop()
        made.data.remove()

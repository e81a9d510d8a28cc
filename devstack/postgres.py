"""The private PostgreSQL."""

import signal
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg

from devstack import Trouble, binaries
from devstack.programs import Server

USER = DATABASE = "gatehouse"
# A throw-away server may lose everything in a power cut; a test suite is twice as fast for it.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """PostgreSQL with one superuser and one database, both named gatehouse."""

    name = "postgres"
    speaks = "PostgreSQL"
    setting = "DATABASE_URL"
    dying_words = signal.SIGQUIT  # at once; the next start replays the log
    stop_signals = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))

    @cached_property
    def programs(self) -> Path:
        return binaries.postgres(self.account, self.home)

    @cached_property
    def version(self) -> str:
        """Return the major version of the programs, as PG_VERSION writes it."""
        said: str = subprocess.run(
            [self.programs / "postgres", "--version"],
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
            **self.account.how(),
        ).stdout
        return said.split()[2].partition(".")[0]

    @property
    def files(self) -> Path:
        return self.home / "postgres"

    def url(self) -> str:
        # ?host=, not the host's place: there urllib lower-cases a path and django-environ keeps its %2F.
        return f"postgres://{USER}@/{DATABASE}?host={quote(str(self.sockets))}"

    def prepare(self) -> None:
        if not self.files.exists():
            self._initdb()
        written_by = (self.files / "PG_VERSION").read_text().strip()
        if written_by != self.version:
            raise Trouble(
                f"The data in {self.files} were written by PostgreSQL {written_by}, and this is PostgreSQL "
                f"{self.version}, which cannot read them. Move {self.data.path} away to begin anew, set "
                "GATEHOUSE_DATA to another directory, or set DATABASE_URL to a server that has your data."
            )

    def _initdb(self) -> None:
        """Make the files beside their place, then rename: nothing half-made is ever used."""
        for stale in self.home.glob("postgres.new*"):
            subprocess.run(["rm", "-rf", "--", stale], check=True)
        unfinished = Path(tempfile.mkdtemp(prefix="postgres.new", dir=self.home))
        self.account.own(unfinished)
        # The built-in locale sorts the same on every machine and needs none installed; older servers lack it.
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if int(self.version) >= 17 else []
        made = subprocess.run(
            [
                *(self.programs / "initdb", f"--pgdata={unfinished}", f"--username={USER}", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C", *builtin, "--no-instructions"),
                *([] if self.durable else ["--no-sync"]),
            ],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            check=False,
            capture_output=True,
            text=True,
            **self.account.how(),
        )
        if made.returncode:
            raise Trouble(f"initdb could not make {self.files}:\n{made.stderr.strip()[-2000:]}")
        unfinished.rename(self.files)

    def command(self) -> list[str]:
        folder = (
            '"' + str(self.sockets).replace('"', '""') + '"'
        )  # a list of names: quoted, a comma is no comma
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": folder,
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "jit": "off",  # compiling a statement takes longer than any page's statement runs
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            **({} if self.durable else CARELESS),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.files), *options]

    def noted_pid(self) -> int | None:
        try:
            return int((self.files / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def answers(self) -> bool:
        try:
            with psycopg.connect(
                host=str(self.sockets), user=USER, dbname="postgres", autocommit=True, connect_timeout=5
            ) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if not found:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error:
            return False
        return True

"""The keeper: a small process of its own that owns the private servers of one data directory.

Whoever uses the servers (the launcher, a manage.py command, a test run) holds the lock `users` shared as
long as it lives. Once the keeper can take that lock alone nobody is left: it stops the servers and ends. The
kernel gives back the lock of a killed user and ends the servers of a killed keeper: nothing is left behind.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from devstack import Trouble
from devstack.directory import ROOT, DataDirectory
from devstack.postgres import Postgres
from devstack.programs import Server
from devstack.valkey import Valkey

KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (Valkey, Postgres)}
GRACE = 1.0  # seconds without a user before the servers stop: the next command often comes at once
TICK = 0.15


class Keeper:
    """Starts the servers somebody asked for, restarts one that died, stops all when unused."""

    def __init__(self, data: DataDirectory, *, durable: bool) -> None:
        self.data = data
        self.durable = durable
        self.grace = GRACE if durable else 0.0  # nobody comes back to what is thrown away
        self.users = data.lock("users")
        self.alone = data.lock("keeper")
        self.servers: dict[str, Server] = {}
        self.problems: dict[str, str] = {}
        self.not_before = 0.0  # when a server that will not start again may be tried next
        self.unused_since: float | None = None
        self.told_to_stop = False

    def run(self) -> int:
        """Keep the servers until nobody uses them; return an exit code."""
        if not self.alone.taken(patience=5):
            return 0
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            while not self.told_to_stop and not self.is_unused():
                self.tend()
                time.sleep(TICK)
        finally:
            for server in reversed(self.servers.values()):
                server.stop()
            self.publish()
        if not self.durable:
            self.data.remove()
        return 0

    def _stop(self, *_: object) -> None:
        self.told_to_stop = True

    def is_unused(self) -> bool:
        """Say whether nobody has used the servers for the grace; then nobody can until this process ended."""
        if not self.users.taken():
            self.unused_since = None
            return False
        now = time.monotonic()
        self.unused_since = self.unused_since or now
        if now - self.unused_since < self.grace:
            self.users.leave()
            return False
        return True

    def tend(self) -> None:
        """Start what is wanted and not there, and what has died."""
        for name, kind in KINDS.items():
            if name not in self.servers and wanted(self.data, name).exists():
                self.publish(doing=f"Starting {kind.speaks}")
                self.problems[name] = self.start(name)
                self.publish()
                if self.problems[name]:  # not tried again before somebody asks again
                    wanted(self.data, name).unlink(missing_ok=True)
        for name, server in self.servers.items():
            if server.is_dead() and time.monotonic() > self.not_before:
                print(f"{server.speaks} ended by itself; starting it again.", flush=True)
                self.problems[name] = self.start(name)
                self.not_before = time.monotonic() + (5.0 if self.problems[name] else 0.0)
                self.publish()

    def start(self, name: str) -> str:
        """Start one server; return what was wrong, in sentences, "" if it answers."""
        try:
            server = self.servers.get(name) or KINDS[name](self.data, durable=self.durable)
            server.start(given_up=lambda: self.told_to_stop or self.is_unused())
        except Trouble as trouble:
            print(trouble, flush=True)
            return str(trouble)
        except (OSError, subprocess.SubprocessError) as error:
            traceback.print_exc()
            return f"{KINDS[name].speaks} could not be started: {error}. See {self.data.logs / 'keeper.log'}."
        self.servers[name] = server
        return ""

    def publish(self, *, doing: str = "") -> None:
        """Write down what the others need to know, whole or not at all."""
        servers = {
            name: {"url": server.url(), "pid": server.process.pid}
            for name, server in self.servers.items()
            if server.process
        }
        said = {"pid": os.getpid(), "servers": servers, "doing": doing, "problems": self.problems}
        unfinished = status_file(self.data).with_suffix(".new")
        unfinished.write_text(json.dumps(said))
        unfinished.rename(status_file(self.data))


def status_file(data: DataDirectory) -> Path:
    """Return where a keeper says what it keeps."""
    return data.keeper / "status.json"


def wanted(data: DataDirectory, name: str) -> Path:
    """Return the file whose presence asks for the server `name`."""
    return data.keeper / f"{name}.wanted"


def status(data: DataDirectory) -> dict[str, Any]:
    """Return what the last keeper said of itself, {} if none ever did."""
    try:
        said: dict[str, Any] = json.loads(status_file(data).read_text())
    except (OSError, ValueError):
        return {}
    return said


def start(data: DataDirectory, *, durable: bool) -> subprocess.Popen[bytes]:
    """Start a keeper in a session of its own: Ctrl-C and the end of its first user do not reach it."""
    command = [
        sys.executable,
        "-m",
        "devstack",
        "keeper",
        str(data.path),
        *([] if durable else ["--throw-away"]),
    ]
    with (data.logs / "keeper.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

"""A server program of ours: how it is started, watched, and ended, and how a leftover of it is found."""

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from devstack import Trouble, lifelines
from devstack.accounts import Account
from devstack.directory import DataDirectory

PATIENCE = 120.0  # seconds a server may take to answer: after a crash it replays its log first


class Server(ABC):
    """PostgreSQL or Valkey, private to one data directory, on a unix socket and no port."""

    name: str
    speaks: str  # the name people know
    setting: str  # the environment variable its address goes into
    dying_words: signal.Signals  # what the kernel sends it when the keeper is gone
    stop_signals: tuple[
        tuple[signal.Signals, float], ...
    ]  # what to send to stop it, and how long to wait then

    def __init__(self, data: DataDirectory, *, durable: bool) -> None:
        self.data = data
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self.home: Path
        self.account: Account
        self.home, self.account = data.home()
        self.sockets = data.sockets()
        self.log = data.logs / f"{self.name}.log"
        # Handed to the server and its children: while it is taken, some process of that server lives.
        self.alive = data.lock(self.name)

    @abstractmethod
    def url(self) -> str:
        """Return its address, in the form its setting takes."""

    @abstractmethod
    def prepare(self) -> None:
        """Make its files if they are missing; raise Trouble if they cannot be used."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""

    @abstractmethod
    def noted_pid(self) -> int | None:
        """Return the pid its pid file names, None without one."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether it takes requests."""

    def start(self, *, given_up: Callable[[], bool]) -> None:
        """Start it and wait until it answers; raise Trouble with the end of its log otherwise."""
        self.end_leftover()
        self.prepare()
        self.launch()
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if self.is_dead() or given_up() or time.monotonic() > deadline:
                self.stop()
                raise Trouble(f"{self.speaks} did not start. The end of {self.log}:\n{self.last_words()}")
            time.sleep(0.02)

    def launch(self) -> None:
        """Run the program as its account, tied to this process."""
        handle = self.data.lock(self.name)
        handle.share()  # the server inherits it, and keeps it when we close ours
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                pass_fds=(handle.descriptor,),
                preexec_fn=lifelines.tied(self.dying_words),  # noqa: PLW1509 - one prctl, nothing that locks
                **self.account.how(),
            )
        handle.close()

    def is_dead(self) -> bool:
        """Say whether it was started and has ended since."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Stop it, politely first, and be sure that nothing of it is left."""
        if self.process is None:
            return
        for number, patience in self.stop_signals:
            if self.process.poll() is None:
                self.process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
        if self.process.poll() is None:
            lifelines.kill([self.process.pid])
            self.process.wait()
        self.process = None

    def end_leftover(self) -> None:
        """End a server that outlived its keeper, proven by the lock it inherited."""
        if self.alive.taken(patience=2):  # most likely it is ending already
            self.alive.leave()
            return
        for number, patience in ((self.dying_words, 3), (signal.SIGKILL, 10)):
            lifelines.send(self._left_over(), number)
            if self.alive.taken(patience=patience):
                self.alive.leave()
                return
        raise Trouble(
            f"A {self.speaks} of an earlier run still uses {self.home} and does not end: "
            f"processes {self._left_over()}. End them, then start again."
        )

    def _left_over(self) -> list[int]:
        """Return the processes that inherited the lock; where no /proc tells, the one of the pid file."""
        pid = self.noted_pid()
        return lifelines.holders(self.alive.path) or ([pid] if pid else [])

    def last_words(self, lines: int = 12) -> str:
        """Return the end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

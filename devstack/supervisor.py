"""The supervisor: runs processes, passes on what they print, starts again what dies, stops all of it."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from devstack import lifelines
from devstack.directory import ROOT
from devstack.guard import Guard
from devstack.processes import Process

TICK = 0.1
GRACE = 10.0  # seconds a process gets to finish what it does
STEADY = 20.0  # seconds after which a process counts as well again
LONGEST_PAUSE = 30.0
LONGEST_LINE = 65536
LOG_LIMIT = 20_000_000  # bytes; a longer log is set aside at the next start

Hear = Callable[[str, str], None]  # process name, line


class Child:
    """One process and its restarts."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.popen: subprocess.Popen[bytes] | None = None
        self.file: IO[bytes] | None = None
        self.starts = 0
        self.failures = 0  # deaths in a row, each soon after its start
        self.started_at = 0.0
        self.start_again_at = 0.0
        self.rest = b""
        self.said_ready = False

    @property
    def pid(self) -> int | None:
        """Return its pid, None while it does not run."""
        return self.popen.pid if self.popen else None


class Supervisor:
    """Runs `processes` in the environment `environ` until told to stop. One thread must live in `run`."""

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        environ: Mapping[str, str],
        logs: Path,
        hear: Hear,
        restarts: bool = True,
    ) -> None:
        self.children = {process.name: Child(process, logs / f"{process.name}.log") for process in processes}
        self.environ = dict(environ)
        self.hear = hear
        self.restarts = restarts
        self.selector = selectors.DefaultSelector()
        self.stopping = threading.Event()
        self.hurried = threading.Event()
        self.guard = Guard()

    def run(self) -> None:
        """Start everything and look after it; return when all of it has stopped."""
        try:
            for child in self.children.values():
                self._start(child)
            while not self.stopping.is_set():
                self._pass_on(TICK)
                self._look_after()
        finally:
            self._stop_all()

    def stop(self, *, hurried: bool = False) -> None:
        """Make `run` return; `hurried`: without waiting for what the processes are doing."""
        if hurried:
            self.hurried.set()
        self.stopping.set()

    # --- one process

    def _start(self, child: Child) -> None:
        if child.log.exists() and child.log.stat().st_size > LOG_LIMIT:
            child.log.replace(child.log.with_suffix(".log.1"))
        child.file = child.log.open("ab", buffering=0)
        child.popen = subprocess.Popen(
            child.process.argv,
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # SIGTERM, so that it takes its own children along; the guard follows with SIGKILL.
            preexec_fn=lifelines.tied(signal.SIGTERM),  # noqa: PLW1509 - one prctl, nothing that locks
        )
        self.guard.add(child.popen.pid)
        child.starts += 1
        child.said_ready = False
        child.started_at = time.monotonic()
        assert child.popen.stdout
        os.set_blocking(child.popen.stdout.fileno(), False)
        self.selector.register(child.popen.stdout, selectors.EVENT_READ, child)

    def _bury(self, child: Child) -> int:
        """Reap a process that ended, with everything of its session; return its exit code."""
        popen = child.popen
        assert popen
        assert popen.stdout
        assert child.file
        code = popen.wait()
        lifelines.kill([popen.pid])
        self._read(child)
        with contextlib.suppress(KeyError):
            self.selector.unregister(popen.stdout)
        popen.stdout.close()
        child.file.close()
        self.guard.remove(popen.pid)
        child.popen = None
        return code

    def _look_after(self) -> None:
        """Bury what ended, start it again when its pause is over, replace a killed guard."""
        now = time.monotonic()
        if self.guard.is_dead():
            self.guard = Guard()
            for child in self.children.values():
                if child.popen:
                    self.guard.add(child.popen.pid)
        for child in self.children.values():
            if child.popen and child.popen.poll() is not None:
                lived = now - child.started_at
                code = self._bury(child)
                child.failures = 0 if lived > STEADY else child.failures + 1
                pause = min(LONGEST_PAUSE, 0.5 * 2 ** max(0, child.failures - 1))
                child.start_again_at = now + pause
                how = (
                    f"was killed by {signal.Signals(-code).name}"
                    if code < 0
                    else f"ended with exit code {code}"
                )
                then = f"; starting it again in {pause:g} s" if self.restarts else ""
                self.hear(child.process.name, f"[{child.process.name} {how}{then}]")
            elif self.restarts and child.popen is None and now >= child.start_again_at:
                self._start(child)

    # --- what they print

    def _pass_on(self, patience: float) -> None:
        """Pass on what the processes print within `patience` seconds."""
        for key, _ in self.selector.select(patience):
            self._read(key.data)

    def _read(self, child: Child) -> None:
        popen = child.popen
        if not popen or not popen.stdout or not child.file:
            return
        while True:
            try:
                piece = os.read(popen.stdout.fileno(), LONGEST_LINE)
            except (BlockingIOError, ValueError):
                return
            if not piece:
                with contextlib.suppress(KeyError):
                    self.selector.unregister(popen.stdout)
                return
            with contextlib.suppress(OSError):  # a full disk must not stop the site
                child.file.write(piece)
            *whole, child.rest = (child.rest + piece).split(b"\n")
            if len(child.rest) > LONGEST_LINE:
                whole, child.rest = [*whole, child.rest], b""
            for line in (raw.decode(errors="replace").rstrip() for raw in whole):
                child.said_ready |= bool(child.process.ready_words) and child.process.ready_words in line
                self.hear(child.process.name, line)

    # --- the end

    def _stop_all(self) -> None:
        """Stop those that hand out work before those that do it, so that nothing is handed to one that is gone."""
        for feeds in (True, False):
            children = [
                child for child in self.children.values() if child.popen and child.process.feeds == feeds
            ]
            for child in children:
                assert child.popen
                child.popen.terminate()  # the leader alone: it ends its own children in its own order
            deadline = time.monotonic() + GRACE
            while children and time.monotonic() < deadline and not self.hurried.is_set():
                self._pass_on(0.02)
                children = [child for child in children if not self._has_ended(child)]
            for child in children:
                if not self.hurried.is_set():
                    self.hear(
                        child.process.name, f"[{child.process.name} did not stop in time and is killed]"
                    )
                assert child.popen
                lifelines.kill([child.popen.pid])
                self._bury(child)
        self.guard.dismiss()
        self.selector.close()

    def _has_ended(self, child: Child) -> bool:
        """Bury the child if it has ended; say so."""
        if child.popen and child.popen.poll() is not None:
            self._bury(child)
        return child.popen is None

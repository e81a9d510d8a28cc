"""The guard: ends a supervisor's processes, with all their children, when the supervisor itself was killed.

The kernel's signal at a parent's death reaches direct children only; pool workers would live on.
"""

import signal
import subprocess
import sys

from devstack import lifelines
from devstack.directory import ROOT

GRACE = 1.0  # seconds between SIGTERM and SIGKILL


def watch() -> int:
    """Read `+SESSION` and `-SESSION` lines from standard input; at its end, end the sessions still named."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    for line in sys.stdin:
        (sessions.add if line[0] == "+" else sessions.discard)(int(line[1:]))
    lifelines.end(sessions, grace=GRACE)
    return 0


class Guard:
    """A supervisor's end of the line to its guard."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devstack", "guard"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def is_dead(self) -> bool:
        """Say whether somebody killed it."""
        return self.process.poll() is not None

    def add(self, session: int) -> None:
        """Have it end this session should we die."""
        self._tell(f"+{session}\n")

    def remove(self, session: int) -> None:
        """Tell it that this session has ended."""
        self._tell(f"-{session}\n")

    def dismiss(self) -> None:
        """Let it end; it ends what it still guards."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()

    def _tell(self, line: str) -> None:
        assert self.process.stdin
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except OSError:
            pass  # it was killed: the supervisor notices and gets another

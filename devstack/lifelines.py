"""What ties one process's life to another's, so that kill -9 of a parent leaves no orphan behind."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h; a fork clears it, an exec of an ordinary program keeps it
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tie_to_parent(number: signal.Signals) -> None:
    """Have the kernel send this process `number` when the thread that started it ends. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number))


def tied(number: signal.Signals) -> Callable[[], None]:
    """Return what Popen runs in the child before exec: tie it to us, or end it if we are gone already."""
    parent = os.getpid()

    def before_exec() -> None:
        tie_to_parent(number)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def members(sessions: Iterable[int]) -> list[int]:
    """Return the pids of these sessions, also of process groups made inside them; zombies are left out."""
    wanted, found = set(sessions), []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if state != "Z" and int(session) in wanted:
                found.append(int(entry.name))
    return found


def holders(path: Path) -> list[int]:
    """Return the pids of other processes that have this file open, as far as we may look."""
    wanted, found = path.stat(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            opened = (descriptor.stat() for descriptor in (entry / "fd").iterdir())
            if any((one.st_dev, one.st_ino) == (wanted.st_dev, wanted.st_ino) for one in opened):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send each pid a signal; those already gone do not matter."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end(sessions: Iterable[int], *, grace: float) -> None:
    """End sessions: SIGTERM to each leader, `grace` seconds, then SIGKILL to whatever is left of them."""
    sessions = list(sessions)
    send(sessions, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and members(sessions):
        time.sleep(0.05)
    kill(sessions)


def kill(sessions: Iterable[int]) -> None:
    """SIGKILL every member of these sessions, again until none is left (a member may be forking)."""
    sessions = list(sessions)
    for _ in range(50):
        left = members(sessions)
        if not left:
            return
        send(left, signal.SIGKILL)
        time.sleep(0.02)

"""Who uses what, told by flock: the kernel drops a dead process's lock, so no lock can be stale.

An flock belongs to the open file: a forked child shares it, an executed program does not (close-on-exec)
unless the descriptor is handed over on purpose.
"""

import fcntl
import os
import time
from pathlib import Path

from devstack import Trouble


class Lock:
    """A lock file, opened once; taken shared by many or exclusively by one."""

    def __init__(self, path: Path) -> None:
        try:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Trouble(
                f"{path} cannot be opened ({error.strerror}): the data directory belongs to another account, "
                "is read-only or full. Set GATEHOUSE_DATA to a directory of your own."
            ) from None
        self.path = path

    def share(self) -> None:
        """Take it together with others; wait while somebody has it alone."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def take(self) -> None:
        """Take it alone; wait for everybody else."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def taken(self, *, patience: float = 0.0) -> bool:
        """Try to take it alone for `patience` seconds; say whether that worked."""
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    return False
                time.sleep(0.02)
            else:
                return True

    def leave(self) -> None:
        """Give it back; the file stays."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give it back and close the file."""
        os.close(self.descriptor)


def is_taken(path: Path) -> bool:
    """Say whether some process holds the lock at `path`, shared or alone."""
    if not path.exists():
        return False
    lock = Lock(path)
    try:
        return not lock.taken()
    finally:
        lock.close()

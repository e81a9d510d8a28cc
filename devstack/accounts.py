"""Which account the private servers run as: PostgreSQL refuses root, so root lends them an existing one."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack import Trouble

LENDABLE = ("postgres", "daemon", "nobody")


@dataclass(frozen=True)
class Account:
    """An account to run servers as."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Tell whether it is the account of this process."""
        return self.uid == os.geteuid()

    def how(self) -> dict[str, Any]:
        """Return the arguments that make subprocess run a program as this account."""
        return {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give it `path`."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Say whether it may enter the directory, or run the program, at `path`."""
        if self.is_ours:
            return os.access(path, os.X_OK)
        try:
            return subprocess.run(["test", "-x", path], cwd="/", check=False, **self.how()).returncode == 0
        except PermissionError:
            raise Trouble(
                "PostgreSQL does not run as root, and this root may not start a program as another account. "
                "Run as an ordinary user, or set DATABASE_URL and REDIS_URL."
            ) from None


def ours() -> Account:
    """Return the account of this process."""
    return Account(os.geteuid(), os.getegid())


def for_servers(home: Path) -> Account:
    """Return who runs the servers of `home`: its owner, if it exists; else we, or for root a lent account."""
    if home.exists():
        owner = home.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    if os.geteuid() != 0:
        return ours()
    for name in LENDABLE:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise Trouble(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(LENDABLE)} exists here. "
        "Run as an ordinary user, or set DATABASE_URL."
    )

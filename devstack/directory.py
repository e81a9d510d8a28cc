"""The data directory (GATEHOUSE_DATA): everything a development site or a test run leaves on disk.

    keeper/   locks, and what the keeper says of itself
    secrets/  key files, made once
    servers/  data and sockets of PostgreSQL and Valkey
    logs/  mail/  files/  static/  run/

`servers` belongs to the account that runs them. Root's is a link to /var/lib/gatehouse where that account
could not reach the directory itself (a checkout under /root).
"""

import os
import re
import shutil
import socket
import stat
import tempfile
from pathlib import Path

from devstack import Trouble, accounts
from devstack.accounts import Account
from devstack.locks import Lock

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = Path("/var/lib/gatehouse")
PRIVATE = ("keeper", "secrets", "logs", "mail", "files", "static", "run")
PLAIN = re.compile(r"[A-Za-z0-9/._~=+-]+")
LONGEST_SOCKET = ".s.PGSQL.5432.lock"


class DataDirectory:
    """One data directory, made on first use."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self.keeper = self.path / "keeper"
        self.secrets = self.path / "secrets"
        self.logs = self.path / "logs"

    def make(self) -> None:
        """Create what is missing; raise Trouble with a sentence where that is impossible."""
        try:
            # Root's servers run as another account, which must pass through here (but may list nothing).
            mode = 0o711 if os.geteuid() == 0 else 0o700
            if not self.path.is_dir():
                self.path.mkdir(mode=mode, parents=True, exist_ok=True)  # another start may be making it
                self.path.chmod(mode)
            for name in PRIVATE:
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Trouble(
                f"The data directory {self.path} cannot be used: {error.strerror} ({error.filename}). "
                "Set GATEHOUSE_DATA to a directory of your own."
            ) from None
        if not os.access(self.keeper, os.R_OK | os.W_OK | os.X_OK):
            owner = self.keeper.stat().st_uid
            raise Trouble(
                f"The data directory {self.path} belongs to another account (uid {owner}). "
                "Set GATEHOUSE_DATA to a directory of your own, or delete it if nobody needs it."
            )

    def lock(self, name: str) -> Lock:
        """Open one of the locks: start, users, keeper, launcher, postgres, valkey."""
        return Lock(self.keeper / f"{name}.lock")

    def home(self) -> tuple[Path, Account]:
        """Return where the servers keep their data, and the account they run as; make it the first time."""
        link = self.path / "servers"
        if link.exists():
            place = link.resolve()
            return place, accounts.for_servers(place)
        account = accounts.for_servers(link)
        if account.is_ours or account.reaches(self.path):
            link.mkdir(mode=0o700)
            account.own(link)
            return link, account
        link.unlink(missing_ok=True)  # a link whose target is gone
        place = _elsewhere(account, self.path)
        link.symlink_to(place)
        return place, account

    def sockets(self) -> Path:
        """Return a directory of mode 0700 whose sockets have paths the kernel takes (107 bytes)."""
        home, account = self.home()
        link = home / "sockets"
        if link.is_symlink() and not _is_safe(link.resolve(), account):
            link.unlink()
        if not link.exists():
            link.mkdir(mode=0o700)
            account.own(link)
            if not _takes_sockets(link):
                link.rmdir()
                link.symlink_to(_short(account))
        return link.resolve()

    def remove(self) -> None:
        """Delete all of it, also what lies elsewhere."""
        servers = self.path / "servers"
        if servers.exists():
            home = servers.resolve()
            shutil.rmtree((home / "sockets").resolve(), ignore_errors=True)
            shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


def _elsewhere(account: Account, owner: Path) -> Path:
    """Make a directory for an account that cannot reach the data directory `owner`. Only root comes here."""
    ELSEWHERE.mkdir(mode=0o711, parents=True, exist_ok=True)
    for old in ELSEWHERE.glob("servers-*"):  # of data directories that were deleted since
        note = old / "belongs-to"
        if note.exists() and not Path(note.read_text()).exists():
            shutil.rmtree(old, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix="servers-", dir=ELSEWHERE))
    (place / "belongs-to").write_text(str(owner))
    account.own(place)
    return place


def _takes_sockets(folder: Path) -> bool:
    """Try the longest socket name in `folder`: its path may be too long, its file system may take none.

    Paths that need escaping are refused: libpq splits at a comma, and the clients disagree about the rest.
    """
    if not PLAIN.fullmatch(str(folder)):
        return False
    trial = folder / LONGEST_SOCKET
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.bind(str(trial))
        except OSError:
            return False
    trial.unlink()
    return True


def _short(account: Account) -> Path:
    """Make a directory with a short path."""
    place = Path(tempfile.mkdtemp(prefix="gatehouse-", dir="/tmp"))
    account.own(place)
    return place


def _is_safe(folder: Path, account: Account) -> bool:
    """Say whether a directory under /tmp still is ours: somebody else may have made it anew since."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and stat.S_IMODE(found.st_mode) == 0o700
    )

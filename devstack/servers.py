"""Using the private servers of a data directory: join the running ones, or have a keeper start them."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from devstack import Trouble, keeper
from devstack.directory import DataDirectory
from devstack.locks import Lock, is_taken

PATIENCE = 180.0  # seconds for a first start on a slow disk

Say = Callable[[str], None]


class Use:
    """A hold on the private servers: they run until `leave()`, or until this process ends in whatever way."""

    def __init__(self, data: DataDirectory, lock: Lock, urls: dict[str, str], child: object) -> None:
        self.data = data
        self.lock = lock
        self.urls = urls  # server name -> address
        self._child = child  # the keeper if we started it: a forgotten Popen warns

    def leave(self) -> None:
        """Give up the hold; the servers stop a second after the last one is given up."""
        self.lock.close()

    def is_kept(self) -> bool:
        """Say whether the keeper still lives; it restarts the servers, but nobody restarts it."""
        return are_running(self.data)

    def pids(self) -> dict[str, int]:
        """Return the pids of keeper, postgres and valkey, as they are now."""
        said = keeper.status(self.data)
        return {"keeper": said["pid"], **{name: server["pid"] for name, server in said["servers"].items()}}


def join(
    path: Path, names: Sequence[str] = ("postgres", "valkey"), *, durable: bool = True, say: Say | None = None
) -> Use:
    """Return a hold on the servers `names` of the data directory `path`; they answer when this returns.

    Raises Trouble with a sentence when they cannot run. `say` gets a line for each step of a start.
    """
    data = DataDirectory(path)
    data.make()
    starting, users = data.lock("start"), data.lock("users")
    starting.take()  # of several at once one starts the keeper, the others find it running
    try:
        users.share()  # waits while a keeper is ending
        child = None
        is_new = not are_running(data)
        if is_new:
            _forget_last_time(data)
        for name in names:
            keeper.wanted(data, name).touch()
        if is_new:
            child = keeper.start(data, durable=durable)
        urls = _wait(data, names, child=child, say=say or (lambda line: None))
    except BaseException:
        users.close()
        raise
    finally:
        starting.close()
    return Use(data, users, urls, child)


def are_running(data: DataDirectory) -> bool:
    """Say whether a keeper owns servers of this data directory now."""
    return is_taken(data.keeper / "keeper.lock")


def _forget_last_time(data: DataDirectory) -> None:
    """Remove what an earlier keeper and its users wrote."""
    keeper.status_file(data).unlink(missing_ok=True)
    for name in keeper.KINDS:
        keeper.wanted(data, name).unlink(missing_ok=True)


def _wait(
    data: DataDirectory, names: Sequence[str], *, child: subprocess.Popen[bytes] | None, say: Say
) -> dict[str, str]:
    """Wait until every server of `names` has an address; raise Trouble when that cannot be."""
    deadline = time.monotonic() + PATIENCE
    told = ""
    while time.monotonic() < deadline:
        ended = child.poll() is not None if child else not are_running(data)
        refused = [name for name in names if not keeper.wanted(data, name).exists()]
        said = keeper.status(data)
        running = said.get("servers", {})
        if all(name in running for name in names):
            return {name: running[name]["url"] for name in names}
        for name in refused:
            raise Trouble(said["problems"][name])
        if ended:
            raise Trouble(f"The keeper of the private servers ended early. See {data.logs / 'keeper.log'}.")
        if said.get("doing", "") not in ("", told):
            told = said["doing"]
            say(told)
        time.sleep(0.02)
    raise Trouble(f"The private servers did not start within {PATIENCE:.0f} seconds. See {data.logs}.")

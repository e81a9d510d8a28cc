"""Data directories and users of private servers, apart from those of the test run itself."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack import keeper, lifelines, servers
from devstack.directory import ROOT, DataDirectory


@pytest.fixture
def data() -> Iterator[Path]:
    """Return the path of a data directory that does not exist yet, where also a lent account may pass."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-test-"))
    folder.chmod(0o711)
    yield folder / "data"
    left = DataDirectory(folder / "data")
    if servers.are_running(left):
        lifelines.send([keeper.status(left)["pid"]], signal.SIGTERM)
        wait_until(lambda: not servers.are_running(left), patience=15)
    left.remove()
    shutil.rmtree(folder)


@pytest.fixture
def bare(data: Path) -> dict[str, str]:
    """Return an environment in which nothing of Gatehouse is set but its data directory."""
    ours = ("GATE", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_PEPPERS", "FIELD_KEYS", "PORT")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**inherited, "GATEHOUSE_DATA": str(data)}


@pytest.fixture
def user(bare: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a user: a process that prepares, runs some code, and stays."""
    started: list[subprocess.Popen[str]] = []

    def start(
        code: str = "print('ready')", *, durable: bool = False, **environ: str
    ) -> subprocess.Popen[str]:
        prepare = "import os, time; from devstack import environment"
        prepare += f"; environment.prepare(data=environment.data_path(), durable={durable})"
        process = subprocess.Popen(
            [sys.executable, "-c", f"{prepare}\n{code}\nimport sys; sys.stdout.flush(); time.sleep(60)"],
            cwd=ROOT,
            env=bare | environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def said(process: subprocess.Popen[str]) -> str:
    """Wait for the next line a process prints."""
    assert process.stdout
    return process.stdout.readline().strip()


def wait_until(holds: Callable[[], bool], *, patience: float) -> None:
    """Fail unless `holds()` within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"not within {patience} seconds"
        time.sleep(0.02)


def are_gone(pids: list[int]) -> bool:
    """Say whether none of these processes runs; a zombie does not run."""
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            return False
    return True

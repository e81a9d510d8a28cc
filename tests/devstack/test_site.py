"""`make run` as a whole: a real site that answers, and nothing left of it however it ends."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from devstack import keeper, processes
from devstack.directory import ROOT, DataDirectory
from tests.devstack.conftest import are_gone, wait_until


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [pid, *(member for child in children for member in family(child))]


def start(environ: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Run a site without demo data until it says that it runs; return its process and what it printed."""
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "devstack", "run", "--no-demo-data"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    wait_until(lambda: "Ctrl-C stops" in log.read_text() or launcher.poll() is not None, patience=300)
    assert launcher.poll() is None, log.read_text()[-3000:]
    return launcher, log.read_text()


@pytest.mark.fault
def test_a_site_answers_and_neither_sigterm_nor_kill_9_leaves_a_process(bare, data, tmp_path):
    ports = {"PORT": str(processes.free_port()), "GATEWAY_PORT": str(processes.free_port())}
    log = tmp_path / "log"

    launcher, printed = start(bare | ports, log)
    everybody = family(launcher.pid)
    for address in re.findall(r"http://127\.0\.0\.1:\d+", printed):
        with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
            assert answer.status == 200
    launcher.terminate()
    assert launcher.wait(30) == 0
    wait_until(lambda: are_gone(everybody), patience=20)
    assert keeper.status(DataDirectory(data))["servers"] == {}

    launcher, _ = start(bare | ports, log)
    everybody = family(launcher.pid)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    wait_until(lambda: are_gone(everybody), patience=20)

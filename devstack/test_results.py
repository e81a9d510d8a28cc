"""Writes what came of each test, with commit and time, for the page of guarantees. Loaded with `-p` by every run.

A run of a few tests at the same commit adds to what an earlier one found; at another commit the file begins anew. It is
never committed: what it says is about this machine.
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / ".test-results.json"
_seen: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst of setup, call and teardown; with xdist the controller hears of all."""
    if report.when == "call" or report.outcome != "passed":
        outcome = "error" if report.failed and report.when != "call" else report.outcome
        if _seen.get(report.nodeid) not in ("failed", "error"):
            _seen[report.nodeid] = outcome


def pytest_sessionfinish() -> None:
    if _seen and "PYTEST_XDIST_WORKER" not in os.environ:
        try:
            write(FILE, _seen, commit=_git("rev-parse", "HEAD"), changed=bool(_git("status", "--porcelain")))
        except OSError as problem:  # a read-only checkout is no reason to fail a run
            print(f"\nWhat came of the tests was not written down: {problem}")


def write(file: Path, tests: dict[str, str], *, commit: str, changed: bool) -> None:
    """Write these outcomes, beside those that are there of the same commit; whole or not at all."""
    said = {
        "commit": commit,
        "changed": changed,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    beside = file.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(said | {"tests": _earlier(file, commit) | tests}, indent=0, sort_keys=True))
    beside.replace(file)


def _earlier(file: Path, commit: str) -> dict[str, str]:
    try:
        said = json.loads(file.read_text())
        return dict(said["tests"]) if said["commit"] == commit else {}
    except (OSError, ValueError, KeyError):
        return {}


def _git(*asked: str) -> str:
    try:
        done = subprocess.run(
            ["git", *asked], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

"""The guarantees, each with the tests that try to break it and what came of them, read from what `make test` wrote."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROW = re.compile(r"\| (\d+) \| (.+?) \| (.+) \| (.+?) \|$")
NAMED = re.compile(r"`(?:((?:\w+/)*test_\w+\.py)|(test_\w+))`")
BAD = ("failed", "error")


class NoResults(Exception):
    """There is no file of results, or none that can be read."""


@dataclass(frozen=True)
class Results:
    """What the last runs of the suite left: the commit they were of, and each test's outcome and time."""

    commit: str
    is_changed: bool
    finished_at: datetime
    tests: dict[str, str]


@dataclass(frozen=True)
class Guarantee:
    """One promise; the counts are of the named tests as they last ran here, all 0 where none did."""

    number: int
    promise: str
    tests: str
    proven: str
    passed: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def has_run(self) -> bool:
        return bool(self.passed or self.failed)

    @property
    def holds(self) -> bool:
        return self.has_run and not self.failed


def read(document: Path, results: Results | None) -> list[Guarantee]:
    """Return the rows of the document of guarantees in their order, each with its tests' outcomes."""
    found = (ROW.match(line) for line in document.read_text().splitlines())
    return [
        Guarantee(int(row[1]), row[2], row[3], row[4], **_outcomes(row[3], results)) for row in found if row
    ]


def results(file: Path) -> Results:
    """Return what is in a file of results. Raises NoResults."""
    try:
        said: dict[str, Any] = json.loads(file.read_text())
        return Results(
            said["commit"], said["changed"], datetime.fromisoformat(said["finished_at"]), dict(said["tests"])
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise NoResults from problem


def _outcomes(tests: str, results: Results | None) -> dict[str, int]:
    counts = {"passed": 0, "skipped": 0, "failed": 0}
    if results is None:
        return counts
    named = NAMED.findall(tests)
    files, names = {f"tests/{file}" for file, _ in named if file}, {name for _, name in named if name}
    for test, outcome in results.tests.items():
        file, _, name = test.partition("::")
        if file in files or name.rpartition("::")[2].partition("[")[0] in names:
            counts["failed" if outcome in BAD else outcome] += 1
    return counts

"""docs/guarantees.md names tests and sentences that exist."""

import re

from enforcement.management.commands.check_invariants import MODULES
from tests.processes import ROOT

SAID = (ROOT / "docs/guarantees.md").read_text()
TESTS = ROOT / "tests"


def test_every_test_it_names_is_there():
    files = set(re.findall(r"`((?:\w+/)?test_\w+\.py)`", SAID))
    names = set(re.findall(r"`(test_\w+)`", SAID))
    written = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))

    assert len(files) > 15
    assert [file for file in sorted(files) if not (TESTS / file).exists()] == []
    assert [name for name in sorted(names) if f"def {name}(" not in written] == []


def test_every_sentence_it_quotes_is_checked():
    checked = {sentence for module in MODULES for sentence in module.INVARIANTS}
    rows = [line.split(" | ") for line in SAID.splitlines() if re.match(r"\| \d+ \|", line)]
    quoted = {part.strip() for row in rows for part in row[3].removesuffix(" |").split(" · ")}
    whole = {
        part
        for part in quoted
        if part.endswith(".") and "…" not in part and "(" not in part and "`" not in part
    }

    assert (len(rows), len(whole) > 20) == (28, True)
    assert sorted(whole - checked) == []

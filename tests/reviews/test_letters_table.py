"""docs/letters.md names every event of applications and questions, and only letters that exist."""

import re
from pathlib import Path

from audit.events import Event

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/letters.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| event", "| ---"))
]
NAMED = {event for row in ROWS for event in row[0].split(", ")}
LETTERS = {letter for row in ROWS for letter in re.findall(r"[a-z]+/[a-z_]+", row[1])}


def test_every_event_of_applications_and_questions_has_its_row():
    ours = {str(event) for event in Event if str(event).startswith(("application.", "question."))}

    assert ours - NAMED == set()


def test_every_row_names_events_there_are_and_says_how_or_why_not():
    assert NAMED - set(Event.values) == set()
    assert [row[0] for row in ROWS if not row[1] and not row[2]] == []


def test_every_letter_named_is_written_in_three_files():
    missing = [
        f"{letter}.{kind}"
        for letter in sorted(LETTERS)
        for kind in ("subject.txt", "txt", "html")
        if not (ROOT / "templates" / letter.replace("/", "/letters/")).with_suffix(f".{kind}").exists()
    ]

    assert missing == []

# ruff: noqa: E501 - the table below has one breakage a line
"""What must hold of reports holds for what the product made, and each breakage is found."""

from datetime import timedelta

import pytest

from tests.audit.test_invariants import broken, unnoticed
from tests.factories import MONDAY
from tests.transparency.making import axel, make_draft, make_published, pia
from transparency.domain import days, lessons, records, standards
from transparency.domain.lessons import Words
from transparency.invariants import INVARIANTS

pytestmark = pytest.mark.django_db
BREAKS = {
    "The ledger agrees with the state of every report.": "UPDATE transparency_report SET state = 'failed' WHERE state = 'draft'",
    "Every published report has the digest of its figures, and the ledger has it too.": "UPDATE transparency_report SET body = '{}', digest = encode(sha256('{}'), 'hex') WHERE state = 'published'",
    "Nobody published a report alone, and its versions are numbered without a gap.": "UPDATE transparency_report SET version = 2 WHERE state = 'published'",
    "The ledger agrees with the state of every lesson.": "UPDATE transparency_lesson SET state = 'dropped' WHERE state = 'draft'",
    "Nobody published a lesson alone, and every correction of one is in the ledger.": "UPDATE transparency_lessonnote SET added_by_id = (SELECT id FROM accounts_user WHERE email LIKE 'paul%')",
    "Every day's figures are in the ledger, with their digest.": "UPDATE transparency_dayfigures SET digest = 'another'",
    "Every version of the standards is in the ledger, by the person who published it.": "UPDATE transparency_standards SET published_by_id = (SELECT id FROM accounts_user WHERE email LIKE 'paul%')",
    "Everything written down for a report is in the ledger, by the person who wrote it.": "UPDATE transparency_record SET added_by_id = (SELECT id FROM accounts_user WHERE email LIKE 'paul%')",
}


@pytest.fixture(autouse=True)
def _everything():
    """A published report, a draft of its correction, a record, figures of days."""
    records.add("incident", on=MONDAY.date(), by=pia(), at=MONDAY, words="Ask earlier.")
    standards.publish("Rest is part of the work.", by=pia(), at=MONDAY)
    make_published()
    words = Words("Eleven", MONDAY.date(), "A wide rule.", "Shadow first.")
    lesson = lessons.review(lessons.write("eleven", words, by=pia(), at=MONDAY), by=axel(), at=MONDAY)
    lessons.note(lessons.publish(lesson, by=pia(), at=MONDAY), "Twelve.", by=pia(), at=MONDAY)
    lessons.write("draft", words, by=pia(), at=MONDAY)
    days.take_owed(at=MONDAY)
    make_draft(why="A day was missing.", at=MONDAY + timedelta(days=1))


def test_each_has_its_breakage():
    assert set(BREAKS) == set(INVARIANTS)


def test_what_the_product_made_breaks_none_of_them():
    assert broken() & set(INVARIANTS) == set()


def test_what_is_broken_by_hand_is_found():
    assert unnoticed((sql, sentence) for sentence, sql in BREAKS.items()) == []

"""What no ledger knows: written down by a person, on record, corrected only by a later record."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from audit import ledger, seals
from audit.events import Event
from tests.factories import MONDAY, make_reviewer
from tests.transparency.making import THIRD, pia
from transparency.domain import figures, records
from transparency.models import Record

pytestmark = pytest.mark.django_db
AUGUST = date(2026, 8, 12)


def add(kind: str, **said) -> Record:
    return records.add(kind, **{"on": AUGUST, "by": pia(), "at": MONDAY} | said)


def counted(metric: str):
    seal = seals.seal(at=MONDAY)
    return figures.raw(THIRD, seal)[metric]


def test_contacts_with_authorities_are_counted_from_records():
    add("authority_request", counts={"police": 2, "court": 1})
    add("authority_report", counts={"police": 1})

    assert counted("authority") == {"contacts": {"authority_request": 3, "authority_report": 1}}


def test_a_record_is_in_the_ledger_by_who_wrote_it():
    made = add("incident", words="The gateway refused everybody for 20 minutes.")

    entry = ledger.of(made).get()
    assert (entry.event, entry.actor) == (Event.RECORD_ADDED, ledger.name_of(pia()))
    assert ledger.is_digest_of(made.words, entry.details["words"])


def test_a_later_record_takes_the_place_of_an_earlier_one():
    first = add("authority_request", counts={"police": 20})
    add("authority_request", counts={"police": 2}, replaces=first)

    assert counted("authority") == {"contacts": {"authority_request": 2}}


def test_a_record_is_taken_back():
    first = add("authority_request", counts={"police": 20})
    add("authority_request", replaces=first, is_taken_back=True)

    assert counted("authority") == {}


def test_the_languages_of_reviewers_are_those_written_down_last():
    add("reviewer_languages", counts={"en": 9}, on=AUGUST - timedelta(days=200))
    add("reviewer_languages", counts={"en": 8, "es": 7})

    assert counted("languages")["reviewers"] == {"en": 8, "es": 7}


def test_incidents_are_told_in_words_and_lessons_are_posts_of_their_own():
    add("incident", words="A rule suspended eleven people wrongly.")

    text = figures.count(THIRD, seals.seal(at=MONDAY))

    assert "A rule suspended eleven people wrongly." in text
    with pytest.raises(records.BadRecord, match="posts of their own"):
        add("lesson", words="Such rules run in shadow for a month now.")


@pytest.mark.parametrize(
    ("kind", "said", "sentence"),
    [
        ("gossip", {}, "Choose what it is."),
        ("incident", {}, "Say it in words"),
        ("incident", {"words": "x", "counts": {"a": 1}}, "Say it in words"),
        ("authority_request", {"words": "x"}, "Say how many."),
        ("authority_request", {"counts": {"police": -1}}, "whole numbers"),
        ("authority_request", {"is_taken_back": True}, "Say which record"),
        ("incident", {"words": "x" * 4001}, "At most 4,000 characters."),
        ("incident", {"words": "x", "on": date(2027, 1, 1)}, "The day lies ahead"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(kind, said, sentence):
    with pytest.raises(records.BadRecord, match=sentence):
        add(kind, **said)

    assert Record.objects.count() == 0


def test_a_record_is_replaced_once_and_by_its_own_kind():
    first = add("incident", words="One.")
    add("incident", words="Two.", replaces=first)

    with pytest.raises(records.BadRecord, match="replaced already"):
        add("incident", words="Three.", replaces=first)
    with pytest.raises(records.BadRecord, match="its own kind"):
        add("authority_request", counts={"police": 1}, replaces=records.standing()[0])


def test_only_policy_editors_write_them():
    with pytest.raises(records.NotForYou):
        add("incident", words="Mine.", by=make_reviewer())


def test_a_record_never_changes():
    add("incident", words="One.")

    for change in (lambda: Record.objects.update(words="Two."), lambda: Record.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()

"""Standards for people: versions that stay, published by policy editors, with the team's figures beside them."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from audit import ledger
from audit.events import Event
from tests.factories import MONDAY, make_reviewer
from tests.transparency.making import make_published, pia
from transparency.domain import standards
from transparency.models import Standards

pytestmark = pytest.mark.django_db


def test_a_text_is_published_as_the_next_version_and_put_on_record():
    standards.publish("Rest.", by=pia(), at=MONDAY)
    made = standards.publish("Rest, and pay.", by=pia(), at=MONDAY)

    assert (made.version, standards.current(), ledger.of(made).get().event) == (
        2, made, Event.STANDARDS_PUBLISHED,
    )  # fmt: skip


def test_the_same_text_again_is_the_same_version():
    first = standards.publish("Rest.", by=pia(), at=MONDAY)

    assert standards.publish(" Rest.\r\n", by=pia(), at=MONDAY) == first


@pytest.mark.parametrize("text", ["", " \n", "x" * 20_001])
def test_nothing_and_too_much_are_refused(text):
    with pytest.raises(standards.BadText):
        standards.publish(text, by=pia(), at=MONDAY)


def test_a_reviewer_does_not_publish_them():
    with pytest.raises(standards.NotForYou):
        standards.publish("Work harder.", by=make_reviewer(), at=MONDAY)


def test_a_version_never_changes():
    standards.publish("Rest.", by=pia(), at=MONDAY)

    with pytest.raises(DatabaseError), transaction.atomic():
        Standards.objects.update(text="Work.")


def test_the_page_shows_the_text_and_the_team_and_nothing_before_that():
    before = Client().get("/transparency/standards/").content.decode()
    standards.publish("## Rest\n\n<script>alert(1)</script>", by=pia(), at=MONDAY)
    make_published()

    page = Client().get("/transparency/standards/").content.decode()

    assert "Nothing is published yet" in before
    assert ("<h3>Rest</h3>" in page, "<script>alert" in page, "The team in 2026Q3" in page) == (
        True,
        False,
        True,
    )


def test_an_editor_starts_from_what_is_public_or_from_the_shipped_text():
    client = Client()
    client.force_login(pia())
    place = "/admin/transparency/report/reports/standards/"
    first = client.get(place).content.decode()

    answer = client.post(place, {"text": "Rest."}, follow=True).content.decode()

    assert "living wage" in first
    assert ("Version 1 is public." in answer, "living wage" in answer) == (True, False)

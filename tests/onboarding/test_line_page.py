"""The waiting line and the lists of who is stuck: pages by key, and the board's figures of them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import clock
from onboarding.admin import line_page, paging, stuck
from onboarding.domain import counts, order, waitlist
from onboarding.models import Key
from tests.factories import (
    MONDAY,
    make_entry,
    make_manager,
    make_program,
    make_rate,
    make_secret,
)
from tests.onboarding.test_board import board, signed_in

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


@pytest.fixture
def few_on_a_page(monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)
    monkeypatch.setattr(stuck, "PAGE", 2)


def test_the_line_goes_on_where_the_page_before_ended(few_on_a_page):
    program, dora = make_program(), make_manager("dot")
    entries = [make_entry(program, at=MONDAY - timedelta(days=9 - n)) for n in range(5)]
    order.put_forward(entries[4], by=make_manager("mia"), at=MONDAY, reason="Flood response")
    client, pages, url = signed_in(dora), [], reverse("admin:board_line", args=[program.slug])

    query = ""
    for _ in range(3):
        answer = client.get(url + query)
        pages.append([(row["place"], row["entry"]) for row in answer.context["rows"]])
        query = answer.context["more_url"]

    first, second, third, fourth, fifth = entries
    assert (pages, query) == ([[(1, fifth), (2, first)], [(3, second), (4, third)], [(5, fourth)]], "")


@pytest.mark.parametrize(
    "after", ["", "x", "0~x~1", "0~2026-11-23T12:00:00~1", "9999999~2026-11-23T12:00:00%2B00:00~1"]
)
def test_a_made_up_place_begins_at_the_beginning(after):
    program = make_program()
    make_entry(program)

    answer = signed_in(make_manager("mia")).get(
        reverse("admin:board_line", args=[program.slug]) + f"?after={after}"
    )

    assert [row["place"] for row in answer.context["rows"]] == [1]


def test_a_number_leads_to_its_place_in_line_and_one_without_says_so():
    program = make_program()
    entry, client = make_entry(program), signed_in(make_manager("mia"))
    url = reverse("admin:board_line", args=[program.slug])

    found = client.get(url, {"number": entry.application.number.lower()})
    missed = client.get(url, {"number": "<b>nothing"})

    assert found.url == reverse("admin:onboarding_waitlistentry_change", args=[entry.pk])
    assert "“&lt;b&gt;nothing” has no place in this line." in missed.content.decode()


def test_the_line_is_shown_by_week_of_joining_and_the_old_together():
    program = make_program()
    for week in range(line_page.OLDEST + 3):
        make_entry(program, at=MONDAY - week * WEEK)

    drawn = line_page.ages(counts.groups(program))

    assert [(each.name, each.waiting) for each in drawn.columns][:2] == [("older", 3), ("7 Sep", 1)]
    assert (len(drawn.columns), drawn.columns[-1].name, line_page.ages(counts.groups(make_program()))) == (
        13,
        "23 Nov",
        None,
    )


def test_a_week_of_another_year_says_which():
    program = make_program()
    for at in (MONDAY, MONDAY - timedelta(days=400)):
        make_entry(program, at=at)

    assert [each.name for each in line_page.ages(counts.groups(program)).columns] == ["13 Oct 2025", "23 Nov"]


def test_who_is_stuck_is_counted_and_listed_in_pages(few_on_a_page):
    program, dora = make_program(), make_manager("dot")
    for _ in range(3):
        make_secret(program)
    Key.objects.update(opened_at=clock.now() - timedelta(days=8))
    client = signed_in(dora)

    counted = {group.name: group.people for group in stuck.groups(program, clock.now())}
    url = reverse("admin:board_stuck", args=[program.slug, "unused"])
    first = client.get(url)
    second = client.get(url + first.context["more_url"])

    assert counted["Key opened, not used for 7 days"] == 3
    assert [len(page.context["rows"]) for page in (first, second)] == [2, 1]
    assert client.get(reverse("admin:board_stuck", args=[program.slug, "nobody"])).status_code == 404


def test_every_list_of_who_is_stuck_opens_empty_too():
    program, client = make_program(), signed_in(make_manager("mia"))

    answers = {
        key: client.get(reverse("admin:board_stuck", args=[program.slug, key])) for key in stuck.GROUPS
    }

    assert {
        key for key, answer in answers.items() if "Nobody is stuck here" not in answer.content.decode()
    } == set()


def test_the_board_and_the_line_ask_at_most_25_times():
    program = make_program()
    make_rate(program, 3)
    for _ in range(6):
        make_entry(program)
    waitlist.admit(program, by="test", at=clock.now())
    client = signed_in(make_manager("mia"))

    asked = {}
    for url in (board(program), reverse("admin:board_line", args=[program.slug])):
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        asked[url] = len(queries)

    assert [url for url, times in asked.items() if times > 25] == []

"""Flags, sanctions and appeals against them, with the keyboard alone."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit import clock
from enforcement.models import FlagCase, Sanction
from outbox import letters
from tests.browser import keyboard
from tests.browser.conftest import Browse, newcomer, person
from tests.browser.test_journeys import open_program
from tests.enforcement.appealing import WRONG
from tests.enforcement.flagging import make_confirmed, make_flag, make_sanction
from tests.factories import accept_guidelines, make_rate, make_secret
from tests.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RING = "() => parseFloat(getComputedStyle(document.activeElement).outlineWidth)"


def access(slug: str, name: str):
    """Return the grant of somebody new with an opened key."""
    holder, program = newcomer(name), open_program(slug)
    accept_guidelines(holder)
    make_rate(program, 1000)
    return make_secret(program, applicant=holder, at=clock.now())[0].grant


def ring(page: Page) -> float:
    """Return how thick the line around what has the focus is, in pixels."""
    return page.evaluate(RING)


def test_a_reviewer_decides_a_flag_without_a_mouse_and_goes_on_to_the_next(browse: Browse):
    at, grant = clock.now(), access("keyed", "kai")
    case, other = (
        make_flag(grant, category=each, at=at, excerpt="Sold.").case for each in ("fraud_spam", "")
    )
    bob = browse(person("bob"))

    bob.goto(reverse("admin:flag_case", args=[case.pk]))
    bob.keyboard.press("Tab")
    assert bob.evaluate("() => document.activeElement.textContent") == "Skip to main content"
    keyboard.press(bob, "Open what was quoted")
    bob.keyboard.press("c")
    expect(bob.locator(".pills")).to_contain_text("yours until")
    bob.get_by_label("It breaks the guidelines").focus()
    bob.keyboard.press("Space")
    expect(bob.get_by_label("The clause")).to_be_visible()
    assert ring(bob) > 0
    keyboard.fill(bob, {"f-note": "They sell what it wrote."}, then="Decide")
    expect(bob.locator("#decide")).to_contain_text("on their list")
    with bob.expect_navigation():
        bob.keyboard.press("n")

    assert (FlagCase.objects.get(pk=case.pk).finding, bob.url.endswith(f"/{case.pk}/")) == (
        "violation",
        False,
    )
    assert other.state == "open"


def test_a_senior_writes_a_limit_of_which_only_the_fields_it_needs_are_shown(browse: Browse):
    case = make_confirmed(access("written", "wil"), by=person("bob"), at=clock.now())
    sam = browse(person("sam"))

    sam.goto(reverse("admin:flag_case", args=[case.pk]))
    keyboard.tab_to(sam, "Write a sanction")
    sam.keyboard.press("Enter")
    expect(sam.get_by_label("Requests a minute left")).to_be_hidden()
    sam.get_by_label("What follows").select_option("limit")
    sam.locator("[name=s-target]").select_option("grant")
    expect(sam.get_by_label("Requests a minute left")).to_be_visible()
    sam.locator("[name=s-target]").focus()
    keyboard.fill(sam, {"s-facts": "It was sold on.", "s-per_minute": "3"}, then="Write it")

    until(Sanction.objects.filter(case=case).exists, "the sanction to be written")
    sanction = Sanction.objects.get(case=case)
    assert (sanction.kind, sanction.per_minute, sanction.state) == ("limit", 3, "active")


def test_a_holder_reads_why_it_stopped_and_appeals_without_a_mouse(browse: Browse):
    case = make_confirmed(access("stopped", "stu"), by=person("bob"), at=clock.now())
    sanction = make_sanction(case=case, by=person("sam"), at=clock.now())
    letters.send_owed(at=clock.now())
    stu = browse(sanction.grant.application.applicant)

    stu.goto(reverse("access"))
    keyboard.press(stu, "Read why, and what you can do")
    expect(stu.locator(".standing")).to_contain_text("It is suspended")
    keyboard.fill(stu, {"statement": WRONG}, then="Send the appeal")

    expect(stu.locator(".standing")).to_contain_text("We answer by")
    expect(stu.locator("main")).to_contain_text("4711")

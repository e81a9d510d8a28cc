"""Severe text in a real browser: covered, opened and covered by one key, counted until its page is left."""

import pytest
from playwright.sync_api import expect

from audit import clock
from reviews.models import Exposure
from tests.browser import axe
from tests.browser.conftest import Browse, Watch
from tests.factories import make_program, make_reviewer
from tests.processes import until
from tests.reviews.making import make_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def midday(name: str):
    """Return a reviewer for whom it is about noon now."""
    reviewer = make_reviewer(name)
    reviewer.time_zone = f"Etc/GMT{clock.now().hour - 12:+d}"
    reviewer.save()
    return reviewer


def test_the_text_is_opened_by_a_key_covered_by_the_same_and_counts_until_the_page_is_left(
    browse: Browse, watch: Watch
):
    carla = midday("carla")
    case = make_case(
        make_program("care-model"), title="Letters about wounds", domains=["self_harm"], at=clock.now()
    )
    page = browse(carla)

    page.goto(f"/admin/reviews/case/{case.pk}/")
    expect(page.locator("#covered-title")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Letters about wounds")
    with page.expect_navigation():
        page.keyboard.press("o")
    expect(page.locator("h1")).to_have_text("Letters about wounds")
    with page.expect_navigation():
        page.keyboard.press("o")
    expect(page.locator("#covered-title")).to_be_visible()
    assert Exposure.objects.filter(reviewer=carla, ended_at=None).count() == 0
    with page.expect_navigation():
        page.keyboard.press("o")
    page.goto("/admin/reviews/case/desk/")

    until(
        lambda: not Exposure.objects.filter(reviewer=carla, ended_at=None).exists(), "the text to be covered"
    )
    assert axe.look(page) == []

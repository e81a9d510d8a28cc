"""A report in a real browser: asked for, counted, looked over, published, read, taken as a file, printed."""

import json

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from audit import clock, seals
from tests.browser import axe
from tests.browser.conftest import Browse, Watch, person
from tests.factories import make_staff
from transparency import jobs
from transparency.domain import days, figures, quarters
from transparency.models import Report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BOARD = "/admin/transparency/report/reports/"


def test_a_report_goes_from_its_draft_to_a_page_two_files_and_paper(browse: Browse, watch: Watch):
    quarter = quarters.named(Report.objects.filter(state="published").latest("pk").quarter)
    while days.take_owed(at=clock.now()):
        pass
    seals.seal(at=clock.now())
    pia, axel, vera = person("pia"), person("axel"), make_staff("vera", Role.POLICY_EDITOR)
    page = browse(pia)
    watch.listening = False  # no queue is beside these tests: the page says so, and asks again

    page.goto(BOARD)
    page.get_by_label("Quarter", exact=True).first.fill(quarter.name)
    page.get_by_label("Why again").fill("A day was missing.")
    page.get_by_role("button", name="Count it").click()
    report = Report.objects.latest("pk")
    jobs.build(report.pk)
    watch.listening = True
    page.goto(f"{BOARD}{report.pk}/")
    expect(page.locator(".pill").first).to_have_text("draft")
    assert axe.look(page) == []

    looking = browse(axel)
    looking.goto(f"{BOARD}{report.pk}/")
    looking.get_by_role("button", name="I looked it over").click()
    expect(looking.locator(".pill").first).to_have_text("reviewed")
    last = browse(vera)
    last.goto(f"{BOARD}{report.pk}/")
    last.get_by_role("button", name="Publish it for good").click()
    expect(last.locator(".pill").first).to_have_text("published")

    reader = browse()
    reader.goto(f"/transparency/{quarter.name}/")
    report.refresh_from_db()
    expect(reader.locator("#corrected")).to_contain_text("A day was missing.")
    assert axe.look(reader) == []
    with reader.expect_download() as taken:
        reader.get_by_role("link", name="CSV").first.click()
    rows = taken.value.path().read_text()
    said = reader.request.get(f"/transparency/{quarter.name}/{report.version}/report.json").text()
    assert (rows.startswith("quarter,version,metric"), figures.digest(said)) == (True, report.digest)
    assert len(json.loads(said)["metrics"]) == 30

    reader.emulate_media(media="print")
    hidden = [reader.locator(place).first.is_visible() for place in (".tabs", "details.no-print")]
    assert (hidden, len(reader.pdf()) > 10_000) == ([False, False], True)

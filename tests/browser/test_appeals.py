"""Against a decision, in a real browser: an appeal that is won, one that is denied, by keyboard and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from audit import clock
from enforcement.models import Appeal
from onboarding.models import Application
from tests.browser import axe, keyboard
from tests.browser.conftest import Browse, Watch, newcomer, person
from tests.browser.test_journeys import open_program
from tests.enforcement.appealing import MENDED, WRONG, make_rejection

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 740}


def rejected(slug: str, name: str):
    """Return a rejection by Bob of somebody's application, told a moment ago."""
    applicant = newcomer(name)
    return make_rejection(by=person("bob"), applicant=applicant, program=open_program(slug), at=clock.now())


def test_an_appeal_is_sent_by_keyboard_upheld_by_a_senior_and_the_application_is_in_review(
    browse: Browse, watch: Watch
):
    decision = rejected("appeal-model", "olga")
    application = decision.case.application
    olga = browse(application.applicant, reduced_motion="reduce")

    olga.goto(f"/applications/{application.number}/")
    expect(olga.locator(".standing")).to_contain_text("Not approved.")
    keyboard.press(olga, "Appeal")
    keyboard.fill(olga, {"statement": WRONG}, then="Send the appeal")
    expect(olga.locator(".standing")).to_contain_text("We answer by")

    sam = browse(person("sam"))
    sam.goto("/admin/")
    sam.get_by_role("link", name="Appeals", exact=True).click()
    sam.get_by_role("link", name=application.title).first.click()
    sam.goto(f"/admin/enforcement/appeal/{Appeal.objects.get(decision=decision).pk}/")
    with sam.expect_navigation():
        sam.keyboard.press("c")
    expect(sam.locator(".pills").first).to_contain_text("yours until")
    sam.get_by_label("Uphold").check()
    expect(sam.locator("[name=a-reason_denied]")).to_be_hidden()
    sam.get_by_role("button", name="Answer").click()
    expect(sam.locator(".wrong")).to_contain_text("Choose a reason.")
    sam.locator("[name=a-reason_upheld]").select_option("facts_wrong")
    sam.get_by_label("What the applicant reads").fill("The register names your company.")
    sam.get_by_label("What should be looked at again").fill("The register entry.")
    sam.get_by_role("button", name="Answer").click()
    expect(sam.locator(".messagelist")).to_contain_text("in review again")

    olga.goto(f"/applications/{application.number}/")
    expect(olga.locator("main")).to_contain_text("Your appeal was upheld")
    expect(olga.locator("main")).not_to_contain_text("Not approved")
    assert Application.objects.get(pk=application.pk).state == "in_review"

    bob = browse(person("bob"))
    bob.goto(f"/admin/reviews/case/{decision.case_id}/")
    expect(bob.locator("#decide")).to_contain_text("somebody else looks at it now")
    bea = browse(person("bea"))
    bea.goto(f"/admin/reviews/case/{decision.case_id}/")
    expect(bea.locator("main, #content").first).to_contain_text("The register entry.")
    with bea.expect_navigation():
        bea.keyboard.press("c")
    expect(bea.locator(".pills").first).to_contain_text("yours until")
    watch.listening = False  # axe measures with inline styles
    olga.goto(f"/applications/{application.number}/appeal/")
    assert axe.look(olga) == []


def test_a_request_is_withdrawn_an_appeal_denied_and_its_reason_read_on_a_phone(browse: Browse, watch: Watch):
    decision = rejected("denied-model", "igor")
    application = decision.case.application
    igor = browse(application.applicant, viewport=PHONE, java_script_enabled=False)

    igor.goto(f"/applications/{application.number}/reinstatement/")
    igor.get_by_label("What have you changed").fill(MENDED)
    igor.get_by_role("button", name="Send the request").click()
    igor.locator("summary", has_text="Withdraw the request").click()
    igor.get_by_role("button", name="Withdraw it now").click()
    igor.goto(f"/applications/{application.number}/appeal/")
    igor.get_by_label("What did we get wrong?").fill("Too short.")
    igor.get_by_role("button", name="Send the appeal").click()
    expect(igor.locator(".wrong")).to_contain_text("at least 40 characters")
    igor.get_by_label("What did we get wrong?").fill(WRONG)
    igor.get_by_role("button", name="Send the appeal").click()

    sam = browse(person("sam"), reduced_motion="reduce")
    answer_page = f"/admin/enforcement/appeal/{Appeal.objects.get(decision=decision, kind='appeal').pk}/"
    sam.goto(answer_page)
    sam.get_by_role("button", name=re.compile("^Take")).click()
    sam.get_by_label("Deny").check()
    sam.locator("[name=a-reason_denied]").select_option("decision_right")
    sam.get_by_label("What the applicant reads").fill("The register still names somebody else.")
    sam.get_by_role("button", name="Answer").click()
    expect(sam.locator(".messagelist")).to_contain_text("Denied.")

    igor.reload()
    expect(igor.locator(".standing")).to_contain_text("The register still names somebody else.")
    expect(igor.locator(".standing")).to_contain_text("You may apply again from")
    watch.listening = False
    for path in ("/admin/enforcement/appeal/open/", answer_page):
        sam.goto(path)
        assert axe.look(sam) == []

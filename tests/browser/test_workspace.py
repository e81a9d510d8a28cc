"""The page of a case, by keyboard alone and by selecting: counted, restored, looked at."""

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from audit import clock
from onboarding.models import Program
from reviews.domain import claims, decisions, likenesses
from reviews.models import Decision, Finding, Unsent
from tests.browser import axe
from tests.browser.conftest import Browse, newcomer
from tests.factories import make_staff
from tests.processes import until
from tests.reviews.making import SAYS, make_case, send_again

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TYPED = {
    "summary": "An interview coach that scores each answer from 1 to 5 and tells the recruiter.",
    "detail": "A candidate uploads a CV and an advert; a career adviser reads every tenth session.",
}
CHANGED = TYPED | {
    "summary": "An interview coach that scores each answer from 1 to 5 for the candidate only."
}


class Keys:
    """A keyboard that counts: a chord is one press, text is none."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, []

    def press(self, key: str) -> None:
        self.pressed.append(key)
        self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.insert_text(text)


def reviewer():
    return make_staff(newcomer("rev").email.split("@")[0] + "-r", Role.REVIEWER)


def case_of(**fields):
    program = Program.objects.get(slug="image-model")
    return make_case(program, applicant=newcomer("zoe"), at=clock.now(), **{"answers": TYPED} | fields)


def test_a_case_is_rejected_by_keyboard_alone_in_six_keys_beyond_the_text(browse: Browse) -> None:
    case, page = case_of(domains=["employment"]), None
    page = browse(reviewer())
    page.goto(f"/admin/reviews/case/{case.pk}/")
    keys = Keys(page)

    with page.expect_navigation():
        keys.press("c")
    keys.press("r")
    expect(page.locator("#id_d-reason_rejected")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("Enter")
    keys.write("It scores people for a recruiter.")
    keys.press("Tab")
    keys.write("Show the score to the candidate only.")
    with page.expect_navigation():
        keys.press("Control+Enter")

    decision = Decision.objects.get(case=case)
    assert (decision.outcome, decision.what_would_change) == (
        "rejected",
        "Show the score to the candidate only.",
    )
    assert len(keys.pressed) <= 6


def test_a_passage_that_is_selected_goes_with_the_finding(browse: Browse) -> None:
    case, rev = case_of(domains=["employment"]), reviewer()
    claims.claim(case, by=rev, at=clock.now())
    page = browse(rev)
    page.goto(f"/admin/reviews/case/{case.pk}/")
    page.evaluate("""() => {
        const text = document.querySelector("[data-answer=summary]").firstChild;
        const at = text.data.indexOf("scores each");
        getSelection().setBaseAndExtent(text, at, text, at + "scores each answer".length);
    }""")

    page.keyboard.press("f")
    page.locator("[data-picker]").select_option("weapons")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Save findings").click()

    expect(page.locator("mark")).to_have_text("scores each answer")
    assert Finding.objects.get(case=case).quoted_in == "summary"


def test_what_was_typed_is_there_again_after_the_browser_was_closed(browse: Browse) -> None:
    case, rev = case_of(), reviewer()
    claims.claim(case, by=rev, at=clock.now())
    page = browse(rev)
    page.goto(f"/admin/reviews/case/{case.pk}/")
    page.keyboard.press("r")
    page.locator("#id_d-facts").fill("An hour of my work.")
    until(lambda: Unsent.objects.filter(case=case).exists(), "the page to save itself", seconds=15)
    page.close()

    again = browse(rev)
    again.goto(f"/admin/reviews/case/{case.pk}/")

    expect(again.locator("#id_d-facts")).to_have_value("An hour of my work.")
    expect(again.locator("#id_d-facts")).to_be_visible()


def test_a_page_full_of_everything_has_nothing_wrong(browse: Browse) -> None:
    rev, other = reviewer(), reviewer()
    for _ in range(3):
        near = case_of(title="Interview coach")
        claims.claim(near, by=other, at=clock.now())
        decisions.decide(near, by=other, at=clock.now(), outcome="approved", **SAYS["approved"])
    likenesses.keep_owed()
    case = case_of(title="Interview coach", domains=["employment"])
    claims.claim(case, by=rev, at=clock.now())
    decisions.decide(case, by=rev, at=clock.now(), outcome="needs_information", **SAYS["needs_information"])
    send_again(case, CHANGED, at=clock.now())
    page = browse(rev)
    page.goto(f"/admin/reviews/case/{case.pk}/")
    page.keyboard.press("j")

    expect(page.locator("h2:focus")).to_have_count(1)
    expect(page.locator("del").first).to_be_visible()
    assert axe.look(page) == []

"""The pages of the desk that a button leads to, one after the other, with long words in them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from playwright.sync_api import Page

from accounts.models import User
from accounts.roles import Role
from audit import clock
from reviews.domain import claims, handing, interests, telling
from reviews.models import Case
from tests.browser.conftest import newcomer
from tests.factories import make_program, make_staff
from tests.reviews.making import make_case, make_decision

DESK = "/admin/reviews/case/"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihung, and whatever else a long title may hold"
RULE = {
    "name": "Law for whoever asks", "condition": "areas contains legal", "why": "All ten were read twice.",
    "questions": "Who reads it before it is sent?",
}  # fmt: skip
Open = Callable[[User], Page]


def staff(name: str, role: Role) -> User:
    return make_staff(newcomer(name).email.split("@")[0] + "-s", role)


def stock() -> tuple[User, User, list[Case]]:
    """Return a reviewer, a senior, and three open cases that are alike; somebody else has two more."""
    at = clock.now()
    program = make_program(f"desk-{at:%H%M%S%f}", recall_minutes=30)
    rita, sven, other = (
        staff("rita", Role.REVIEWER), staff("sven", Role.SENIOR_REVIEWER), staff("otto", Role.REVIEWER)
    )  # fmt: skip
    titles = ("Docstrings for a small team", LONG, "Letters to tenants, read by a lawyer")
    alike = [
        make_case(
            program,
            title=title,
            applicant=newcomer("zoe"),
            at=at,
            answers={"areas": ["legal"], "summary": LONG * 3},
        )
        for title in titles
    ]
    taken, aside = (make_case(program, title=f"{words} {LONG}", at=at) for words in ("Taken:", "Aside:"))
    for case in (taken, aside):
        claims.claim(case, by=other, at=at)
    handing.hold(aside, by=other, at=at, until=at + timedelta(days=2), reason=f"Asked the registry. {LONG}")
    interests.override(taken, reviewer=rita, by=sven, at=at, reason="Nobody else of us reads Finnish.")
    told = make_program(f"told-{at:%H%M%S%f}")
    for outcome in ("approved", "rejected"):
        make_decision(outcome, by=other, program=told, at=at, answers={"areas": ["legal"]})
    telling.tell_owed(at=at)
    return rita, sven, alike


def steps(open_for: Open) -> Iterator[tuple[str, Page]]:
    """Yield what a page is called, and the page, after each step; whoever looks leaves it as it was."""
    rita, sven, alike = stock()
    yield from _of_a_reviewer(open_for(rita), alike)
    yield from _of_a_senior(open_for(sven))


def _of_a_reviewer(page: Page, alike: list[Case]) -> Iterator[tuple[str, Page]]:
    first = f"{DESK}{alike[0].pk}/"
    page.goto(first)
    page.click("button:has-text('Claim')")
    page.check("input[name=d-outcome][value=rejected]")
    page.select_option("#id_d-reason_rejected", "R4_identity")
    yield "decide form", page
    for name, words in (("facts", LONG), ("what_would_change", "A website in your own name.")):
        page.fill(f"#id_d-{name}", words)
    page.select_option("#id_d-main_category", "fraud_spam")
    page.click("text=Preview the letter")
    page.click("summary:has-text('As HTML')")
    yield "decide form, previewed", page
    page.goto(first)
    page.click("text=To read and print")
    yield "case file", page
    page.goto(first)
    page.locator("button:has-text('Give the case back')").click()
    yield "desk", page
    page.goto(f"{DESK}bulk/?" + "&".join(f"case={case.pk}" for case in alike))
    yield "bulk", page
    page.select_option("#id_reason", "A1_notify_list")
    page.click("text=Show every letter")
    yield "bulk, every letter", page
    page.click("text=Decide those ticked")
    yield "bulk, report", page
    page.goto(f"{DESK}desk/?q=no+such+words")
    yield "desk, nothing found", page
    page.goto(f"{DESK}desk/")
    page.click("text=Write as CSV")
    yield "queue as CSV", page
    for name, address in (("care", "care/"), ("second look", "second-look/")):
        page.goto(DESK + address)
        yield name, page


def _of_a_senior(page: Page) -> Iterator[tuple[str, Page]]:
    page.goto(f"{DESK}rules/")
    yield "triage rules", page
    page.goto(f"{DESK}rules/new/")
    for name, words in RULE.items():
        page.fill(f"#id_{name}", words)
    page.select_option("#id_lane", "hold")
    page.click("text=Try it out")
    yield "triage rule, dry run", page
    page.click("text=Keep as a draft")
    yield "triage rule, kept", page
    page.goto(f"{DESK}days-off/")
    page.select_option("#day_program", index=1)
    page.fill("#day_on", "2026-12-31")
    page.fill("#day_name", LONG[:80])
    page.click("text=Add the day")
    for name, address in (
        ("days off", "days-off/"), ("who has what", "claims/"), ("team", "team/"), ("quality", "quality/"),
    ):  # fmt: skip
        page.goto(DESK + address)
        yield name, page

"""Whole journeys in a real browser: each test is one, told in the order in which people live it."""

import itertools
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from accounts.models import User
from audit import clock
from demo import answers
from demo.journey import APPLICANT, OWN_PASSWORD, STORY
from onboarding.domain import programs, rates
from onboarding.domain.programs import Limits
from onboarding.models import Application, Key, Program
from onboarding.states import Environment
from tests.browser import axe, keyboard
from tests.browser.conftest import Browse, Site, newcomer, person
from tests.factories import accept_guidelines
from tests.processes import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FEDERAL = Path(__file__).resolve().parents[3] / "shared/data/applications/federal_2025_dev.jsonl"
SECRET = re.compile(r"gh_live_[0-9A-Za-z]{36}")
# The ordinary use of the demo, in a school: one category applies, so that conditions and a second person do too.
AT_SCHOOL = STORY | {"title": "Docstrings for a school's library", "areas": ["education"]}


def open_program(slug: str, *, per_week: int = 0) -> Program:
    made = programs.open_program(
        slug,
        name=slug.replace("-", " ").capitalize(),
        summary="Writes code from plain words.",
        models={f"{slug}-1": "The first"},
        limits=[Limits("trial", Environment.TEST, 5, 100), Limits("standard", Environment.LIVE, 60, 1000)],
        by=person("dora"),
        at=clock.now(),
        recall_minutes=0,
        refusal_recall_minutes=0,
    )
    if per_week:
        at = clock.now()
        rates.set_rate(made, per_week=per_week, from_at=at, by=person("dora"), at=at, reason="To begin with")
    return made


def wait_for(page: Page, words: str) -> None:
    """Open the page anew until it says so: a Celery worker is at it."""

    def says() -> bool:
        page.reload()
        return words in page.locator("main").inner_text()

    until(says, f"{page.url} to say {words!r}", seconds=30)


def fill_the_form(page: Page, given: dict) -> None:
    while "/form/" in page.url:
        before = page.url
        keyboard.fill(page, given, then="Save and ")
        assert page.url != before, page.locator(".wrong").inner_text()


def accept_and_open(page: Page, number: str) -> str:
    """Accept the invitation and open the key; return the secret shown."""
    page.goto(f"/applications/{number}/")
    wait_for(page, "You are invited")
    keyboard.press(page, "Accept the invitation")
    page.goto("/access/")
    wait_for(page, "Show the secret once")
    keyboard.press(page, "Show the secret once")
    return SECRET.search(page.locator("main").inner_text())[0]


PHONE_WITHOUT_SCRIPTS = {"viewport": axe.PHONE, "java_script_enabled": False}


@pytest.mark.parametrize(
    ("slug", "browser"),
    [("school-model", {}), ("phone-model", PHONE_WITHOUT_SCRIPTS)],
    ids=["on a wide screen", "at 360 px without scripts"],
)
def test_from_sign_up_to_an_opened_key_by_keyboard_alone(
    browse: Browse, site: Site, slug: str, browser: dict
):
    program, email = open_program(slug), f"alice@{slug}.example"
    use = AT_SCHOOL | {"title": f"{AT_SCHOOL['title']}, {slug}"}
    ana = browse(**browser)
    sign_up(ana, site, email)
    ana.goto("/guidelines/")
    keyboard.press(ana, "I have read and accept")
    ana.goto(f"/programs/{program.slug}/")
    keyboard.press(ana, "Apply")
    keyboard.press(ana, "Start the application")
    fill_the_form(ana, answers.complete(APPLICANT | {"email": email}, use, [f"{program.slug}-1"]))
    keyboard.press(ana, "Send the application")
    expect(ana.locator("main")).to_contain_text("We have your application.")
    expect(ana.locator("main")).to_contain_text(f"receipt sent to {email}")
    number = ana.url.rstrip("/").rpartition("/")[2]
    site.mailed(number)

    decide_with_conditions(browse(person("bob")), use["title"])
    sign(browse(person("sam")), use["title"])
    wait_for(ana, "You are in line.")

    dora = browse(person("dora"))
    dora.goto(f"/admin/onboarding/program/board/?program={program.slug}")
    dora.get_by_label("People a week").fill("5")
    dora.locator("#rate").get_by_label("Why").fill("Five a week, to begin with.")
    dora.get_by_role("button", name="Set this rate").click()
    expect(dora.locator(".messagelist")).to_contain_text("5 people a week from now on.")

    secret = accept_and_open(ana, number)
    key = Key.objects.get(grant__application__number=number)
    assert secret.startswith(key.hint[:8])
    assert key.opened_at is not None
    ana.goto("/access/")
    expect(ana.locator("main")).to_contain_text(key.hint)
    assert secret not in ana.content()


def sign_up(page: Page, site: Site, email: str) -> None:
    page.goto("/")
    keyboard.press(page, "Create an account")
    said = {"full_name": APPLICANT["name"], "email": email, "password1": OWN_PASSWORD}
    keyboard.fill(page, said, then="Create the account")
    link = site.mailed(r"/accounts/confirm-email/[^\s\"<]+", to=email)
    page.goto(link)
    keyboard.press(page, "Yes, this is my address")
    page.goto("/accounts/login/")
    keyboard.fill(page, {"login": email, "password": OWN_PASSWORD}, then="Sign in")


def open_from_the_queue(page: Page, title: str) -> None:
    """Walk down the queue with j to the case and open it."""

    def is_there() -> bool:
        page.goto("/admin/")
        return page.get_by_role("link", name=title).count() > 0

    until(is_there, "the case in the queue", seconds=30)
    for _ in range(30):
        page.keyboard.press("j")
        if page.evaluate(keyboard.FOCUSED)["words"] == title:
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")


def decide_with_conditions(bob: Page, title: str) -> None:
    open_from_the_queue(bob, title)
    with bob.expect_navigation():
        bob.keyboard.press("c")
    expect(bob.locator(".pills")).to_contain_text("yours until")
    bob.get_by_role("group", name="Education").get_by_text("concern").first.click()
    bob.get_by_role("button", name="Save findings").click()
    expect(bob.locator(".messagelist")).to_contain_text("Your findings are saved.")
    bob.keyboard.press("w")
    bob.locator("[name=d-reason_approved_with_conditions]").select_option("C3_human_review")
    bob.locator("[name=d-conditions]").first.check()
    bob.get_by_role("button", name="Decide").click()
    expect(bob).to_have_url(re.compile("/desk/"))


def sign(sam: Page, title: str) -> None:
    open_from_the_queue(sam, title)
    with sam.expect_navigation():
        sam.keyboard.press("s")
    expect(sam.locator(".messagelist")).to_contain_text("Signed.")


def test_the_manager_previews_and_sets_a_rate_pauses_and_resumes(browse: Browse):
    program = open_program("board-model", per_week=2)
    until(program.weeks.exists, "the first week", seconds=30)
    dora = browse(person("dora"))
    dora.goto(f"/admin/onboarding/program/board/?program={program.slug}")

    dora.get_by_label("People a week").fill("700")
    dora.get_by_role("button", name="Preview").click()
    expect(dora.get_by_role("status")).to_contain_text("This week's limit becomes 700 instead of 2")
    assert program.rate_steps.count() == 1
    dora.get_by_role("button", name="Set this rate").click()
    expect(dora.locator("#rate")).to_contain_text("This field is required.")
    dora.locator("#rate").get_by_label("Why").fill("The review has caught up.")
    dora.get_by_role("button", name="Set this rate").click()
    expect(dora.locator(".messagelist")).to_contain_text("700 people a week from now on.")

    dora.locator("summary", has_text="Pause").click()
    dora.locator(".brake").get_by_label("Why").fill("A flag to look into first.")
    dora.get_by_role("button", name="Pause now").click()
    expect(dora.locator(".notice")).to_contain_text("A flag to look into first.")
    dora.locator("summary", has_text="Resume").click()
    dora.locator(".brake").get_by_label("Why").fill("It was nothing.")
    dora.get_by_role("button", name="Resume now").click()
    expect(dora.locator(".messagelist")).to_contain_text("Board model admits again.")

    program.refresh_from_db()
    assert program.paused_at is None


@pytest.mark.skipif(not FEDERAL.exists(), reason="the list of real use cases is not on this machine")
def test_an_imported_application_is_decided_in_the_browser_and_its_owner_opens_the_key(
    browse: Browse, tmp_path
):
    program = open_program("imported-model", per_week=3)
    owner = newcomer("orla")
    accept_guidelines(owner, at=clock.now())
    rows = tmp_path / "first.jsonl"
    with FEDERAL.open() as source:
        rows.write_text("".join(itertools.islice(source, 5)))
    call_command("import_applications", str(rows), program=program.slug, owner=owner.email, verbosity=0)
    application = Application.objects.filter(program=program).order_by("id").first()

    bob = browse(person("bob"))
    until(lambda: hasattr(Application.objects.get(pk=application.pk), "case"), "the case to open", seconds=30)
    application = Application.objects.get(pk=application.pk)
    bob.goto(f"/admin/reviews/case/{application.case.pk}/")
    bob.keyboard.press("c")
    expect(bob.locator(".pills")).to_contain_text("yours until")
    bob.keyboard.press("a")
    bob.locator("[name=d-reason_approved]").select_option(index=1)
    bob.get_by_role("button", name="Decide").click()
    expect(bob).to_have_url(re.compile("/desk/"))

    secret = accept_and_open(browse(owner), application.number)
    assert Key.objects.get(grant__application=application).hint[:8] == secret[:8]


def test_the_form_is_filled_and_sent_with_scripts_switched_off(browse: Browse):
    program = open_program("plain-model")
    user: User = newcomer("nils-journey")
    accept_guidelines(user, at=clock.now())
    nils = browse(user, java_script_enabled=False)

    nils.goto(f"/apply/{program.slug}/")
    keyboard.press(nils, "Start the application")
    known = {"name": user.full_name, "email": user.email}
    fill_the_form(nils, answers.complete(known, STORY, [f"{program.slug}-1"]))
    keyboard.press(nils, "Send the application")

    expect(nils.locator("main")).to_contain_text("We have your application.")
    assert Application.objects.get(program=program).state == "submitted"

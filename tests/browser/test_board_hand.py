"""What a manager does by hand, in a browser: the stage, many places, people asked by hand; and the link they follow."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from audit import clock
from onboarding.domain import line_bulks, picks, stages
from onboarding.models import LineBulk, Pick, Program
from onboarding.states import LineVerb, Stage
from tests.browser import axe, keyboard
from tests.browser.conftest import Browse, Site, Watch, newcomer
from tests.browser.desk_walk import LONG, staff
from tests.factories import make_long_line, make_program, make_rate
from tests.onboarding.picking import csv_of, make_list, run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BOARD = "/admin/onboarding/program"
WHY = "Hospitals first this month."


def picky() -> Program:
    program = make_program(f"picky-{clock.now():%H%M%S%f}", stage=Stage.INVITATION_ONLY)
    program.summary = LONG
    program.save(update_fields=["summary"])
    return program


def worked_program() -> Program:
    """Return a program with a long line, changes of its stage, and bulks that were done, undone, and wait."""
    at = clock.now()
    program, dora = make_program(f"bulk-{at:%H%M%S%f}"), staff("dora", Role.ONBOARDING_MANAGER)
    make_rate(program, 100, from_at=at)
    make_long_line(program, 30, at=at - timedelta(days=3))
    stages.plan(program, to=Stage.OPEN, from_at=at + timedelta(days=9), by=dora, at=at, reason=LONG * 3)
    for verb, reason in ((LineVerb.HOLD, LONG * 3), (LineVerb.UNHOLD, "Answered"), (LineVerb.FORWARD, WHY)):
        bulk = line_bulks.ask(line_bulks.draft(program, verb=verb, by=dora, at=at, reason=reason))
        while verb != LineVerb.FORWARD and line_bulks.change_chunk(bulk.pk, at=at):
            pass
    return program


def asked_program() -> Program:
    """Return a program with people who were asked, took it up, were taken back, ran out; and a list that waits."""
    at, program, dora = clock.now(), picky(), staff("dora", Role.ONBOARDING_MANAGER)
    ana = newcomer("ana")
    run(
        make_list(
            program, ana.email, *(f"{'long' * 12}{n}@{'example' * 6}.org" for n in range(4)), by=dora, at=at
        ),
        at=at,
    )
    picks.take(Pick.objects.get(program=program, email=ana.email), by=ana, at=at)
    first = Pick.objects.filter(program=program, state="asked").first()
    picks.withdraw(first, by=dora, at=at, reason=LONG * 3)
    make_list(program, "waits@example.org", by=dora, at=at)
    return program


def upload(page: Page, program: Program, *emails: str) -> None:
    page.goto(f"{BOARD}/{program.slug}/picks/")
    page.set_input_files(
        "input[type=file]", {"name": f"{LONG[:60]}.csv", "mimeType": "text/csv", "buffer": csv_of(*emails)}
    )
    page.get_by_role("button", name="See what it would do").click()


def test_every_page_of_a_managers_hand_can_be_used(browse: Browse, watch: Watch) -> None:
    page, wrong = browse(staff("dora", Role.ONBOARDING_MANAGER)), []

    def look(name: str) -> None:
        watch.listening = False  # axe measures with inline styles, which the policy refuses as it should
        wrong.extend(f"{name}: {finding}" for finding in axe.look(page))
        watch.listening = True

    worked, asked = worked_program(), asked_program()
    for name, address in (
        ("stage", f"{worked.slug}/stage/"), ("places", f"{worked.slug}/line-bulk/"), ("asked", f"{asked.slug}/picks/"),
        ("nobody fits", f"{asked.slug}/picks/?email=x"), ("nobody", f"{picky().slug}/picks/"),
        ("not by invitation", f"{worked.slug}/picks/"),
    ):  # fmt: skip
        page.goto(f"{BOARD}/{address}")
        for summary in page.locator("details.confirm > summary").all()[:2]:
            summary.click()
        look(name)
    page.goto(f"{BOARD}/{worked.slug}/line-bulk/")
    page.get_by_role("button", name="Change them").click()
    look("places with problems")
    page.goto(f"{BOARD}/{asked.slug}/picks/")
    page.get_by_role("button", name="See what it would do").click()
    look("no file")
    upload(
        page,
        asked,
        "new@example.org",
        "waits@example.org",
        "no address",
        f"{'long' * 12}1@{'example' * 6}.org",
    )
    look("looked at")
    page.get_by_role("button", name="Ask 2 people").click()
    look("looked at, without a reason")

    assert wrong == []


def asked_by_letter(site: Site, email: str) -> tuple[Pick, str]:
    """Ask somebody, and return that with the address in the letter that came."""
    program, at = picky(), clock.now()
    run(make_list(program, email, by=staff("dora", Role.ONBOARDING_MANAGER), at=at), at=at)
    return Pick.objects.get(program=program), site.mailed(r"/asked/[\w-]+/", to=email)


def test_the_pages_that_the_link_opens_can_be_used(browse: Browse, site: Site, watch: Watch) -> None:
    ana, cleo, wrong = newcomer("ana"), newcomer("cleo"), []
    pick, link = asked_by_letter(site, ana.email)
    over, over_link = asked_by_letter(site, cleo.email)
    picks.withdraw(over, by=over.asked_by, at=clock.now(), reason="A slip")
    for name, who, address in (
        ("nobody", None, link), ("theirs", ana, link), ("another's", cleo, link), ("over", cleo, over_link),
    ):  # fmt: skip
        page = browse(who)
        page.goto(address)
        watch.listening = False
        wrong += [f"{name}: {finding}" for finding in axe.look(page)]
        watch.listening = True
    pick.refresh_from_db()

    assert (wrong, pick.state) == ([], "asked")


def test_a_list_is_asked_and_the_link_followed_to_the_form(browse: Browse, site: Site) -> None:
    program, ana = picky(), newcomer("ana")
    page = browse(staff("dora", Role.ONBOARDING_MANAGER))
    upload(page, program, ana.email)
    expect(page.locator("h2", has_text="1 would be asked")).to_be_visible()

    keyboard.fill(page, {"reason": "Partners of the lab"}, then="Ask 1 person")

    asked = program.pick_lists.get()
    while picks.ask_chunk(asked.pk, at=clock.now()):  # the site of these tests runs no rq
        pass
    link = site.mailed(r"/asked/[\w-]+/", to=ana.email)
    page = browse(ana)
    page.goto(link)
    keyboard.press(page, "Go on to the application")
    expect(page).to_have_url(re.compile(f"/apply/{program.slug}/$"))
    expect(page.get_by_text("You can apply for")).to_be_visible()
    assert Pick.objects.get(program=program).taken_by == ana


def test_many_places_are_moved_by_keyboard(browse: Browse) -> None:
    program = make_program(f"keys-{clock.now():%H%M%S%f}")
    make_long_line(program, 4, at=clock.now() - timedelta(days=1))
    page = browse(staff("dora", Role.ONBOARDING_MANAGER))
    page.goto(f"{BOARD}/{program.slug}/line-bulk/")
    typed = {"verb": "forward", "cohort": "", "reason": WHY}

    keyboard.fill(page, typed, then="Preview")
    expect(page.get_by_role("status").first).to_contain_text("4 places would go ahead of the rule")
    keyboard.fill(page, {}, then="Change them")

    bulk = LineBulk.objects.get(program=program)
    assert (bulk.verb, bulk.reason, bulk.found) == ("forward", WHY, 4)


def test_a_stage_is_planned_by_keyboard_after_saying_whom_it_finds(browse: Browse) -> None:
    program = picky()
    page = browse(staff("dora", Role.ONBOARDING_MANAGER))
    page.goto(f"{BOARD}/{program.slug}/stage/")

    keyboard.fill(page, {"to": "limited", "reason": "The first cohort is in."}, then="Preview")
    expect(page.get_by_text("Anybody can apply from then on.")).to_be_visible()
    keyboard.fill(page, {}, then="Change the stage")

    program.refresh_from_db()
    assert program.stage == "limited"

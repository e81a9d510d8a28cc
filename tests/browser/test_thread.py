"""Asking and answering with a file, in a real browser: both sides of the conversation."""

import re

import pytest
from playwright.sync_api import expect

from audit import clock
from onboarding.models import Attachment
from reviews.domain import claims, decisions, telling
from tests.browser.axe import look
from tests.browser.conftest import Browse, newcomer, person
from tests.browser.test_journeys import open_program, wait_for
from tests.factories import make_application
from tests.onboarding import files
from tests.reviews.making import SAYS, opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 740}


def asked_of(name: str, program: str):
    """Return an application whose applicant has been asked a question by Bob."""
    alice, at = newcomer(name), clock.now()
    application = make_application(open_program(program), applicant=alice, at=at, title="Mock interviews")
    case = opened(application, at=at)
    claims.claim(case, by=person("bob"), at=at)
    says = SAYS["needs_information"] | {"explanation": "It is too short to judge."}
    decisions.decide(case, by=person("bob"), at=at, outcome="needs_information", **says)
    telling.tell_owed(at=clock.now())
    return application, case


def chosen(name: str, content: bytes) -> dict:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


@pytest.mark.parametrize(
    "options", [{}, {"viewport": PHONE, "java_script_enabled": False}], ids=["wide", "phone, no scripts"]
)
def test_a_question_is_answered_with_a_file_and_the_reviewer_opens_it(browse: Browse, options, request):
    slug = f"thread-{len(request.node.name)}"
    application, case = asked_of(f"tessa-{slug}", slug)
    alice = browse(application.applicant, **options)
    alice.goto(f"/applications/{application.number}/")
    alice.get_by_role("link", name="Answer the question").first.click()
    alice.get_by_label("Your answer").fill("Our own editors read it first.")
    alice.get_by_label("Files").set_input_files([chosen("plan.pdf", files.archive())])
    alice.get_by_role("button", name="Send the answer").click()
    expect(alice.locator("main")).to_contain_text("“plan.pdf” is neither a PDF nor a PNG or JPEG image")
    expect(alice.get_by_label("Your answer")).to_have_value("Our own editors read it first.")

    alice.get_by_label("Files").set_input_files(
        [chosen("../../plan.exe", files.pdf()), chosen("b.png", files.png())]
    )
    alice.get_by_label("Demo video").fill("https://video.example/demo")
    alice.get_by_role("button", name="Send the answer").click()
    expect(alice).to_have_url(re.compile(f"/applications/{application.number}/$"))
    thread = alice.locator("#thread")
    expect(thread).to_contain_text("A reviewer asked")
    expect(thread).to_contain_text("Our own editors read it first.")
    with alice.expect_download() as got:
        thread.get_by_role("link", name="plan.pdf").click()
    assert got.value.suggested_filename == "plan.pdf"
    assert Attachment.objects.filter(application=application).count() == 2

    bob = browse(person("bob"))
    bob.goto(f"/admin/reviews/case/{case.pk}/")
    desk = bob.locator(".thread")
    expect(desk).to_contain_text("Our own editors read it first.")
    with bob.expect_download() as got:
        desk.get_by_role("link", name="b.png").click()
    assert got.value.suggested_filename == "b.png"
    if not options:
        assert look(bob) == []
        assert look(alice) == []


def test_answers_are_changed_and_sent_again_until_a_reviewer_opens_them(browse: Browse):
    application, _ = asked_of("vera", "amend-model")
    fresh = make_application(application.program, applicant=newcomer("wanda"), at=clock.now())
    wanda = browse(fresh.applicant)
    wanda.goto(f"/applications/{fresh.number}/")
    wanda.get_by_text("Change your answers").click()
    wanda.get_by_role("button", name="Open the answers").click()
    expect(wanda.locator("main")).to_contain_text("You are changing an application that was sent.")
    wanda.goto(f"/applications/{fresh.number}/")
    expect(wanda.locator("main")).to_contain_text("You have changes that are not sent.")
    wanda.get_by_role("button", name="Drop them").click()
    wait_for(wanda, "Change your answers")

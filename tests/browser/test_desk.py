"""The desk's pages that a button leads to, and what its scripts do while a page stays open."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from audit import clock
from reviews.domain import claims
from reviews.models import Claim
from tests.browser import axe
from tests.browser.conftest import Browse, Watch
from tests.browser.desk_walk import staff, steps
from tests.factories import make_program
from tests.processes import until
from tests.reviews.making import make_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_every_page_a_button_of_the_desk_leads_to_can_be_used(browse: Browse, watch: Watch) -> None:
    wrong = []
    for name, page in steps(browse):
        watch.listening = False  # axe measures with inline styles, which the policy refuses as it should
        wrong += [f"{name}: {finding}" for finding in axe.look(page)]
        watch.listening = True

    assert wrong == []


def test_the_claim_of_an_open_page_is_renewed_and_its_loss_is_said(browse: Browse, watch: Watch) -> None:
    rita, case = staff("rita", Role.REVIEWER), make_case(make_program("lease-model"), at=clock.now())
    claim = claims.claim(case, by=rita, at=clock.now() - timedelta(minutes=10))
    page = browse(rita)
    page.clock.install()
    page.goto(f"/admin/reviews/case/{case.pk}/")

    page.clock.fast_forward("03:01")

    until(lambda: Claim.objects.get(pk=claim.pk).expires_at > claim.expires_at, "the claim to be renewed")
    expect(page.locator("[data-lease]")).to_contain_text("yours until")
    claims.release(case, by=rita, at=clock.now())
    watch.listening = False  # the browser notes the answer 409, which is what is asked for
    page.clock.fast_forward("03:01")
    expect(page.locator("[data-lease].pill-stop")).to_contain_text("You do not hold this case")


def test_the_figures_above_the_queue_are_asked_anew(browse: Browse) -> None:
    rita, program = staff("rita", Role.REVIEWER), make_program("counts-model")
    page = browse(rita)
    page.clock.install()
    page.goto("/admin/reviews/case/desk/")
    mine = page.locator("[data-count=mine]")
    expect(mine).to_have_text("0")
    claims.claim(make_case(program, at=clock.now()), by=rita, at=clock.now())

    page.clock.fast_forward("00:31")

    expect(mine).to_have_text("1")

"""Access changed by requests in a real browser: raised to production, renewed, acknowledged."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from audit import clock
from demo import answers
from onboarding.domain import grants, keys
from onboarding.models import Grant
from policies.domain import acceptances, guidelines
from policies.models import GuidelineVersion
from tests.browser import axe, keyboard
from tests.browser.conftest import Browse, Watch, newcomer, person
from tests.browser.test_journeys import fill_the_form, wait_for
from tests.browser.test_keys import look
from tests.factories import publish_guidelines
from tests.onboarding.requesting import told, trial_grant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PLAIN_PHONE = {"viewport": axe.PHONE, "java_script_enabled": False}
SECRET = re.compile(r"gh_live_[0-9A-Za-z]{36}")
TICKS = {key: True for key in answers.EVIDENCE if key.startswith("ack_")}


def opened_trial(name: str, *, days: int = 1) -> Grant:
    """Return a trial grant of a program of its own, given so many days ago, with its test key opened."""
    at = clock.now() - timedelta(days=days)
    with transaction.atomic():  # the site's worker hears of it when all is done
        holder, version = newcomer(name), guidelines.in_force()
        acceptances.accept(
            holder, document="guidelines", version=version.version, text_hash=version.text_hash, at=at
        )
        grant = trial_grant(holder, slug=f"{name}-model", at=at)
        keys.issue_owed(at=at)
        keys.open(grant.keys.get(), by=holder, at=at)
    return grant


def test_a_trial_becomes_production_by_a_review_and_its_live_key_is_opened(browse: Browse, watch: Watch):
    grant = opened_trial("gita")
    gita = browse(grant.application.applicant)
    gita.goto(f"/access/{grant.public_id}/")
    expect(gita.locator("main")).to_contain_text("This is trial access")
    assert look(gita, watch) == []
    keyboard.press(gita, "Ask for production")
    fill_the_form(gita, answers.EVIDENCE)
    keyboard.press(gita, "Send the application")
    expect(gita.locator("main")).to_contain_text("Production review")
    expect(gita.locator("main")).to_contain_text("We have your application.")

    request = grant.requests.get()
    told(request, by=person("bob"), at=clock.now())
    wait_for(gita, "Approved: your access is for production now.")
    assert look(gita, watch) == []
    keyboard.press(gita, "Keys and limits")
    wait_for(gita, "Show the secret once")
    keyboard.press(gita, "Show the secret once")
    assert SECRET.search(gita.locator("main").inner_text())


def test_a_renewal_that_is_due_is_sent_on_a_phone_without_scripts(browse: Browse):
    grant = opened_trial("remi", days=330)
    remi = browse(grant.application.applicant, **PLAIN_PHONE)
    remi.goto("/access/")
    expect(remi.locator(".standing")).to_contain_text("This access ends on")
    assert remi.locator(".btn-fill").all_inner_texts() == ["Renew"]
    keyboard.press(remi, "Renew")
    fill_the_form(remi, {"use_changed": "no"} | TICKS)
    keyboard.press(remi, "Send the application")
    expect(remi.locator("main")).to_contain_text("You sent it in time")

    remi.goto(f"/access/{grant.public_id}/")
    expect(remi.locator(".standing")).to_contain_text("Your renewal is with us, and your access goes on.")
    after = Grant.objects.get(pk=grant.pk)
    assert (after.held_over_from, after.expires_at > grant.expires_at) == (grant.expires_at, True)


def test_changed_guidelines_are_acknowledged_with_one_button_and_the_limits_are_back(
    browse: Browse, watch: Watch
):
    grant, version = opened_trial("lima"), publish_for_later()
    limit(grant, version)
    lima = browse(grant.application.applicant)
    page = f"/access/{grant.public_id}/"
    lima.goto(page)
    expect(lima.locator(".standing")).to_contain_text("Trial limits apply since")
    assert look(lima, watch) == []
    keyboard.press(lima, "I have read and acknowledge")

    expect(lima).to_have_url(re.compile(f"{page}$"))
    expect(lima.locator("main")).not_to_contain_text("Trial limits apply")
    assert Grant.objects.get(pk=grant.pk).limited_since is None


def publish_for_later() -> GuidelineVersion:
    """Publish a material change; until it is in force nothing else on the site is different."""
    source = guidelines.shipped() | {"version": "9.0.0", "material": True}
    at = clock.now()
    return publish_guidelines(guidelines.load(source, by="test", at=at), at=at)


@transaction.atomic
def limit(grant: Grant, version: GuidelineVersion) -> None:
    """Put a grant where it is when nobody has acknowledged in time."""
    at = clock.now()
    Grant.objects.filter(pk=grant.pk).update(asked_version=version, asked_at=at, asked_times=1)
    grants.limit(grants.locked(grant.pk), by="test", at=at, reason="not_acknowledged")

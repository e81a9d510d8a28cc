"""What pages and letters say of requests about access: what it means for the access, and what is possible next."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import LedgerEntry
from onboarding.domain import applications, grants, keys, renewals, requests
from onboarding.models import Grant
from onboarding.states import ApplicationKind
from outbox.models import Letter
from reviews.domain import rejections
from tests.factories import accept_guidelines, make_grant, make_program, make_user
from tests.onboarding.requesting import EVIDENCE, LATER, described, sent, told, trial_grant

pytestmark = pytest.mark.django_db
Kind = ApplicationKind


@pytest.fixture
def alice():
    person = make_user("alice")
    accept_guidelines(person)
    return person


@pytest.fixture
def grant(alice):
    return trial_grant(alice)


def renewal(grant, person, *, days=-40):
    return sent(grant, Kind.RENEWAL, person, at=grant.expires_at + timedelta(days=days), use_changed="no")


def refused_renewal(grant, person, *, at, **more):
    request = renewal(grant, person)
    told(request, "rejected", at=at, **more)
    return request


def letter(kind: str) -> str:
    return " ".join(Letter.objects.filter(kind=kind).latest("pk").text.split())


# --- refused renewals


def test_a_refused_renewal_stands_against_applying_anew(grant, alice):
    at = grant.expires_at - timedelta(days=30)
    refused_renewal(grant, alice, at=at)

    assert rejections.reapply_from(grant.owner, grant.program) == at + timedelta(days=14)


def test_a_refused_change_of_use_stands_against_no_application(grant, alice):
    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE), "rejected")

    assert rejections.reapply_from(grant.owner, grant.program) is None


def test_the_letter_that_refuses_a_renewal_says_when_access_ends(grant, alice):
    refused_renewal(grant, alice, at=grant.expires_at - timedelta(days=30))

    says = letter("reviews/rejected")
    assert [
        part in says for part in ("we have not renewed your access", "Your access ends on", "or once")
    ] == [
        True,
        True,
        True,
    ]


def test_the_letter_that_refuses_a_production_review_says_that_trial_goes_on(grant, alice):
    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE), "rejected")

    assert "Your trial access stays as it is." in letter("reviews/rejected")


def test_whose_renewal_was_refused_is_reminded_of_the_end_and_not_to_send_one(grant, alice):
    refused_renewal(grant, alice, at=grant.expires_at - timedelta(days=35))

    renewals.remind_owed(at=grant.expires_at - timedelta(days=29))

    says = letter("onboarding/renewal_due")
    assert ("was not approved" in says, "send a renewal" in says) == (True, False)


@pytest.mark.parametrize(
    ("told_after", "reason"), [(5, "refused"), (None, "undecided")], ids=["refused", "undecided"]
)
def test_the_ledger_says_why_access_was_not_renewed(grant, alice, told_after, reason):
    request = renewal(grant, alice)
    if told_after is not None:
        told(request, "rejected", at=grant.expires_at + timedelta(days=told_after))

    renewals.expire_due(at=grant.expires_at + grants.HELD_OVER)

    assert lapse_reason(grant) == f"renewal_{reason}"


def lapse_reason(grant) -> str:
    return LedgerEntry.objects.get(event="application.lapsed", subject_id=str(grant.application_id)).reason


def test_the_letter_says_that_the_renewal_was_refused(grant, alice):
    refused_renewal(grant, alice, at=grant.expires_at - timedelta(days=30))

    renewals.expire_due(at=grant.expires_at)

    says = letter("onboarding/lapsed")
    assert ("the renewal was not approved" in says, "at any time" in says) == (True, False)


def test_the_letter_about_a_withdrawn_renewal_says_when_access_ends(grant, alice):
    applications.withdraw(renewal(grant, alice), by=alice, at=grant.expires_at - timedelta(days=39))

    assert "Your access ends on" in letter("onboarding/withdrawn")


# --- the live key of a production review


def test_a_live_key_is_numbered_where_the_name_is_taken(grant, alice):
    keys.issue_owed(at=LATER)
    grant.keys.update(name="Live key")

    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE))

    assert (Grant.objects.get().live_key_owed, Grant.objects.get().key_name != "Live key") == (True, True)


def test_where_no_live_key_can_be_owed_the_letter_says_how_to_make_one(grant, alice):
    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE))  # its first key is still being made

    assert "make one on the page of your keys" in letter("reviews/approved")


def test_where_a_live_key_is_owed_the_letter_promises_it(grant, alice):
    keys.issue_owed(at=LATER)

    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE))

    assert "a live key is made within a minute" in letter("reviews/approved")


# --- the pages


def page(client, person, address, request) -> str:
    client.force_login(person)
    return " ".join(client.get(reverse(address, args=[request.number])).content.decode().split())


def test_who_withdraws_a_held_over_renewal_reads_before_that_access_ends(client, grant, alice):
    request = renewal(grant, alice)

    assert "Your access then ends on" in page(client, alice, "application", request)


def test_after_withdrawing_a_renewal_the_page_says_when_access_ends(client, grant, alice):
    request = renewal(grant, alice)
    applications.withdraw(request, by=alice, at=grant.expires_at - timedelta(days=39))

    assert "Your access ends on" in page(client, alice, "application", request)


def test_access_that_ended_is_not_shown_as_having_left_the_line(client, grant, alice):
    renewals.expire_due(at=grant.expires_at)

    shown = page(client, alice, "application", grant.application)

    assert ("The access it gave ended on" in shown, "You left the line" in shown) == (True, False)


def test_the_timeline_ends_when_the_access_did(client, grant, alice):
    renewals.expire_due(at=grant.expires_at)
    client.force_login(alice)

    context = client.get(reverse("application", args=[grant.application.number])).context

    assert (context["steps"][-1].kind, context["steps"][-1].at) == ("ended", grant.expires_at)


def test_a_request_dropped_after_access_ended_says_so(client, grant, alice):
    request, after = renewal(grant, alice), grant.expires_at + grants.HELD_OVER
    renewals.expire_due(at=after)
    renewals.drop_moot(at=after)

    assert "The access it was about ended on" in page(client, alice, "application", request)


def test_the_page_says_how_to_make_a_live_key_that_could_not_be_owed(client, grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    told(request)

    assert "make one on the page of your keys" in page(client, alice, "application", request)


def test_the_check_hints_only_at_questions_it_puts(client, alice):
    program = make_program("code", production_review=True)
    use = {"decides": "decides_alone", "areas": ["employment"]}  # what the check would hint at
    grant = described(make_grant(program, applicant=alice), alice, **use)
    request = requests.start(grant, kind=Kind.RENEWAL, by=alice, at=grant.expires_at - timedelta(days=40))
    request = applications.save_draft(
        request, answers={"use_changed": "no"}, seen_version=0, by=alice, at=request.started_at
    )
    client.force_login(alice)

    hints = client.get(reverse("apply_check", args=[request.number])).context["hints"]

    assert hints == []

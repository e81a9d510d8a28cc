"""A test login in changes that are not sent: beside the one that was, and in its place only once they are."""

import re

import pytest

from onboarding.domain import amending, applications, sealing
from onboarding.domain.merging import Seen
from onboarding.domain.saving import save
from onboarding.models import SealedAnswer
from onboarding.states import ApplicationKind
from tests.factories import accept_guidelines, make_reviewer, make_user
from tests.onboarding.test_requests_told import EVIDENCE, LATER, sent, trial_grant

pytestmark = pytest.mark.django_db
SENT, ANOTHER = EVIDENCE["test_account"], "another / hunter3hunter3"


@pytest.fixture
def alice():
    person = make_user("alice")
    accept_guidelines(person)
    return person


@pytest.fixture
def request_sent(alice):
    """A production review that Alice sent and began to change."""
    request = sent(trial_grant(alice), ApplicationKind.PRODUCTION, alice, **EVIDENCE)
    return amending.begin(request, by=alice, at=LATER)


def type_in(request, login, by):
    """Save a login as the page does by itself."""
    request.refresh_from_db()
    seen = Seen(request.answers_version)
    return save(request, answers={"test_account": login}, seen=seen, by=by, at=LATER).application


def shown(request):
    return sealing.show(request, by=make_reviewer("bob"), at=LATER)["test_account"]


@pytest.mark.parametrize("login", ["x", "x" * 3000, ANOTHER])
def test_a_login_typed_in_unsent_changes_leaves_the_one_that_was_sent(request_sent, alice, login):
    type_in(request_sent, login, alice)

    assert shown(request_sent) == SENT


def test_a_login_typed_in_changes_counts_once_they_are_sent(request_sent, alice):
    changed = type_in(request_sent, ANOTHER, alice)

    amending.send(changed, by=alice, at=LATER)

    assert (shown(request_sent), SealedAnswer.objects.count()) == (ANOTHER, 1)


@pytest.mark.parametrize("end", ["discarded", "taken up"])
def test_a_login_of_changes_that_are_never_sent_is_gone(request_sent, alice, end):
    changed = type_in(request_sent, ANOTHER, alice)

    if end == "discarded":
        amending.discard(changed, by=alice)
    else:
        applications.take_up(applications.locked(changed), by=make_reviewer("bea"), at=LATER)

    assert (shown(request_sent), SealedAnswer.objects.count()) == (SENT, 1)


def test_the_page_tells_its_script_to_keep_no_login_in_the_browser(client, request_sent, alice):
    client.force_login(alice)

    page = client.get(f"/applications/{request_sent.number}/form/evidence/").content.decode()

    assert re.findall(r"""<textarea name="(\w+)"[^>]*data-secret""", page) == ["test_account"]

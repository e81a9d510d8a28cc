"""What the tests of the applicant's pages share."""

import pytest

from onboarding.domain import applications
from tests.factories import MONDAY, accept_guidelines, make_owner, make_program, make_user
from tests.onboarding.filled import good_for


@pytest.fixture
def now(monkeypatch):
    """Let the doors read MONDAY; a test moves on by calling this with a time."""

    def set_to(at):
        monkeypatch.setattr("audit.clock.now", lambda: at)

    set_to(MONDAY)
    return set_to


@pytest.fixture
def alice(client):
    """Return Alice, signed in."""
    user = make_user("alice")
    client.force_login(user)
    return user


@pytest.fixture
def program():
    return make_program("code")


@pytest.fixture
def draft(program, alice):
    accept_guidelines(alice)
    return applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)


@pytest.fixture
def ready(program, alice, draft):
    """Return a draft that only has to be sent."""
    return applications.save_draft(
        draft, answers=good_for(program, alice), seen_version=draft.answers_version, by=alice, at=MONDAY
    )

"""What the tests of the applicant's pages share."""

import pytest

from tests.factories import MONDAY, make_user


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

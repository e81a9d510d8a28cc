"""The people and the organisation that the tests of accounts are about."""

import pytest

from accounts.domain import organisations
from tests.factories import MONDAY, make_user, verified


@pytest.fixture
def alice():
    return verified(make_user("alice"))


@pytest.fixture
def ana():
    return verified(make_user("ana"))


@pytest.fixture
def pygma(alice):
    return organisations.found("Pygma Labs", "", by=alice, at=MONDAY)

"""A reviewer at the desk, and the case they hold."""

from datetime import timedelta

import pytest

from audit import clock
from reviews.domain import claims
from tests.factories import make_reviewer
from tests.reviews.making import make_case


@pytest.fixture
def bob(client):
    reviewer = make_reviewer()
    client.force_login(reviewer)
    return reviewer


@pytest.fixture
def held(bob):
    """A case that Bob holds now."""
    case = make_case(at=clock.now() - timedelta(hours=1))
    claims.claim(case, by=bob, at=clock.now())
    return case

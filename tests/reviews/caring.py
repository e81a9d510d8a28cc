"""Severe cases, and reviewers who chose."""

from datetime import datetime
from typing import Any

from accounts.models import User
from reviews.domain import optouts
from reviews.models import Case
from reviews.states import Choice
from tests.factories import MONDAY
from tests.reviews.making import make_case


def make_severe(*codes: str, **fields: Any) -> Case:
    """Return an open case that is expected to hold these categories; self-harm unless said."""
    return make_case(**{"domains": list(codes or ("self_harm",))} | fields)


def opt_out(user: User, *codes: str, at: datetime = MONDAY) -> None:
    choose(user, Choice.OUT, *codes or ("self_harm",), at=at)


def opt_in(user: User, *codes: str, at: datetime = MONDAY) -> None:
    choose(user, Choice.IN, *codes, at=at)


def choose(
    user: User, choice: str, *codes: str, minutes: int | None = None, at: datetime = MONDAY, **own: Any
) -> None:
    optouts.settle(by=user, at=at, choices=dict.fromkeys(codes, (choice, minutes)), **own)
    optouts.reroute_owed(at=at, of=user)

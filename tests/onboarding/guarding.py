"""Freeze rules, readings and freezes, made by the verbs the product uses."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.roles import Role
from onboarding.domain import freezes, guard_rules, guards
from onboarding.domain.guard_rules import Rule
from onboarding.domain.guards import Reading
from onboarding.models import Freeze, GuardRule, Program
from onboarding.states import GuardKind, GuardMode, Thaw
from tests.factories import MONDAY, make_manager

LATE = GuardKind.LATE
MINUTE = timedelta(minutes=1)
STRICT = Rule(GuardMode.ON, threshold=20, clear_below=10, window_days=1, minimum_sample=5, thaw=Thaw.PERSON)


def manager() -> User:
    """Return the one manager of the test."""
    return User.objects.filter(groups__name=Role.ONBOARDING_MANAGER).first() or make_manager()


def make_guard(
    program: Program, guard: GuardKind = LATE, *, at: datetime = MONDAY - MINUTE, **said: Any
) -> GuardRule:
    """Return a rule in force: on, stops from 20 on, green below 10, from 5 on; `said` says otherwise."""
    return guard_rules.set_rule(
        program, guard, replace(STRICT, **said), by=manager(), at=at, reason="Safety goes first."
    )


def read(
    program: Program, value: float, *, at: datetime = MONDAY, sample: int = 100, guard: GuardKind = LATE
) -> int:
    """Report a figure and let the rules do what follows; return how many freezes changed."""
    days = dict(guards.asked(guard)).get(program.pk, 1)
    guards.report(guard, [Reading(program.pk, days, value, sample)], at=at)
    return freezes.settle(program, at=at)


def make_freeze(
    program: Program, *, value: float = 30, at: datetime = MONDAY, guard: GuardKind = LATE, **said: Any
) -> Freeze:
    """Return an open freeze that a rule began."""
    make_guard(program, guard, at=at - MINUTE, **said)
    read(program, value, at=at, guard=guard)
    return Freeze.objects.open().get(program=program, guard=guard)


def lift(freeze: Freeze, *, at: datetime, reason: str = "Looked into; it is in hand.") -> Freeze:
    return freezes.lift(freeze, by=manager(), at=at, reason=reason)

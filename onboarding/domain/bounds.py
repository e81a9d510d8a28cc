"""What the conditions of an approval bound: models, requests, the end of access.

A condition is {category, text, kind} and, by its kind, `models` (codes), `per_minute` and `per_day` (requests),
`per_end_user` (requests a minute) and `most_output_tokens` (of one answer), or `on` (a day, ISO). One without a kind is
words alone.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from onboarding.models import Program
from onboarding.states import ConditionKind

Condition = dict[str, Any]
REPLACED = (ConditionKind.SCOPE, ConditionKind.LIMIT)  # the newest of a kind counts
REVIEW_LEAST = timedelta(days=30)  # of access after a long wait in line, whatever day was named


def models(conditions: Iterable[Condition], *, of: Sequence[str]) -> list[str]:
    """Return those of these models that every condition leaves."""
    kept = list(of)
    for condition in _of_kind(conditions, ConditionKind.SCOPE):
        kept = [code for code in kept if code in condition["models"]]
    return kept


def most(conditions: Iterable[Condition], name: str) -> int | None:
    """Return the least figure that conditions set for `per_minute` or `per_day`; None where none does."""
    return min((c[name] for c in _of_kind(conditions, ConditionKind.LIMIT) if c.get(name)), default=None)


def end(conditions: Iterable[Condition], *, program: Program) -> datetime | None:
    """Return when access ends for being looked at again: after the earliest day named, in the program's zone."""
    days = [date.fromisoformat(c["on"]) for c in _of_kind(conditions, ConditionKind.REVIEW_DATE)]
    if not days:
        return None
    return datetime.combine(min(days) + timedelta(days=1), time(), tzinfo=program.zone)


def first_end(conditions: Iterable[Condition], *, program: Program, term: datetime, at: datetime) -> datetime:
    """Return when access that begins at `at` ends: by its term, or by the day it is looked at again."""
    named = end(conditions, program=program)
    return min(term, max(named, at + REVIEW_LEAST)) if named else term


def merged(ours: Sequence[Condition], more: Sequence[Condition]) -> list[Condition]:
    """Return the conditions of both, each once. A newer scope or limit replaces an older one; a review was held."""
    newer = {condition.get("kind") for condition in more}
    kept = [
        condition
        for condition in ours
        if condition.get("kind") != ConditionKind.REVIEW_DATE
        and not (condition.get("kind") in REPLACED and condition["kind"] in newer)
    ]
    return [*kept, *(condition for condition in more if condition not in kept)]


def _of_kind(conditions: Iterable[Condition], kind: ConditionKind) -> list[Condition]:
    return [condition for condition in conditions if condition.get("kind") == kind]

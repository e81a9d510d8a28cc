"""Conditions of an approval as a reviewer writes them: tidied, checked, and put into words where none were typed.

What they do is `onboarding.domain.bounds`'.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from onboarding.models import Program
from onboarding.states import ConditionKind, Environment
from reviews.models import Case

TEXT_MOST = 300  # characters
MOST = 20
FIGURES: dict[str, tuple[str, ...]] = {
    ConditionKind.SCOPE: ("models",),
    ConditionKind.LIMIT: ("per_minute", "per_day", "per_end_user", "most_output_tokens"),
    ConditionKind.REVIEW_DATE: ("on",),
}  # what a kind carries beside category and text

LIMIT_WORDS = {
    "per_minute": "{:,} requests a minute",
    "per_day": "{:,} requests a day",
    "per_end_user": "{:,} requests a minute for each end user",
    "most_output_tokens": "{:,} tokens in one answer",
}
FIGURE_MOST = 1_000_000  # requests a minute of an end user, tokens of an answer

Condition = dict[str, Any]


def tidied(conditions: Iterable[Condition], program: Program) -> list[Condition]:
    """Return the conditions that say anything, each with a text; those of a kind with that and its figures."""
    found = []
    for condition in conditions:
        kind = str(condition.get("kind") or ConditionKind.OTHER)
        figures = {name: condition[name] for name in FIGURES.get(kind, ()) if condition.get(name)}
        text = " ".join(condition.get("text", "").split()) or _words(kind, figures, program)
        if text:
            said = {"category": condition.get("category", ""), "text": text}
            found.append(said if kind == ConditionKind.OTHER else said | {"kind": kind} | figures)
    return found


def problem(conditions: Sequence[Condition], case: Case, *, at: datetime) -> str:
    """Return what is wrong with tidied conditions, in words for the reviewer; nothing where they are sound."""
    if len(conditions) > MOST:
        return f"At most {MOST} conditions: nobody keeps more."
    for condition in conditions:
        if len(condition["text"]) > TEXT_MOST:
            return f"A condition has at most {TEXT_MOST} characters."
        if wrong := _wrong(condition, case, at):
            return wrong
    return ""


def _wrong(condition: Condition, case: Case, at: datetime) -> str:
    kind = condition.get("kind", ConditionKind.OTHER)
    if kind not in ConditionKind.values:
        return f"There is no kind of condition {kind!r}."
    if kind in FIGURES and not any(condition.get(name) for name in FIGURES[kind]):
        return f"“{ConditionKind(kind).label}” needs its {' or '.join(FIGURES[kind]).replace('_', ' ')}."
    checks = {
        ConditionKind.SCOPE: _wrong_scope,
        ConditionKind.LIMIT: _wrong_limit,
        ConditionKind.REVIEW_DATE: _wrong_day,
    }
    return checks[kind](condition, case, at) if kind in checks else ""


def _wrong_scope(condition: Condition, case: Case, _: datetime) -> str:
    offered = set(case.program.models.values_list("code", flat=True))
    asked = set(case.revision.answers.get("models") or []) & offered or offered
    if strange := set(condition["models"]) - asked:
        return f"Not asked for, so it cannot be allowed alone: {', '.join(sorted(strange))}."
    return ""


def _wrong_limit(condition: Condition, case: Case, _: datetime) -> str:
    tier = case.program.tiers.filter(environment=Environment.LIVE).order_by("-requests_per_day").first()
    for name, most in (
        ("per_minute", tier and tier.requests_per_minute),
        ("per_day", tier and tier.requests_per_day),
    ):
        figure = condition.get(name)
        if figure is None:
            continue
        if not isinstance(figure, int) or figure < 1 or (most and figure >= most):
            return (
                f"Requests {name.replace('_', ' a ').replace('per a ', 'a ')} lie below the tier's {most:,}."
            )
    for name in ("per_end_user", "most_output_tokens"):
        figure = condition.get(name, 1)
        if type(figure) is not int or not 1 <= figure <= FIGURE_MOST:
            return f"{LIMIT_WORDS[name].format(FIGURE_MOST)} are the most there may be, and 1 the least."
    return ""


def _wrong_day(condition: Condition, case: Case, at: datetime) -> str:
    try:
        day = date.fromisoformat(condition["on"])
    except ValueError:
        return "Write the day as year-month-day."
    if day <= at.astimezone(case.program.zone).date():
        return "The day it is looked at again lies ahead."
    return ""


def _words(kind: str, figures: Condition, program: Program) -> str:
    """Return the usual words of a condition nobody put into words."""
    if kind == ConditionKind.SCOPE and figures:
        names = dict(program.models.values_list("code", "name"))
        return f"Only {', '.join(str(names.get(code, code)) for code in figures['models'])} may be used."
    if kind == ConditionKind.LIMIT and figures:
        said = [
            words.format(figures[name])
            for name, words in LIMIT_WORDS.items()
            if isinstance(figures.get(name), int)
        ]
        return f"At most {' and '.join(said)}." if said else ""
    if kind == ConditionKind.REVIEW_DATE and figures:
        try:
            day = date.fromisoformat(figures["on"])
        except ValueError:
            return "Looked at again."
        return f"We look at this again by {day:%-d %B %Y}; access ends then unless it is renewed."
    usual = {
        ConditionKind.HUMAN_REVIEW: "A qualified person checks output before anyone relies on it.",
        ConditionKind.DISCLOSURE: "People are told that what they see was made by a machine.",
    }
    return usual.get(ConditionKind(kind), "") if kind in ConditionKind.values else ""

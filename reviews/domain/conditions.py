"""Conditions of an approval as a reviewer writes them: tidied, checked, and put into words where none were typed.

The usual words are kept in English, whoever decides, and read in the language of whoever reads them.

What they do is `onboarding.domain.bounds`'.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy, override
from django.utils.translation import gettext as _

from accounts.languages import grouped
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
    "per_minute": gettext_lazy("%(number)s requests a minute"),
    "per_day": gettext_lazy("%(number)s requests a day"),
    "per_end_user": gettext_lazy("%(number)s requests a minute for each end user"),
    "most_output_tokens": gettext_lazy("%(number)s tokens in one answer"),
}
ONLY = re.compile(r"Only (.+) may be used\.")
KEPT_IN = "en-gb"
BELOW_TIER = {
    "per_minute": gettext_lazy("Requests a minute lie below the tier's %(most)s."),
    "per_day": gettext_lazy("Requests a day lie below the tier's %(most)s."),
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
        return _("At most %(most)s conditions: nobody keeps more.") % {"most": MOST}
    for condition in conditions:
        if len(condition["text"]) > TEXT_MOST:
            return _("A condition has at most %(most)s characters.") % {"most": TEXT_MOST}
        if wrong := _wrong(condition, case, at):
            return wrong
    return ""


def _wrong(condition: Condition, case: Case, at: datetime) -> str:
    kind = condition.get("kind", ConditionKind.OTHER)
    if kind not in ConditionKind.values:
        return _("There is no kind of condition %(kind)s.") % {"kind": f"{kind!r}"}
    if kind in FIGURES and not any(condition.get(name) for name in FIGURES[kind]):
        return _("“%(kind)s” needs what it is about: a model, a number or a day.") % {
            "kind": ConditionKind(kind).label
        }
    checks = {
        ConditionKind.SCOPE: _wrong_scope,
        ConditionKind.LIMIT: _wrong_limit,
        ConditionKind.REVIEW_DATE: _wrong_day,
    }
    return checks[kind](condition, case, at) if kind in checks else ""


def _wrong_scope(condition: Condition, case: Case, _at: datetime) -> str:
    offered = set(case.program.models.values_list("code", flat=True))
    asked = set(case.revision.answers.get("models") or []) & offered or offered
    if strange := set(condition["models"]) - asked:
        return _("Not asked for, so it cannot be allowed alone: %(strange)s.") % {
            "strange": ", ".join(sorted(strange))
        }
    return ""


def _wrong_limit(condition: Condition, case: Case, _at: datetime) -> str:
    tier = case.program.tiers.filter(environment=Environment.LIVE).order_by("-requests_per_day").first()
    for name, most in (
        ("per_minute", tier.requests_per_minute if tier else None),
        ("per_day", tier.requests_per_day if tier else None),
    ):
        figure = condition.get(name)
        if figure is None:
            continue
        if not isinstance(figure, int) or figure < 1 or (most and figure >= most):
            return BELOW_TIER[name] % {"most": grouped(most or FIGURE_MOST)}
    for name in ("per_end_user", "most_output_tokens"):
        figure = condition.get(name, 1)
        if type(figure) is not int or not 1 <= figure <= FIGURE_MOST:
            most_words = LIMIT_WORDS[name] % {"number": grouped(FIGURE_MOST)}
            return _("%(most)s are the most there may be, and 1 the least.") % {"most": most_words}
    return ""


def _wrong_day(condition: Condition, case: Case, at: datetime) -> str:
    try:
        day = date.fromisoformat(condition["on"])
    except ValueError:
        return _("Write the day as year-month-day.")
    if day <= at.astimezone(case.program.zone).date():
        return _("The day it is looked at again lies ahead.")
    return ""


def read(condition: Condition) -> str:
    """Return what a kept condition says, in the language of whoever reads it; words of a person stand as they are."""
    text, kind = str(condition.get("text") or ""), str(condition.get("kind") or ConditionKind.OTHER)
    if kind == ConditionKind.SCOPE and (names := ONLY.fullmatch(text)):
        return _only(names[1])
    with override(KEPT_IN):
        is_usual = text == _usual(kind, condition)
    if is_usual:
        return _usual(kind, condition)
    return gettext(text) if text else ""


def _words(kind: str, figures: Condition, program: Program) -> str:
    """Return the usual words of a condition nobody put into words, as they are kept."""
    with override(KEPT_IN):
        if kind == ConditionKind.SCOPE and figures:
            names = dict(program.models.values_list("code", "name"))
            return _only(", ".join(str(names.get(code, code)) for code in figures["models"]))
        return _usual(kind, figures)


def _only(models: str) -> str:
    return _("Only %(models)s may be used.") % {"models": models}


def _usual(kind: str, figures: Condition) -> str:
    """Return the usual words of every kind that needs nothing looked up."""
    if kind == ConditionKind.LIMIT:
        said = [
            words % {"number": grouped(figures[name])}
            for name, words in LIMIT_WORDS.items()
            if isinstance(figures.get(name), int)
        ]
        return _("At most %(limits)s.") % {"limits": _(" and ").join(said)} if said else ""
    if kind == ConditionKind.REVIEW_DATE and figures.get("on"):
        try:
            day = date.fromisoformat(figures["on"])
        except ValueError:
            return _("Looked at again.")
        said_day = date_format(day, _("j F Y"))
        return _("We look at this again by %(day)s; access ends then unless it is renewed.") % {
            "day": said_day
        }
    if kind == ConditionKind.HUMAN_REVIEW:
        return _("A qualified person checks output before anyone relies on it.")
    if kind == ConditionKind.DISCLOSURE:
        return _("People are told that what they see was made by a machine.")
    return ""

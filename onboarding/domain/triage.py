"""Triage: the lane an application's answers ask for, the scrutiny domains they touch, its risk.

The lane is the strictest one that an answer triggers. A trigger that hangs on a missing answer means hold.
Only answers to set questions choose a lane: text and scores never do, and nothing is ever refused here. The
refuse lane asks for two people; it does not answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from onboarding.domain import answers, conditions, questions, risk
from onboarding.domain.answers import Answers, Reading
from onboarding.domain.conditions import Condition
from onboarding.models import Program, QuestionSet
from policies.models import Category, CategoryKind, GuidelineVersion, UsualUse
from policies.states import STRICTEST_FIRST, Lane

USUAL = "usual_use"

Reason = dict[str, Any]


@dataclass(frozen=True)
class Judgement:
    """`lane_reasons` are {domain, trigger, lane, missing, says}, strictest first."""

    lane: str
    lane_reasons: list[Reason]
    domains: list[str]
    risk_score: int
    risk_level: int
    risk_parts: list[risk.Part]


@dataclass(frozen=True)
class Rules:
    """What triage reads of a guideline version; its text never changes, so each process reads it once."""

    categories: tuple[Category, ...]
    usual_uses: dict[str, UsualUse]


def judge(
    given: Answers, *, question_set: QuestionSet, guidelines: GuidelineVersion, program: Program
) -> Judgement:
    """Judge a set of answers; the same answers always get the same judgement."""
    return judge_reading(
        Reading(answers.paper(questions.of(question_set), program), given), guidelines=guidelines
    )


def judge_reading(reading: Reading, *, guidelines: GuidelineVersion) -> Judgement:
    """Judge answers that are read already."""
    reasons, domains = _reasons(reading, guidelines)
    found = risk.assess(reading)
    return Judgement(reasons[0]["lane"], reasons, domains, found.score, found.level, found.parts)


def lane(reading: Reading, *, guidelines: GuidelineVersion) -> tuple[str, set[str]]:
    """Return the lane alone, and the categories and usual uses it rests on: what a preview of many needs."""
    reasons, _domains = _reasons(reading, guidelines)
    usual = f"{USUAL} = "
    named = {reason["domain"] or reason["trigger"].removeprefix(usual) for reason in reasons}
    return reasons[0]["lane"], named


def _reasons(reading: Reading, guidelines: GuidelineVersion) -> tuple[list[Reason], list[str]]:
    """Return why which lane, strictest first, and the scrutiny domains."""
    rules = _rules(guidelines.pk, guidelines.text_hash)
    triggered, domains, missing = _by_categories(reading, rules.categories)
    held, missing_too = _by_form(reading)
    usual, not_said = _by_usual_use(reading, rules.usual_uses)
    missing = list(dict.fromkeys(missing + missing_too + not_said))
    reasons = sorted(triggered + held + usual, key=lambda reason: STRICTEST_FIRST.index(reason["lane"]))
    if missing:
        after = sum(reason["lane"] == Lane.REFUSE for reason in reasons)
        reasons.insert(after, _missing_reason(reading, missing))
    if not reasons:
        reasons = [
            _reason("", "", Lane.HOLD, _("It is not on the list of usual uses, so a person decides first."))
        ]
    return reasons, domains


@lru_cache(maxsize=16)
def _rules(pk: int, text_hash: str) -> Rules:
    return Rules(
        tuple(Category.objects.filter(guidelines=pk).order_by("position")),
        {use.code: use for use in UsualUse.objects.filter(guidelines=pk)},
    )


def _by_categories(
    reading: Reading, categories: Iterable[Category]
) -> tuple[list[Reason], list[str], list[str]]:
    """Return the reasons, the scrutiny domains and the missing answers of the guidelines' triggers."""
    reasons: list[Reason] = []
    domains: list[str] = []
    missing: list[str] = []
    for category in categories:
        hit = None
        for text in category.triggers:
            condition, holds = _read(reading, text)
            if condition is None:
                reasons.append(_reason(category.code, text, Lane.HOLD, _unreadable(category.name)))
            elif holds is None:
                missing += reading.missing(condition)
            elif holds:
                hit = hit or condition
        if hit:
            reasons.append(
                _reason(category.code, hit.text, category.lane, _because(reading, category.name, hit))
            )
            domains += [category.code] if category.kind == CategoryKind.SCRUTINY else []
    return reasons, domains, missing


def _by_form(reading: Reading) -> tuple[list[Reason], list[str]]:
    """Return the reasons and the missing answers of the form's own rules."""
    reasons: list[Reason] = []
    missing: list[str] = []
    for hold in reading.paper.form.holds:
        condition, holds = _read(reading, hold.when)
        if condition is None or holds:
            reasons.append(_reason("", hold.when, Lane.HOLD, hold.says))
        elif holds is None:
            missing += reading.missing(condition)
    return reasons, missing


def _by_usual_use(reading: Reading, usual_uses: dict[str, UsualUse]) -> tuple[list[Reason], list[str]]:
    code = reading.given(USUAL)
    if code is None:
        return [], [USUAL]
    use = usual_uses.get(code) if isinstance(code, str) else None
    if use is None:
        return [], []
    return [_reason("", f"{USUAL} = {code}", use.lane, _("Usual use: %(use)s.") % {"use": use.text})], []


def _read(reading: Reading, text: str) -> tuple[Condition | None, bool | None]:
    """Return a trigger and whether it holds; (None, None) when unreadable: that must let nobody through."""
    try:
        condition = conditions.parse(text)
        return condition, conditions.evaluate(condition, reading.context)
    except conditions.BadCondition:
        return None, None


def _reason(domain: str, trigger: str, lane: str, says: str, missing: list[str] | None = None) -> Reason:
    return {"domain": domain, "trigger": trigger, "lane": str(lane), "missing": missing or [], "says": says}


def _missing_reason(reading: Reading, missing: list[str]) -> Reason:
    form = reading.paper.form
    names = [question.name if (question := form.question(key)) else key for key in missing]
    says = _("Not answered: %(questions)s.") % {"questions": "; ".join(names)}
    return _reason("", "", Lane.HOLD, says, missing)


def _unreadable(name: str) -> str:
    return _("%(category)s: its trigger cannot be read.") % {"category": name}


def _because(reading: Reading, name: str, condition: Condition) -> str:
    """Say which answers triggered a category. Triggers read set questions, so no typed text gets in here."""
    said = []
    for key in condition.keys:
        question = reading.paper.form.question(key)
        if question and (question.options or question.type == "number"):
            said.append(f"{question.name}: {answers.in_words(reading.paper, question, reading.given(key))}")
    return f"{name} ({'; '.join(said)})." if said else f"{name}."

"""Write filter rules, test them, and say where each stands: draft, shadow, on, off.

A version never changes what it says. In shadow it reads live traffic and only counts; it is switched on from there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import filter_trials
from enforcement.filters import endpoints, engine
from enforcement.filters.rules import Kind
from enforcement.models import FilterRule, FilterRuleVersion, FilterTestText
from enforcement.models.filter_rule import IN_USE, TEXT_MOST
from enforcement.permissions import may_write_filters
from enforcement.states import FILTER_TRANSITIONS, FilterAction, FilterKind, FilterState
from onboarding.domain.programs import SayWhy
from policies.domain import guidelines
from policies.models import Category

CODE = re.compile(r"[a-z][a-z0-9-]{1,58}[a-z0-9]")
MOST = {"name": 100, "why": 500}  # characters
MOST_TEXTS = 50  # test texts of a version
EVENTS = {
    FilterState.SHADOW: Event.FILTER_IN_SHADOW,
    FilterState.ON: Event.FILTER_SWITCHED_ON,
    FilterState.OFF: Event.FILTER_SWITCHED_OFF,
}


class NotYourFilters(Exception):
    def __init__(self) -> None:
        super().__init__(_("Policy editors write filter rules."))


class BadFilter(Exception):
    """A rule cannot be kept; `problems` says what is wrong, by field."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(" ".join(problems.values()))


class EditedMeanwhile(Exception):
    def __init__(self, rule: FilterRule):
        super().__init__(
            _(
                "“%(rule)s” was edited since you opened it: version %(number)s is shown now. Nothing was "
                "changed."
            )
            % {"rule": rule, "number": rule.number}
        )


class NoSuchStep(Exception):
    def __init__(self, version: FilterRuleVersion, to: str):
        super().__init__(
            _(
                "Version %(number)s is “%(state)s”; it cannot become “%(to)s”. A version is switched on "
                "from shadow."
            )
            % {
                "number": version.number,
                "state": version.get_state_display().lower(),
                "to": FilterState(to).label.lower(),
            }
        )


class TextsFail(Exception):
    def __init__(self, failing: int, of: int):
        super().__init__(
            _(
                "%(failing)s of %(of)s test texts did not come out as expected: nothing was switched. Write "
                "a version that passes them."
            )
            % {"failing": failing, "of": of}
        )


@dataclass(frozen=True)
class Wording:
    """What a version is to say, and the texts it has to hit and to let pass."""

    kind: str
    category: str
    content: str
    threshold: float = 1.0
    action: str = FilterAction.COUNT
    hits: Sequence[str] = ()
    passes: Sequence[str] = ()

    @property
    def texts(self) -> list[tuple[str, bool]]:
        return [(text, True) for text in self.hits] + [(text, False) for text in self.passes]


def write(
    code: str, name: str, wording: Wording, *, by: User, at: datetime, reason: str
) -> FilterRuleVersion:
    """Write a new rule: a draft. Raises NotYourFilters, BadFilter, SayWhy."""
    _must_be_allowed(by)
    name, problems = " ".join(name.split()), check(wording)
    if not CODE.fullmatch(code):
        problems["code"] = _("3 to 60 small letters, digits and hyphens, a letter first.")
    elif FilterRule.objects.filter(code=code).exists():
        problems["code"] = _("There is a rule with this code: edit that, or choose another.")
    if not name or len(name) > MOST["name"]:
        problems["name"] = _("Give it a name of at most %(most)s characters.") % {"most": MOST["name"]}
    if problems:
        raise BadFilter(problems)
    got = filter_trials.outcomes(_engine_rule(code, 1, wording), [text for text, _ in wording.texts])
    with transaction.atomic():
        rule = FilterRule.objects.create(code=code, name=name, made_at=at, made_by=by)
        return keep(rule, wording, got, by=by, at=at, reason=reason)


def edit(
    rule: FilterRule, wording: Wording, *, seen: int, by: User, at: datetime, reason: str
) -> FilterRuleVersion:
    """Write the next version of a rule, a draft; what is in use stays in use until this takes its place.

    `seen` is the version that was looked at. Raises NotYourFilters, EditedMeanwhile, BadFilter, SayWhy.
    """
    _must_be_allowed(by)
    if problems := check(wording):
        raise BadFilter(problems)
    got = filter_trials.outcomes(
        _engine_rule(rule.code, seen + 1, wording), [text for text, _ in wording.texts]
    )
    with transaction.atomic():
        rule = FilterRule.objects.select_for_update().get(pk=rule.pk)
        if seen != rule.number:
            raise EditedMeanwhile(rule)
        rule.number += 1
        rule.save(update_fields=["number"])
        return keep(rule, wording, got, by=by, at=at, reason=reason)


def test(version: FilterRuleVersion, *, by: User, at: datetime) -> FilterRuleVersion:
    """Run the test texts of a version that is not in use once more. Raises NotYourFilters, NoSuchStep."""
    _must_be_allowed(by)
    texts = list(version.test_texts.order_by("pk"))
    got = filter_trials.outcomes(version.as_rule, [each.text for each in texts])
    with transaction.atomic():
        version = _locked(version)
        if version.state in IN_USE:
            raise NoSuchStep(version, FilterState.DRAFT)
        for each, came in zip(texts, got, strict=True):
            each.got = came
        FilterTestText.objects.bulk_update(texts, ["got"])
        version.passed_at = at if all(each.got == each.expected for each in texts) else None
        version.save(update_fields=["passed_at"])
    return version


def switch(
    version: FilterRuleVersion, *, to: str, by: User | None, at: datetime, reason: str
) -> FilterRuleVersion:
    """Let a version count in shadow, switch it on or off; another one of its rule makes room. Twice is once.

    `by` None is the product itself, loading its built-in rules. Raises NotYourFilters, NoSuchStep,
    TextsFail, BadFilter, SayWhy.
    """
    if by is not None:
        _must_be_allowed(by)
    reason = _said(reason)
    if to in IN_USE:
        if version.category not in categories():
            raise BadFilter(
                {
                    "category": _("The guidelines in force have no category “%(category)s”.")
                    % {"category": version.category}
                }
            )
        _must_pass(version)
    with transaction.atomic():
        FilterRule.objects.select_for_update().get(pk=version.rule_id)
        version = _locked(version)
        if version.state == to:
            return version
        if to in IN_USE:
            for other in version.rule.versions.filter(state=to).select_for_update():
                _move(other, FilterState.OFF, by, at, reason)
        _move(version, to, by, at, reason)
    return version


def check(wording: Wording) -> dict[str, str]:
    """Return what is wrong with a wording, a sentence by field; empty when nothing is."""
    problems: dict[str, str] = {}
    if wording.kind not in FilterKind.values:
        problems["kind"] = _("Choose a kind of the list.")
    elif problem := engine.check(Kind(wording.kind), wording.content, endpoints.configured()):
        problems["content"] = problem
    if wording.category not in categories():
        problems["category"] = _("Choose a category of the guidelines in force.")
    if wording.action not in FilterAction.values:
        problems["action"] = _("Choose what follows a hit.")
    if not 0 < wording.threshold <= 1:
        problems["threshold"] = _("A score above 0 and at most 1.")
    return problems | _about_the_texts(wording)


def _about_the_texts(wording: Wording) -> dict[str, str]:
    """A rule that was never seen to let something pass was not tested."""
    problems = {}
    for field, texts in (("hits", wording.hits), ("passes", wording.passes)):
        if not texts:
            problems[field] = _("Write at least one text.")
        elif len(texts) > MOST_TEXTS:
            problems[field] = _("At most %(most)s texts; these are %(number)s.") % {
                "most": MOST_TEXTS,
                "number": len(texts),
            }
        elif any(len(text) > TEXT_MOST for text in texts):
            problems[field] = _("A text has at most %(most)s characters.") % {"most": grouped(TEXT_MOST)}
    if both := set(wording.hits) & set(wording.passes):
        problems["passes"] = _("“%(both)s” cannot both be hit and pass.") % {"both": next(iter(both))[:60]}
    return problems


def categories() -> dict[str, str]:
    """Return the name of each category of the guidelines in force, by code, in their order."""
    found = Category.objects.filter(guidelines=guidelines.in_force()).order_by("position")
    return dict(found.values_list("code", "name"))


def wording_of(version: FilterRuleVersion) -> Wording:
    texts = list(version.test_texts.values_list("text", "expected"))
    return Wording(
        version.kind, version.category, version.content, version.threshold, version.action,
        hits=[text for text, expected in texts if expected],
        passes=[text for text, expected in texts if not expected],
    )  # fmt: skip


def keep(
    rule: FilterRule,
    wording: Wording,
    got: Sequence[bool | None],
    *,
    by: User | None,
    at: datetime,
    reason: str,
    measured: dict[str, object] | None = None,
) -> FilterRuleVersion:
    """Keep a checked wording as the rule's newest version, in the caller's transaction. Raises SayWhy, BadFilter."""
    reason = _said(reason)
    passed = all(came == expected for came, (_, expected) in zip(got, wording.texts, strict=True))
    version = FilterRuleVersion.objects.create(
        rule=rule, number=rule.number, kind=wording.kind, category=wording.category, content=wording.content,
        threshold=wording.threshold, action=wording.action, why=reason, measured=measured or {}, written_at=at,
        written_by=by, passed_at=at if passed else None, changed_at=at, changed_by=by,
    )  # fmt: skip
    FilterTestText.objects.bulk_create(
        FilterTestText(version=version, text=text, expected=expected, got=came)
        for came, (text, expected) in zip(got, wording.texts, strict=True)
    )
    ledger.record(
        Event.FILTER_WRITTEN, subject=rule, actor=by or "filters", at=at, reason=ledger.digest(reason),
        version=version.number, passed=passed,
    )  # fmt: skip
    return version


def _move(version: FilterRuleVersion, to: str, by: User | None, at: datetime, reason: str) -> None:
    if to not in FILTER_TRANSITIONS[version.state]:
        raise NoSuchStep(version, to)
    version.state, version.changed_at, version.changed_by = to, at, by
    version.save(update_fields=["state", "changed_at", "changed_by"])
    ledger.record(
        EVENTS[FilterState(to)], subject=version.rule, actor=by or "filters", at=at,
        reason=ledger.digest(reason), version=version.number,
    )  # fmt: skip


def _must_pass(version: FilterRuleVersion) -> None:
    """Run the local tests now: the engine may read otherwise than when the version was written."""
    texts = list(version.test_texts.all())
    if version.kind == FilterKind.ENDPOINT:
        failing = sum(each.got != each.expected for each in texts)
    else:
        got = filter_trials.outcomes(version.as_rule, [each.text for each in texts])
        failing = sum(not came == each.got == each.expected for came, each in zip(got, texts, strict=True))
    if failing or not texts:
        raise TextsFail(failing, len(texts))


def _engine_rule(code: str, number: int, wording: Wording) -> engine.Rule:
    return engine.Rule(code, number, wording.category, Kind(wording.kind), wording.content, wording.threshold)


def _said(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise SayWhy
    if len(reason) > MOST["why"]:
        raise BadFilter(
            {
                "why": _("At most %(most)s characters; this has %(number)s.")
                % {"most": MOST["why"], "number": len(reason)}
            }
        )
    return reason


def _must_be_allowed(by: User) -> None:
    if not may_write_filters(by):
        raise NotYourFilters


def _locked(version: FilterRuleVersion) -> FilterRuleVersion:
    return FilterRuleVersion.objects.select_for_update(of=("self",)).select_related("rule").get(pk=version.pk)

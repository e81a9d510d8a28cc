"""Load the built-in filter rules: on where they were measured to beat a plain keyword list, else in shadow."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from enforcement.domain import filter_rules, filter_trials
from enforcement.domain.filter_rules import Wording
from enforcement.filters.builtin import Builtin, shipped
from enforcement.filters.rules import Rule
from enforcement.models import FilterRule, FilterRuleVersion
from enforcement.states import FilterAction, FilterState

WHY = gettext_noop("Built in: a floor, to be replaced by rules and endpoints of your own.")


@dataclass
class Loaded:
    """What came of each built-in rule, by code."""

    on: list[str]
    shadow: list[str]
    unchanged: list[str]
    left: list[str]  # edited here, or of a category the guidelines in force do not have


def load(*, at: datetime) -> Loaded:
    """Load what is new or changed. Safe to run twice; a rule that somebody here edited or switched stays theirs."""
    loaded = Loaded([], [], [], [])
    for builtin in shipped():
        getattr(loaded, _load(builtin, at)).append(builtin.code)
    return loaded


@transaction.atomic
def _load(builtin: Builtin, at: datetime) -> str:
    wording = Wording(
        builtin.kind, builtin.category, builtin.content, builtin.threshold, FilterAction.FLAG, builtin.hits,
        builtin.passes,
    )  # fmt: skip
    if builtin.category not in filter_rules.categories():
        return "left"
    rule = FilterRule.objects.select_for_update().filter(code=builtin.code).first()
    newest = rule.versions.first() if rule else None
    if rule and newest:
        if newest.written_by_id is not None or newest.changed_by_id is not None:
            return "left"
        if _says(newest, wording) and newest.measured == builtin.measured:
            return "unchanged"
        rule.number += 1
        rule.save(update_fields=["number"])
    else:
        rule = FilterRule.objects.create(code=builtin.code, name=builtin.name, is_builtin=True, made_at=at)
    read = Rule(builtin.code, rule.number, builtin.category, builtin.kind, builtin.content, builtin.threshold)
    got = filter_trials.outcomes(read, [text for text, _ in wording.texts])
    version = filter_rules.keep(rule, wording, got, by=None, at=at, reason=WHY, measured=builtin.measured)
    version = filter_rules.switch(version, to=FilterState.SHADOW, by=None, at=at, reason=WHY)
    if not builtin.beats_keywords:
        return "shadow"
    filter_rules.switch(version, to=FilterState.ON, by=None, at=at, reason=WHY)
    return "on"


def _says(version: FilterRuleVersion, wording: Wording) -> bool:
    held = filter_rules.wording_of(version)
    same = (held.kind, held.category, held.content, held.threshold, held.action) == (
        wording.kind, wording.category, wording.content, wording.threshold, wording.action,
    )  # fmt: skip
    return same and sorted(held.texts) == sorted(wording.texts)

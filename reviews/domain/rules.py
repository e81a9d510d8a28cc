"""Write triage rules, switch them on and off. A rule only suggests; people decide.

Rules read set answers, never words: what people type can neither trigger a rule nor avoid one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import answers, conditions, questions
from onboarding.domain.answers import Paper, Reading
from onboarding.domain.conditions import BadCondition
from onboarding.domain.programs import SayWhy
from onboarding.domain.questions import Form, Question
from onboarding.models import Application, Program, Revision
from policies.domain import guidelines
from policies.models import Category
from policies.states import Lane
from reviews.models import Case, RuleVersion, TriageRule
from reviews.models.triage import APPROVES_DECIDED, APPROVES_PRECISION, QUESTIONS_MOST
from reviews.permissions import may_write_rules
from reviews.states import RULE_TRANSITIONS, UNDECIDED, Expectation, RuleState

TYPED = ("text", "long", "email", "url", "secret_text")
MOST = {"name": 100, "condition": 500, "why": 500, "question": 300}  # characters
DUE_MOST = 30  # working days


class NotYourRules(Exception):
    def __init__(self) -> None:
        super().__init__(_("Senior reviewers and policy editors write triage rules."))


class BadRule(Exception):
    """A rule cannot be kept; `problems` says what is wrong, by field."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(" ".join(problems.values()))


class EditedMeanwhile(Exception):
    def __init__(self, rule: TriageRule):
        super().__init__(
            _(
                "“%(rule)s” was edited since you opened it: version %(number)s is shown now. Nothing was "
                "changed."
            )
            % {"rule": rule, "number": rule.number}
        )


class NoSuchStep(Exception):
    def __init__(self, rule: TriageRule, to: str):
        said = rule.get_state_display().lower()
        sentence = (
            _(
                "This rule is “%(state)s”; it cannot become “%(to)s”. Edit it first: the same words would fall "
                "silent again."
            )
            if rule.state == RuleState.SILENT
            else _("This rule is “%(state)s”; it cannot become “%(to)s”.")
        )
        super().__init__(sentence % {"state": said, "to": str(RuleState(to).label).lower()})


@dataclass(frozen=True)
class Wording:
    """What a rule is to say."""

    condition: str
    lane: str = ""
    domains: Sequence[str] = ()
    due_days: int | None = None
    questions: Sequence[str] = ()
    approves: bool = False
    expects: str = Expectation.SCRUTINY
    least_precision: int = 50
    least_decided: int = 30


@transaction.atomic
def write(
    name: str, wording: Wording, *, program: Program | None, by: User, at: datetime, reason: str
) -> RuleVersion:
    """Write a new rule; it is a draft. Raises NotYourRules, BadRule, SayWhy."""
    _must_be_allowed(by)
    name = " ".join(name.split())
    problems = check(wording)
    if not name or len(name) > MOST["name"]:
        problems["name"] = _("Give it a name of at most %(most)s characters.") % {"most": MOST["name"]}
    elif TriageRule.objects.filter(name=name).exists():
        problems["name"] = _("There is a rule with this name: edit that, or choose another.")
    if problems:
        raise BadRule(problems)
    rule = TriageRule.objects.create(name=name, program=program, changed_at=at, changed_by=by)
    return _keep(rule, wording, by, at, reason)


@transaction.atomic
def edit(
    rule: TriageRule, wording: Wording, *, seen: int, by: User, at: datetime, reason: str
) -> RuleVersion:
    """Let a rule say something else from now on: a new version, a draft. What it said before stays as it was.

    `seen` is the version that was looked at. Raises NotYourRules, EditedMeanwhile, BadRule, SayWhy.
    """
    _must_be_allowed(by)
    rule = _locked(rule)
    if seen != rule.number:
        raise EditedMeanwhile(rule)
    if problems := check(wording):
        raise BadRule(problems)
    if rule.state != RuleState.DRAFT:
        _move(rule, RuleState.DRAFT, by, at)
    rule.number += 1
    rule.save(update_fields=["number"])
    return _keep(rule, wording, by, at, reason)


@transaction.atomic
def switch_on(rule: TriageRule, *, seen: int, by: User, at: datetime) -> TriageRule:
    """Let a rule suggest, on every case that is not decided too. Twice is once.

    Raises NotYourRules, EditedMeanwhile, NoSuchStep, BadRule.
    """
    _must_be_allowed(by)
    rule = _locked(rule)
    if seen != rule.number:
        raise EditedMeanwhile(rule)
    if rule.state == RuleState.ON:
        return rule
    if problems := check(wording_of(rule.versions.get(number=rule.number))):
        raise BadRule(problems)  # the form or the guidelines have changed since it was written
    _move(rule, RuleState.ON, by, at)
    ledger.record(Event.RULE_SWITCHED_ON, subject=rule, actor=by, at=at, version=rule.number)
    owed = Case.objects.filter(state__in=UNDECIDED, rules_owed=False)
    (owed.filter(program=rule.program_id) if rule.program_id else owed).update(rules_owed=True)
    return rule


@transaction.atomic
def switch_off(rule: TriageRule, *, by: User, at: datetime) -> TriageRule:
    """Let a rule suggest nothing any more. Twice is once. Raises NotYourRules, NoSuchStep."""
    _must_be_allowed(by)
    rule = _locked(rule)
    if rule.state == RuleState.DRAFT:
        return rule
    if rule.state != RuleState.ON:
        raise NoSuchStep(rule, RuleState.DRAFT)
    _move(rule, RuleState.DRAFT, by, at)
    ledger.record(Event.RULE_SWITCHED_OFF, subject=rule, actor=by, at=at, version=rule.number)
    return rule


@transaction.atomic
def silence(rule: TriageRule, *, seen: int, at: datetime, **figures: int) -> bool:
    """Let a rule that errs too often suggest nothing until it is edited; False where somebody was faster."""
    rule = _locked(rule)
    if rule.state != RuleState.ON or rule.number != seen:
        return False
    _move(rule, RuleState.SILENT, None, at)
    ledger.record(
        Event.RULE_FELL_SILENT, subject=rule, actor="reviews", at=at, reason="below_its_bound",
        version=rule.number, **figures,
    )  # fmt: skip
    return True


def check(wording: Wording) -> dict[str, str]:
    """Return what is wrong with a rule, a sentence by field; empty when nothing is."""
    problems: dict[str, str] = {}
    if problem := check_condition(wording.condition):
        problems["condition"] = problem
    if wording.lane not in ("", *Lane.values):
        problems["lane"] = _("Choose a lane of the list, or none.")
    strange = set(wording.domains) - set(_codes())
    if strange:
        problems["domains"] = _("The guidelines in force have no %(strange)s.") % {
            "strange": ", ".join(sorted(map(str, strange)))[:200]
        }
    if wording.due_days is not None and not 0 < wording.due_days <= DUE_MOST:
        problems["due_days"] = _("A number of working days from 1 to %(due_most)s, or none.") % {
            "due_most": DUE_MOST
        }
    if len(wording.questions) > QUESTIONS_MOST:
        problems["questions"] = _("At most %(most)s questions.") % {"most": QUESTIONS_MOST}
    elif any(len(question) > MOST["question"] for question in wording.questions):
        problems["questions"] = _("A question has at most %(most)s characters.") % {"most": MOST["question"]}
    if wording.expects not in Expectation.values:
        problems["expects"] = _("Choose what people are expected to decide.")
    elif wording.expects == Expectation.CITED and not wording.domains:
        problems["expects"] = _("Name the domains that are expected to be cited.")
    if not 1 <= wording.least_precision <= 99:
        problems["least_precision"] = _("A whole number of percent from 1 to 99.")
    if not 5 <= wording.least_decided <= 10_000:
        problems["least_decided"] = _("A whole number of cases from 5 to 10,000.")
    return problems | _about_what_it_suggests(wording, problems)


def _about_what_it_suggests(wording: Wording, problems: dict[str, str]) -> dict[str, str]:
    if not (
        wording.lane
        or wording.domains
        or wording.due_days is not None
        or wording.questions
        or wording.approves
    ):
        return {"lane": _("Let it suggest something: a lane, a domain, a due time, a question.")}
    if wording.approves and (
        wording.lane != Lane.NOTIFY
        or wording.domains
        or wording.questions
        or wording.expects != Expectation.APPROVED
    ):
        return {
            "approves": _(
                "Only a rule of the notify lane, without domains and questions, that expects approval "
                "may approve by itself."
            )
        }
    if wording.approves and (
        wording.least_precision < APPROVES_PRECISION or wording.least_decided < APPROVES_DECIDED
    ):
        return {
            "approves": _(
                "A rule that approves by itself is measured on %(approves_decided)s cases or more, and falls "
                "silent below %(approves_precision)s %% or more: set both so."
            )
            % {"approves_decided": APPROVES_DECIDED, "approves_precision": APPROVES_PRECISION}
        }
    return {}


def check_condition(text: str) -> str:
    """Return why a condition cannot be used for triage, in a sentence; empty when it can."""
    if not text.strip():
        return _("Write a condition on an answer, such as: areas contains legal.")
    if len(text) > MOST["condition"]:
        return _("A condition has at most %(most)s characters.") % {"most": MOST["condition"]}
    form = questions.of(questions.current())
    try:
        condition = conditions.parse(text)
        for clause in condition.clauses:
            if problem := _clause_problem(clause, form):
                return problem
    except BadCondition as problem:
        return str(problem)
    return ""


def _clause_problem(clause: conditions.Clause, form: Form) -> str:
    question = form.question(clause.key)
    if question is None:
        return _("The form asks no question “%(key)s” that a rule may read.") % {"key": clause.key}
    if question.type in TYPED:
        return _("“%(key)s” is typed text: a rule reads set answers only, never words.") % {"key": clause.key}
    if clause.values == (conditions.SETTING,):
        return (
            ""
            if clause.key in form.settings
            else _("The question set's settings do not name %(key)s.") % {"key": clause.key}
        )
    if question.options and (strange := [v for v in clause.values if v not in question.options]):
        return _("“%(key)s” has no answer %(strange)s; it has: %(options)s.") % {
            "key": clause.key,
            "strange": strange[0],
            "options": ", ".join(question.options[:40]),
        }
    if question.type == "number" and not all(value.isdecimal() for value in clause.values):
        return _("“%(key)s” is a number; %(value)s is none.") % {
            "key": clause.key,
            "value": clause.values[0],
        }
    return ""


def set_questions(form: Form) -> list[Question]:
    """Return the questions a rule may read."""
    return [question for question in form.questions if question.type not in TYPED]


def fits(condition: str, reading: Reading) -> bool:
    """Return whether a condition surely holds of these answers; a missing one makes it not fit."""
    try:
        return conditions.evaluate(conditions.parse(condition), reading.context) is True
    except BadCondition:  # the application has an older form, which does not ask what the rule reads
        return False


def reading_of(revision: Revision, application: Application) -> Reading:
    """Return what was sent, read against its own form."""
    form = questions.of(revision.question_set)
    return Reading(_paper(form, application), revision.answers)


def _paper(form: Form, application: Application) -> Paper:
    return answers.paper(
        form, application.program, application.kind, in_production=application.is_about_production
    )


def wording_of(version: RuleVersion) -> Wording:
    return Wording(
        condition=version.condition,
        lane=version.lane,
        domains=version.domains,
        due_days=version.due_days,
        questions=version.questions,
        approves=version.approves,
        expects=version.expects,
        least_precision=version.least_precision,
        least_decided=version.least_decided,
    )


def _codes() -> list[str]:
    return list(_codes_of(guidelines.in_force().pk))


@lru_cache(maxsize=8)
def _codes_of(guidelines_id: int) -> tuple[str, ...]:
    return tuple(Category.objects.filter(guidelines=guidelines_id).values_list("code", flat=True))


def _keep(rule: TriageRule, wording: Wording, by: User, at: datetime, reason: str) -> RuleVersion:
    reason = " ".join(reason.split())
    if not reason:
        raise SayWhy
    if len(reason) > MOST["why"]:
        raise BadRule(
            {
                "why": _("At most %(most)s characters; this has %(number)s.")
                % {"most": MOST["why"], "number": len(reason)}
            }
        )
    said: dict[str, Any] = vars(wording) | {
        "domains": list(wording.domains),
        "questions": list(wording.questions),
    }
    version = RuleVersion.objects.create(
        rule=rule, number=rule.number, why=reason, written_at=at, written_by=by, **said
    )
    ledger.record(
        Event.RULE_WRITTEN, subject=rule, actor=by, at=at, reason=ledger.digest(reason), version=rule.number
    )
    return version


def _move(rule: TriageRule, to: RuleState, by: User | None, at: datetime) -> None:
    if to not in RULE_TRANSITIONS[rule.state]:
        raise NoSuchStep(rule, to)
    rule.state, rule.changed_at, rule.changed_by = to, at, by
    rule.save(update_fields=["state", "changed_at", "changed_by"])


def _locked(rule: TriageRule) -> TriageRule:
    return TriageRule.objects.select_for_update().get(pk=rule.pk)


def _must_be_allowed(by: User) -> None:
    if not may_write_rules(by):
        raise NotYourRules

"""What a decision says, checked before it is made; and who has to sign it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from onboarding.domain import questions, terms
from onboarding.states import ApplicationKind, ConditionKind, Environment
from policies.models import Category
from policies.states import Lane
from reviews.domain import allowed, comparing, conditions, reasons, signals, silence
from reviews.domain.reasons import Reason, Unfilled, UnknownReason
from reviews.models import Case
from reviews.permissions import conflicts
from reviews.states import APPROVALS, Outcome, SecondPerson, Verdict

MOST = {
    "explanation": 2000,
    "facts": 5000,
    "what_would_change": 2000,
    "question": 2000,
    "why_different": 1000,
    "emergency_reason": 500,
}  # characters
QUESTIONS_MOST = 10
REAPPLY_MOST = 3650  # days; a longer ban is "never", said so


class Incomplete(Exception):
    """A decision lacks something; `problems` says what, by field, in words for the reviewer.

    `begun` is the explanation, or the standard wording where none was written, as far as it could be filled in.
    """

    def __init__(self, problems: dict[str, str], *, begun: str = ""):
        self.problems, self.begun = problems, begun
        super().__init__(" ".join(problems.values()))


class Field(TextChoices):
    """The parts of a statement that can be wrong."""

    OUTCOME = "outcome"
    REASON_CODE = "reason_code"
    CATEGORIES = "categories"
    EXPLANATION = "explanation"
    FACTS = "facts"
    WHAT_WOULD_CHANGE = "what_would_change"
    REAPPLY = "reapply_after_days"
    CONDITIONS = "conditions"
    QUESTION = "question"
    WHY_DIFFERENT = "why_different"
    EMERGENCY = "emergency_reason"


TYPED = (
    Field.EXPLANATION, Field.FACTS, Field.WHAT_WOULD_CHANGE, Field.QUESTION, Field.WHY_DIFFERENT, Field.EMERGENCY,
)  # fmt: skip
FILLED_BY = {
    "category": Field.CATEGORIES,
    "conditions": Field.CONDITIONS,
    "fact": Field.FACTS,
}


@dataclass(frozen=True)
class Statement:
    """What a reviewer wants to decide.

    `categories`: codes, the main one first; `conditions`: see `conditions`; `questions`: [{question, about}], or one
    `question` alone.
    """

    outcome: str
    reason_code: str
    categories: Sequence[str] = ()
    explanation: str = ""
    facts: str = ""
    what_would_change: str = ""
    reapply_after_days: int | None = None
    reapply_never: bool = False
    conditions: Sequence[dict[str, Any]] = field(default_factory=list)
    question: str = ""
    why_different: str = ""
    questions: Sequence[dict[str, str]] = field(default_factory=list)
    emergency_reason: str = ""
    beside: Mapping[str, Any] = field(default_factory=dict)


def checked(statement: Statement, *, case: Case, by: User, at: datetime) -> tuple[Statement, Reason]:
    """Return the statement as it will be kept, and its reason. Raises Incomplete.

    An empty explanation becomes the reason's standard wording; a rejection without a rule for applying again takes
    the reason's; the categories of conditions are cited too.
    """
    problems: dict[str, str] = {}
    reason = _reason_of(statement, problems)
    if reason is None:
        raise Incomplete(problems)
    kept = _tidy(statement, reason, case)
    _check_categories(kept, case, by, problems)
    if kept.outcome == Outcome.REJECTED:
        _check_rejection(kept, problems)
    if reason.code == silence.REASON and (why_not := silence.why_not(case, at=at)):
        problems[Field.REASON_CODE] = why_not
    if kept.outcome == Outcome.APPROVED_WITH_CONDITIONS and not kept.conditions:
        problems[Field.CONDITIONS] = _("Write at least one condition, or approve without.")
    if wrong := conditions.problem(kept.conditions, case, at=at):
        problems[Field.CONDITIONS] = wrong
    if kept.outcome == Outcome.NEEDS_INFORMATION and not kept.question:
        problems[Field.QUESTION] = _("Write the question that the applicant is to answer.")
    if wrong := _wrong_questions(kept, case):
        problems[Field.QUESTION] = wrong
    kept = _check_precedents(kept, case, by, problems)
    kept = replace(kept, explanation=_explanation(kept, reason, case, at, problems))
    for name in TYPED:
        if len(getattr(kept, name)) > MOST[name]:
            problems[name] = _("At most %(most)s characters; this has %(number)s.") % {
                "most": grouped(MOST[name]),
                "number": grouped(len(getattr(kept, name))),
            }
    if problems:
        raise Incomplete(
            problems, begun=reason.begun(values(case, at=at, statement=kept), text=kept.explanation)
        )
    return kept, reason


def second_person(case: Case, *, reason: Reason | None = None, newcomer: bool = False) -> SecondPerson:
    """Return who signs beside the one who decides: one rule for all cases.

    Somebody signs where a scrutiny domain applies, the reason says so, the risk level is III or more, the lane is
    refuse, or who decides is new; at level IV a senior reviewer. Asking a question needs nobody. Without a reason:
    what the case alone asks for.
    """
    if reason is not None and reason.outcome == Outcome.NEEDS_INFORMATION:
        return SecondPerson.NOBODY
    if case.risk_level >= 4:
        return SecondPerson.SENIOR
    graver = case.domains or case.risk_level >= 3 or case.lane == Lane.REFUSE
    if graver or newcomer or (reason and reason.second_person):
        return SecondPerson.REVIEWER
    return SecondPerson.NOBODY


def values(
    case: Case,
    *,
    at: datetime,
    statement: Statement | None = None,
    named: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what the placeholders of the wordings stand for, as far as it is known without a person.

    `named` are the names of the categories, where the caller has read them.
    """
    named = names(case.revision.guidelines_id) if named is None else named
    domains = [named.get(code, code) for code in case.domains]
    known = {
        "version": case.revision.guidelines.version,
        "domain": _listed(domains),
        "area": _listed(domains),
        "tier": _tier(case),
        "review_on": _review_on(case, at),
    }
    if statement is not None:
        known["category"] = named.get(statement.categories[0], "") if statement.categories else ""
        known["conditions"] = "; ".join(condition["text"] for condition in statement.conditions)
        known |= _bounded(statement)
        known["fact"] = statement.facts if len(statement.facts) <= 600 else ""
    return known


def _bounded(statement: Statement) -> dict[str, str]:
    """Return what the conditions fill in: the models that are left, the day it is looked at again."""
    found = {}
    for condition in statement.conditions:
        if condition.get("kind") == ConditionKind.SCOPE:
            found["models"] = ", ".join(condition.get("models", ()))
        if condition.get("kind") == ConditionKind.REVIEW_DATE and condition.get("on"):
            with suppress(ValueError):
                found["review_on"] = f"{date.fromisoformat(condition['on']):%-d %B %Y}"
    return found


def _reason_of(statement: Statement, problems: dict[str, str]) -> Reason | None:
    if statement.outcome not in Outcome.values:
        problems[Field.OUTCOME] = _("Choose what you decide.")
        return None
    try:
        reason = reasons.get(statement.reason_code)
    except UnknownReason:
        problems[Field.REASON_CODE] = _("Choose a reason.")
        return None
    if reason.outcome != statement.outcome:
        problems[Field.REASON_CODE] = _("“%(name)s” is a reason to %(outcome)s; choose another.") % {
            "name": gettext(reason.name),
            "outcome": str(reason.outcome.label).lower(),
        }
        return None
    return reason


def _tidy(statement: Statement, reason: Reason, case: Case) -> Statement:
    conditional = statement.outcome == Outcome.APPROVED_WITH_CONDITIONS
    bounds = conditions.tidied(statement.conditions, case.program) if conditional else []
    asked = _asked(statement) if statement.outcome == Outcome.NEEDS_INFORMATION else []
    cited = [*statement.categories, *(c["category"] for c in bounds if c["category"])]
    rejected = statement.outcome == Outcome.REJECTED
    says_when = statement.reapply_never or statement.reapply_after_days is not None
    return replace(
        statement,
        categories=list(dict.fromkeys(cited)),
        conditions=bounds,
        explanation=statement.explanation.strip(),
        facts=statement.facts.strip(),
        what_would_change=statement.what_would_change.strip() if rejected else "",
        why_different=statement.why_different.strip(),
        question=_numbered([one["question"] for one in asked]),
        questions=asked,
        emergency_reason=statement.emergency_reason.strip(),
        reapply_after_days=(statement.reapply_after_days if says_when else reason.reapply_after_days)
        if rejected
        else None,
        reapply_never=rejected and (statement.reapply_never if says_when else reason.reapply_never),
    )


def _asked(statement: Statement) -> list[dict[str, str]]:
    """Return the questions that say anything."""
    given = statement.questions or [{"question": statement.question}]
    return [
        {"question": one["question"].strip(), "about": one.get("about", "")}
        for one in given
        if one.get("question", "").strip()
    ]


def _numbered(texts: Sequence[str]) -> str:
    """Return questions as the applicant reads them: one alone, or numbered."""
    if len(texts) < 2:
        return "".join(texts)
    return "\n\n".join(f"{number}. {text}" for number, text in enumerate(texts, start=1))


def _wrong_questions(kept: Statement, case: Case) -> str:
    if len(kept.questions) > QUESTIONS_MOST:
        return _("At most %(most)s questions at once.") % {"most": QUESTIONS_MOST}
    known = {question.key for question in questions.of(case.revision.question_set).questions}
    if strange := {one["about"] for one in kept.questions} - known - {""}:
        return _("The form has no question %(strange)s.") % {"strange": ", ".join(sorted(strange))}
    return ""


def _check_categories(kept: Statement, case: Case, by: User, problems: dict[str, str]) -> None:
    strange = set(kept.categories) - set(names(case.revision.guidelines_id))
    if strange:
        problems[Field.CATEGORIES] = _("These guidelines have no %(strange)s.") % {
            "strange": ", ".join(sorted(strange))
        }
        return
    mine = dict(
        case.findings.filter(reviewer=by, revision=case.revision_id).values_list("category", "verdict")
    )
    if kept.outcome in APPROVALS and Verdict.VIOLATES in mine.values():
        problems[Field.OUTCOME] = _(
            "You marked a category as violated: change that finding, or do not approve."
        )
    elif kept.outcome == Outcome.APPROVED and (
        why := allowed.against_approval(case, cited=kept.categories, mine=mine)
    ):
        problems[Field.OUTCOME] = why
    concerned = any(verdict != Verdict.NONE for verdict in mine.values())
    if not kept.categories and (kept.outcome != Outcome.APPROVED or concerned):
        problems[Field.CATEGORIES] = _("Name the category that this rests on, the main one first.")


def _check_precedents(kept: Statement, case: Case, by: User, problems: dict[str, str]) -> Statement:
    """Ask for a sentence where the nearest cases were clearly decided otherwise; keep none where they were not.

    What stood beside the case is kept with what people made of it: so likeness and signals are measured.
    """
    found = comparing.of(case, hidden=conflicts(by, to="application__"))
    custom = found.near.custom
    seen = {"signals": [signal.kind for signal in signals.of(case, kin=found.kin, twins=found.near.twins)]}
    kept = replace(kept, beside=seen | (custom.counts if custom else {}))
    if custom is None or not custom.differs(kept.outcome):
        return replace(kept, why_different="")
    if not kept.why_different:
        problems[Field.WHY_DIFFERENT] = _("%(custom)s: say in a sentence why this one differs.") % {
            "custom": custom
        }
    return kept


def _check_rejection(kept: Statement, problems: dict[str, str]) -> None:
    if not kept.facts:
        problems[Field.FACTS] = _("Write the facts that you rely on; the applicant reads them.")
    if not kept.what_would_change:
        problems[Field.WHAT_WOULD_CHANGE] = _("Write what would change this decision.")
    if kept.reapply_never and kept.reapply_after_days is not None:
        problems[Field.REAPPLY] = _("Either a number of days or never, not both.")
    elif kept.reapply_after_days is not None and not 0 <= kept.reapply_after_days <= REAPPLY_MOST:
        problems[Field.REAPPLY] = _("A number of days from 0 to %(most)s.") % {"most": grouped(REAPPLY_MOST)}


def _explanation(kept: Statement, reason: Reason, case: Case, at: datetime, problems: dict[str, str]) -> str:
    try:
        return reason.fill(values(case, at=at, statement=kept), text=kept.explanation)
    except Unfilled as error:
        left = tuple(name for name in error.names if FILLED_BY.get(name) not in problems)
        if left:  # what another field will fill is asked for there
            problems[Field.EXPLANATION] = str(Unfilled(left))
        return kept.explanation


def names(guidelines_id: int) -> dict[str, str]:
    """Return the names of a guideline version's categories, by code."""
    return dict(Category.objects.filter(guidelines=guidelines_id).values_list("code", "name"))


def _tier(case: Case) -> str:
    first = case.application.kind == ApplicationKind.ACCESS
    environment = Environment.TEST if first and case.program.production_review else Environment.LIVE
    tier = case.program.tiers.filter(environment=environment).first()
    return str(tier) if tier else ""


def _review_on(case: Case, at: datetime) -> str:
    """Return the day an approval given now ends at the latest; access ends by it too."""
    end = terms.end(case.revision, case.application, at=at)
    return f"{end.astimezone(case.program.zone):%-d %B %Y}"


def _listed(texts: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`, in small letters as inside a sentence."""
    small = [name[:1].lower() + name[1:] for name in texts]
    return " and ".join([", ".join(small[:-1]), small[-1]]) if len(small) > 1 else "".join(small)

"""What the page of one case shows, read with a fixed number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db.models import Model, Q
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from enforcement.domain import appeals
from onboarding.states import ApplicationState
from outbox.models import Letter
from policies.models import Category
from reviews.admin import answered
from reviews.admin.forms import (
    DecisionForm,
    FindingForm,
    OpinionForm,
    findings_forms,
    is_written,
    restore,
)
from reviews.admin.queue import due_words
from reviews.admin.short_forms import GiveBackForm, NoteForm, RecallForm
from reviews.domain import (
    changes,
    comparing,
    conditions,
    findings,
    kin,
    matches,
    opinions,
    reasons,
    signals,
    statements,
    unsent,
)
from reviews.domain import questions as questions_asked
from reviews.models import Case, Claim, Decision, Finding, Note, Unsent
from reviews.permissions import conflicts, may_correct, may_recall, may_sign
from reviews.states import UNDECIDED, CaseKind, CaseState, Outcome, SecondPerson, Verdict

TIMELINE_MOST = 100
HEAVIEST = 8  # parts drawn; all are in the table below the picture
LEVELS = ("", "I", "II", "III", "IV")
DECIDED = {
    Outcome.APPROVED: gettext_lazy("approved"),
    Outcome.APPROVED_WITH_CONDITIONS: gettext_lazy("approved with conditions"),
    Outcome.NEEDS_INFORMATION: gettext_lazy("information asked"),
    Outcome.REJECTED: gettext_lazy("rejected"),
}
SIGNS = {
    SecondPerson.NOBODY: "",
    SecondPerson.REVIEWER: gettext_lazy("a second reviewer signs"),
    SecondPerson.SENIOR: gettext_lazy("a senior reviewer signs"),
}


@dataclass(frozen=True)
class Step:
    """One event of the case, its application or its decisions."""

    at: datetime
    says: str
    who: str
    reason: str


@dataclass
class Work:
    """Everything the page of a case shows to one person at one moment; forms may be replaced by bound ones."""

    case: Case
    at: datetime
    hidden: Q  # the condition on cases this person may not see
    claim: Claim | None
    mine: bool
    may_claim: bool
    categories: list[Category]
    decisions: list[Decision]  # newest first
    was_overturned: bool  # by an appeal: what this person decided or signed here
    pending: Decision | None
    may_sign: bool
    decision_form: DecisionForm
    findings: list[FindingForm]
    found: list[answered.Found]
    note_form: NoteForm = field(default_factory=NoteForm)
    unsent: Unsent | None = None  # what this person typed and did not send
    hold_form: Any = None  # how the case passes on, bound where it was refused: see reviews.admin.handing
    hand_over_form: Any = None
    give_back_form: GiveBackForm = field(default_factory=GiveBackForm)
    sealed: dict[str, str] = field(default_factory=dict)  # a test login that was asked to be shown
    recall_form: RecallForm = field(default_factory=RecallForm)
    opinion_form: OpinionForm | None = None
    blind: bool = False  # what was proposed is kept from this person until their own opinion is in
    may_recall: bool = False
    may_correct: bool = False
    otherwise: bool = False  # a change or a correction came back with an error
    letter: Letter | None = None  # a preview
    token: str = field(default_factory=lambda: str(uuid4()))
    kept: bool = False  # something typed came back with an error: show it whatever the state

    @property
    def open_findings(self) -> list[FindingForm]:
        return [form for form in self.findings if self._stands_out(form)]

    @property
    def folded_findings(self) -> list[FindingForm]:
        return [form for form in self.findings if not self._stands_out(form)]

    @property
    def shows_forms(self) -> bool:
        return self.mine or self.kept

    @property
    def is_restored(self) -> bool:
        """Whether the forms hold what was typed earlier and never sent."""
        return self.mine and self.unsent is not None and self.unsent.revision_id == self.case.revision_id

    def take_back(self) -> None:
        """Put unsent work into the forms it was typed in."""
        if self.is_restored and self.unsent:
            for form in (self.decision_form, self.note_form, *self.findings):
                restore(form, self.unsent.typed)

    @property
    def unsent_words(self) -> list[tuple[str, str]]:
        """Return what was typed in words, with what each field is called: to read and copy."""
        typed = self.unsent.typed if self.unsent else {}
        forms = (self.decision_form, self.note_form, *self.findings)
        written = [form[name] for form in forms for name, f in form.fields.items() if is_written(f)]
        return [(str(f.label), typed[f.html_name][0]) for f in written if any(typed.get(f.html_name, []))]

    def finding(self, category: str) -> FindingForm:
        return next(form for form in self.findings if form.category.code == category)

    def _stands_out(self, form: FindingForm) -> bool:
        verdict = form["verdict"].value()
        return bool(form.category.code in self.case.domains or form.errors or form.is_written) or (
            verdict in (Verdict.CONCERN, Verdict.VIOLATES)
        )


def of(case: Case, *, user: User, at: datetime, data: Any = None, hidden: Q | None = None) -> Work:
    """Return the workspace of a case; with `data`, its forms hold what was typed.

    `hidden` is the condition on cases this person may not see, where the caller has asked for it already.
    """
    claim = case.claims.select_related("reviewer").filter(released_at=None, expires_at__gt=at).first()
    decisions = list(_decisions(case))
    overturned = any(d.overturned_at and user.pk in (d.decided_by_id, d.signed_by_id) for d in decisions)
    pending = _pending(case, decisions)
    categories = _categories(case)
    found = findings.latest(case)
    latest = decisions[0] if decisions else None
    if latest:
        latest.case = case
    blind = pending is not None and opinions.is_hidden(pending, from_=user)
    if blind:
        found = {code: finding for code, finding in found.items() if finding.reviewer_id == user.pk}
    work = Work(
        blind=blind,
        opinion_form=OpinionForm(categories=categories) if blind else None,
        may_recall=latest is not None and _stands_untold(latest) and may_recall(user, latest),
        may_correct=latest is not None and _is_correctable(latest, case) and may_correct(user, latest),
        token=(data or {}).get("token", "")[:36] or str(uuid4()),
        case=case,
        at=at,
        hidden=conflicts(user, to="application__") if hidden is None else hidden,
        claim=claim,
        mine=claim is not None and claim.reviewer_id == user.pk,
        may_claim=claim is None
        and not overturned
        and case.state in (CaseState.OPEN, CaseState.CLAIMED)
        and case.application.state in (ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW),
        categories=categories,
        decisions=decisions,
        was_overturned=overturned,
        pending=pending,
        may_sign=pending is not None and may_sign(user, pending),
        decision_form=DecisionForm(
            data, case=case, at=at, categories=categories, suggested=_suggested(case, found)
        ),
        findings=findings_forms(data, categories=categories, known=found),
        found=[
            answered.Found(category.name, found[category.code])
            for category in categories
            if category.code in found
        ],
        unsent=unsent.of(case, by=user) if data is None else None,
    )
    work.take_back()
    return work


def _stands_untold(decision: Decision) -> bool:
    return not (decision.told_at or decision.returned_at or decision.recalled_at)


def _is_correctable(decision: Decision, case: Case) -> bool:
    told = decision.told_at is not None and decision.overturned_at is None
    return told and decision.outcome != Outcome.NEEDS_INFORMATION and case.state == CaseState.DECIDED


def context(work: Work, *, user: User) -> dict[str, Any]:
    """Return what the template needs beside the workspace itself."""
    case, names = work.case, {category.code: category.name for category in work.categories}
    due, urgency = due_words(case, work.at)
    before, beside = changes.base(case), comparing.of(case, hidden=work.hidden)
    near = beside.near
    work.decision_form.measure(near.custom)
    decisions, signs = work.decisions, SIGNS[statements.second_person(case)]
    return {
        "work": work,
        "case": case,
        "application": case.application,
        "sections": answered.sections(case.revision, case, before=before, found=work.found),
        "unanswered": answered.unanswered(case),
        "compared": before,
        "kind": case.get_kind_display() if case.kind != CaseKind.APPLICATION else "",
        "grant": case.application.grant,
        "in_force": [conditions.read(said) for said in case.application.grant.conditions]
        if case.application.grant
        else [],
        "has_sealed": case.kind == CaseKind.PRODUCTION
        and case.application.sealed.filter(draft=False, wiped_at=None).exists(),
        "facts": [(name, answered.plain(value)) for name, value in case.application.facts.items()],
        "domains": [names.get(code, code) for code in case.domains],
        "lane_reasons": case.revision.lane_reasons,
        "signs": signs,
        "risk_words": _("level %(level)s · %(signs)s")
        % {"level": LEVELS[min(case.risk_level, 4)], "signs": signs or _("one reviewer")},
        "heaviest": heaviest(case.revision.risk_parts),
        "parts": [
            part for part in case.revision.risk_parts if part.get("points") or part.get("kind") == "missing"
        ],
        "due": due,
        "urgency": urgency,
        "waits": case.state in UNDECIDED
        and timesince(case.application.submitted_at or case.opened_at, work.at, depth=1),
        "decisions": [Said.of(decision, names) for decision in decisions if _is_shown(decision, work)],
        "pending": Said.of(work.pending, names) if work.pending else None,
        "latest": decisions[0] if decisions else None,
        "thread": questions_asked.thread(case.application)
        if any(decision.told_at for decision in decisions)
        else [],
        "earlier": kin.earlier(beside.kin),
        "near": near,
        "suggested": matches.on_case(case, names=names),
        "signals": signals.of(case, kin=beside.kin, twins=near.twins),
        "appeal": appeals.upheld_for(case) if any(decision.overturned_at for decision in decisions) else None,
        "was_overturned": work.was_overturned,
        "notes": _notes(work, user),
        "timeline": _timeline(work, user),
        "user": user,
    }


def _is_shown(decision: Decision, work: Work) -> bool:
    """Return whether a decision stands among those on this case: not the one that waits, shown beside; and where that
    is kept from this person, not what colleagues proposed before it and let go, with why."""
    return decision != work.pending and (decision.told_at is not None or not work.blind)


def _notes(work: Work, user: User) -> list[Note]:
    """Return the notes on a case; where the proposal is kept from this person, so is what colleagues wrote."""
    written = work.case.notes.select_related("author").order_by("pk")
    return list(written.filter(author=user) if work.blind else written)


@dataclass(frozen=True)
class Said:
    """A decision with the names of what it cites."""

    decision: Decision
    outcome: str
    reason: str
    explanation: str
    clauses: list[str]
    conditions: list[tuple[str, str]]
    signs: str

    @classmethod
    def of(cls, decision: Decision, names: Mapping[str, str]) -> "Said":
        return cls(
            decision=decision,
            outcome=DECIDED[Outcome(decision.outcome)],
            reason=reasons.name_of(decision.reason_code),
            explanation=reasons.read(decision.reason_code, decision.explanation),
            clauses=[names.get(code, code) for code in decision.categories],
            conditions=[
                (conditions.read(c), names.get(c["category"], c["category"])) for c in decision.conditions
            ],
            signs=SIGNS[SecondPerson(decision.second)],
        )


def heaviest(parts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the parts of a risk score that weigh most, for a small picture of it."""
    weighing = [part for part in parts if part.get("kind") == "impact" and part.get("points")]
    return sorted(weighing, key=lambda part: -part["points"])[:HEAVIEST]


def timeline(
    case: Case, decisions: Iterable[Decision], others: Iterable[Model] = (), *, known: Iterable[User] = ()
) -> list[Step]:
    """Return what the ledger holds about the case, its application, its decisions and `others`, newest first."""
    subjects = Q(subject_type=ledger.kind_of(case), subject_id=str(case.pk))
    subjects |= Q(subject_type=ledger.kind_of(case.application), subject_id=str(case.application_id))
    ids = [str(decision.pk) for decision in decisions]
    if ids:
        subjects |= Q(subject_type=Decision._meta.label_lower, subject_id__in=ids)
    for other in others:
        subjects |= Q(subject_type=ledger.kind_of(other), subject_id=str(other.pk))
    rows = list(LedgerEntry.objects.filter(subjects).order_by("-at", "-id")[:TIMELINE_MOST])
    people = {int(row.actor[5:]) for row in rows if row.actor.startswith("user:") and row.actor[5:].isdigit()}
    met = {user.pk: user for user in known}
    if strange := people - set(met):
        met |= {user.pk: user for user in User.objects.filter(pk__in=strange)}
    names = {f"user:{pk}": str(user) for pk, user in met.items()}
    return [
        Step(
            at=row.at,
            says=Event(row.event).label if row.event in Event.values else row.event,
            who=names.get(row.actor, row.actor.removeprefix("system:")),
            reason=""
            if ":" in row.reason
            else row.reason.replace("_", " "),  # a digest says nothing to people
        )
        for row in rows
    ]


def _timeline(work: Work, user: User) -> list[Step]:
    """Return the steps of a case, without what a proposal rests on where it is kept from this person."""
    steps = timeline(work.case, work.decisions, known=_people(work, user))
    return [replace(step, reason="") for step in steps] if work.blind else steps


def _people(work: Work, user: User) -> list[User]:
    """Return whom the page has read anyway."""
    met = [user, work.case.application.applicant, work.claim.reviewer if work.claim else None]
    met += [person for decision in work.decisions for person in (decision.decided_by, decision.signed_by)]
    return [person for person in met if person]


def _categories(case: Case) -> list[Category]:
    """Return the categories of the guidelines the revision is judged under; those that apply come first."""
    found = list(Category.objects.filter(guidelines=case.revision.guidelines_id).order_by("position", "pk"))
    return sorted(found, key=lambda category: category.code not in case.domains)


def _pending(case: Case, decisions: Iterable[Decision]) -> Decision | None:
    """Return the decision that waits for a second person."""
    if case.state != CaseState.AWAITING_SECOND:
        return None
    waiting = (d for d in decisions if d.waits_for_second)
    pending = next((decision for decision in waiting if decision.told_at is None), None)
    if pending:
        pending.case = case
    return pending


def _decisions(case: Case) -> Iterable[Decision]:
    found = case.decisions.select_related(
        "decided_by",
        "by_rule__rule",
        "signed_by",
        "returned_by",
        "recalled_by",
        "overturned_by",
        "supersedes",
        "request__answered_by",
        "guidelines",
    )
    return found.defer("guidelines__source").order_by("-pk")


def _suggested(case: Case, found: Mapping[str, Finding]) -> list[str]:
    """Return the categories a decision probably rests on: what was found, gravest first, else what applies."""
    grave = {Verdict.VIOLATES: 0, Verdict.CONCERN: 1}
    marked = sorted(
        (f for f in found.values() if f.verdict in grave), key=lambda f: grave[Verdict(f.verdict)]
    )
    return [finding.category for finding in marked] or list(case.domains)

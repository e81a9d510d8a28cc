"""Open cases for what was submitted, and close those whose application was withdrawn. Both are payers."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from audit import ledger
from audit.events import Event
from onboarding.models import Application, Revision
from onboarding.states import ApplicationState
from reviews.domain import calendars, due, ranking, severities
from reviews.models import Case, Claim, Decision
from reviews.states import CASE_TRANSITIONS, UNDECIDED, CaseState, ClaimEnd

CHUNK = 2000  # applications a transaction

INSERT = """
    INSERT INTO reviews_case (kind, program_id, application_id, revision_id, state, lane, risk_score, risk_level,
                              domains, opened_at, due_at)
    SELECT CASE a.kind WHEN 'access' THEN 'application' ELSE a.kind END,
        a.program_id, a.id, r.id, 'open', r.lane, r.risk_score, r.risk_level, r.domains, %s, d.due_at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS d (id, due_at)
    JOIN onboarding_application a ON a.id = d.id
    JOIN LATERAL (SELECT * FROM onboarding_revision WHERE application_id = a.id ORDER BY number DESC LIMIT 1) r ON TRUE
    WHERE a.state = 'submitted'
    ON CONFLICT (application_id) DO NOTHING
    RETURNING id"""


class IllegalMove(Exception):
    def __init__(self, case: Case, to: str):
        said = case.get_state_display().lower()
        super().__init__(
            _("This case is “%(state)s”; it cannot become “%(to)s”.")
            % {"state": said, "to": str(CaseState(to).label).lower()}
        )


def move(
    case: Case,
    *,
    to: CaseState,
    event: Event,
    by: ledger.Actor,
    at: datetime,
    reason: str = "",
    **details: object,
) -> None:
    """Change the state of a locked case and record it; the verbs of this app call it. Raises IllegalMove."""
    if to not in CASE_TRANSITIONS[case.state]:
        raise IllegalMove(case, to)
    if {case.state, to} != {CaseState.OPEN, CaseState.CLAIMED}:  # who holds it changes nothing in it
        case.version += 1
    case.state = to
    case.decided_at = at if to == CaseState.DECIDED else None
    case.expectation_owed = (
        case.expectation_owed or to == CaseState.OPEN
    )  # answered, given back: it may hold more
    if to == CaseState.OPEN:  # time passed, or its due time was moved
        ranking.place(case, at=at, calendar=calendars.of(case.program))
    case.save(update_fields=["state", "decided_at", "due_at", "expectation_owed", "version", *ranking.FIELDS])
    ledger.record(event, subject=case, actor=by, at=at, reason=reason, **details)


def locked(case: Case) -> Case:
    """Lock the application, then the case: the order everybody keeps."""
    Application.objects.select_for_update().get(pk=case.application_id)
    return (
        Case.objects.select_for_update(of=("self",))
        .select_related("application__owner", "application__applicant", "program", "revision__guidelines")
        .defer("revision__guidelines__source")
        .get(pk=case.pk)
    )


def locked_decision(decision: Decision) -> tuple[Case, Decision]:
    """Lock the application, the case and the decision, in that order."""
    case = locked(Case.objects.only("application_id").get(pk=decision.case_id))
    decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related(
            "decided_by",
            "signed_by",
            "returned_by",
            "recalled_by",
            "guidelines",
            "supersedes",
            "by_rule__rule",
        )
        .get(pk=decision.pk)
    )
    decision.case = case
    return case, decision


@transaction.atomic
def follow(case: Case, *, at: datetime) -> None:
    """Let an open case be about what its applicant sent last; it is what the sweep does, for one case and now."""
    follow_locked(locked(case), at=at)


def follow_locked(case: Case, *, at: datetime) -> None:
    """The same for a case that is locked. Safe to run twice; a case that was claimed once is never moved."""
    if not case.application.case_owed:
        return
    if case.state == CaseState.OPEN and case.application.state == ApplicationState.SUBMITTED:
        _follow(case, case.application.revisions.latest("number"), at)
    case.application.case_owed = False
    case.application.save(update_fields=["case_owed"])


def _follow(case: Case, sent: Revision, at: datetime) -> None:
    if case.revision_id == sent.pk:
        return
    calendar = calendars.of(case.program)
    case.due_at = due.after_amendment(
        case.due_at, was=case.lane, now=sent.lane, sent_at=sent.submitted_at, calendar=calendar
    )
    case.revision, case.lane, case.domains = sent, sent.lane, sent.domains
    case.risk_score, case.risk_level = sent.risk_score, sent.risk_level
    case.likeness_owed = case.rules_owed = True
    case.version += 1
    ranking.place(case, at=at, calendar=calendar)
    changed = ["revision", "lane", "domains", "risk_score", "risk_level", "due_at"]
    case.save(update_fields=[*changed, "likeness_owed", "rules_owed", "version", *ranking.FIELDS])
    severities.expect([case.pk])
    case.refresh_from_db(fields=["severity", "severe", "expectation_owed"])
    ledger.record(
        Event.CASE_FOLLOWED, subject=case, actor="reviews", at=at, revision=sent.number, lane=sent.lane,
        risk_level=sent.risk_level, due_at=case.due_at.isoformat(),
    )  # fmt: skip


def open_owed(*, at: datetime, most: int | None = None) -> int:
    """Open a case for each submitted application that is owed one; return how many were opened.

    An application that was amended has its case already: that follows the new revision.


    Safe to run twice and beside itself: a chunk is locked, inserted in one statement, recorded and taken off the
    promise in one transaction. A crash leaves the rest owed; none is opened twice.
    """
    opened = seen = 0
    while most is None or seen < most:
        taken, new = _open_chunk(at, CHUNK if most is None else min(CHUNK, most - seen))
        seen, opened = seen + taken, opened + new
        if not taken:
            break
    return opened


@transaction.atomic
def _open_chunk(at: datetime, most: int) -> tuple[int, int]:
    owed = list(
        Application.objects.without_case()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("program")
        .defer("answers", "facts")
        .order_by("pk")[:most]
    )
    if not owed:
        return 0, 0
    ready = [application for application in owed if application.state == ApplicationState.SUBMITTED]
    _follow_many(ready, at)
    programs = {application.program_id: application.program for application in ready}
    found = calendars.of_many(programs.values())
    dues = [due.due_at(a.lane, since=a.submitted_at or at, calendar=found[a.program_id]) for a in ready]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [at, [application.pk for application in ready], dues])
        opened = [Case(pk=pk) for (pk,) in cursor.fetchall()]
    ranking.rank_new([case.pk for case in opened], found=found, at=at)
    severities.expect(case.pk for case in opened)
    Application.objects.filter(pk__in=[application.pk for application in owed]).update(case_owed=False)
    ledger.record_many(Event.CASE_OPENED, subjects=opened, actor="reviews", at=at)
    return len(owed), len(opened)


def _follow_many(amended: list[Application], at: datetime) -> None:
    """Let the open cases among those of locked applications follow; most chunks have none of them."""
    sent = Revision.objects.filter(application=OuterRef("application")).order_by("-number").values("pk")[:1]
    behind = Case.objects.filter(application__in=amended, state=CaseState.OPEN).exclude(
        revision=Subquery(sent)
    )
    for case in behind.select_for_update(of=("self",)).select_related("program", "application"):
        _follow(case, case.application.revisions.latest("number"), at)


def close_withdrawn(*, at: datetime) -> int:
    """Close the cases of withdrawn applications; return how many. Safe to run twice; one transaction each."""
    withdrawn = Case.objects.filter(application__state=ApplicationState.WITHDRAWN).exclude(
        state=CaseState.CLOSED
    )
    return sum(_close(pk, at) for pk in list(withdrawn.values_list("pk", flat=True)[:CHUNK]))


@transaction.atomic
def _close(pk: int, at: datetime) -> bool:
    case = locked(Case.objects.only("application_id").get(pk=pk))
    if case.state == CaseState.CLOSED:
        return False
    Claim.objects.filter(case=case, released_at=None).update(released_at=at, ended=ClaimEnd.WITHDRAWN)
    # A decision that was not told yet is never told now: its promise is taken back, the row stays.
    Decision.objects.filter(case=case, told_at=None).exclude(tell_at=None).update(tell_at=None)
    if case.state not in UNDECIDED:
        move(case, to=CaseState.OPEN, event=Event.CASE_RELEASED, by="reviews", at=at, reason="withdrawn")
    move(case, to=CaseState.CLOSED, event=Event.CASE_CLOSED, by="reviews", at=at, reason="withdrawn")
    return True

"""Stages of a program: planned with a date and a reason, taken by a payer, told to those it touches.

People keep what they have: no change of stage touches a grant, a seat or an open invitation. In the open stage the
line stays and the week's limit follows it (ADR 22): who is approved is invited at once, and every brake still works.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import freezes, notices, programs, rates, weeks
from onboarding.domain.programs import IllegalStage, SayWhy
from onboarding.models import Application, Grant, Invitation, Program, StageChange, WaitlistEntry, Week
from onboarding.states import (
    STAGE_TRANSITIONS,
    UNDER_REVIEW_STATES,
    ApplicationState,
    EntryState,
    Stage,
)
from outbox import alike, hints

log = logging.getLogger(__name__)

CHUNK = 1000  # letters a transaction
MOST_AT_ONCE = 50_000  # people an open program invites in one run; the next run goes on
ADMIT_DUE = "onboarding.tasks.admit_due"
TELL_OWED = "onboarding.tasks.take_stages"
# Whom a change is told: those in line, and who has had a seat since; and whoever has a draft, where it can no longer
# be sent.
TOUCHED = """
    SELECT a.id, a.number, a.title, a.applicant_id, o.organisation_id, a.state = 'draft'
    FROM onboarding_application a JOIN accounts_owner o ON o.id = a.owner_id
        LEFT JOIN onboarding_waitlistentry entry ON entry.application_id = a.id AND (
            entry.state IN ('waiting', 'held') OR entry.state = 'seated' AND NOT %(closes)s
                AND EXISTS (SELECT FROM onboarding_seat seat
                    WHERE seat.entry_id = entry.id AND seat.given_at > %(since)s))
    WHERE a.program_id = %(program)s AND a.kind = 'access' AND a.applicant_id IS NOT NULL AND a.id > %(last)s
        AND (entry.id IS NOT NULL OR %(closes)s AND a.state = 'draft')
    ORDER BY a.id LIMIT %(chunk)s"""


class InThePast(Exception):
    def __init__(self) -> None:
        super().__init__(_("A stage begins now or later: what is over stays as it was."))


class NoRate(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("Set a weekly rate first: an open program invites by weeks, and without a rate no week begins.")
        )


class NotPlanned(Exception):
    def __init__(self, change: StageChange):
        said = _("was taken") if change.taken_at else _("is cancelled")
        super().__init__(_("This change %(said)s already; nothing was changed.") % {"said": said})


class OthersFollow(Exception):
    def __init__(self) -> None:
        super().__init__(_("What is planned after it would no longer follow: cancel that first."))


@dataclass(frozen=True)
class Touched:
    """How many people a change finds, by where they are."""

    drafts: int
    under_review: int
    waiting: int
    invited: int
    let_in: int


def touched(program: Program) -> Touched:
    """Count whom a change of stage would find now; four queries."""
    sent = Application.objects.for_access().filter(program=program)
    counts = sent.aggregate(
        drafts=Count("pk", filter=Q(state=ApplicationState.DRAFT)),
        under_review=Count("pk", filter=Q(state__in=UNDER_REVIEW_STATES)),
    )
    waiting = WaitlistEntry.objects.filter(program=program, state__in=[EntryState.WAITING, EntryState.HELD])
    return Touched(
        **counts,
        waiting=waiting.count(),
        invited=Invitation.objects.offered().filter(seat__week__program=program).count(),
        let_in=Grant.objects.live().filter(program=program).count(),
    )


def may_follow(program: Program) -> list[Stage]:
    """Return the stages that may come after what is planned last, in their order."""
    last = program.stage_changes.planned().last()
    return [stage for stage in Stage if stage in STAGE_TRANSITIONS[last.to if last else program.stage]]


@transaction.atomic
def plan(
    program: Program, *, to: Stage, from_at: datetime, by: User, at: datetime, reason: str
) -> StageChange:
    """Plan a change of stage; one from now on is taken at once.

    Everybody reads the reason. Raises SayWhy, InThePast, TooFarAhead, NoRate, IllegalStage: it must follow what is
    planned before it, and be followed by what is planned after it.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if not reason.strip():
        raise SayWhy
    if from_at < at:
        raise InThePast
    programs.must_be_near(from_at, at=at)
    if to == Stage.OPEN and rates.in_force(program, from_at) is None:
        raise NoRate
    for due in program.stage_changes.planned().filter(
        from_at__lte=at
    ):  # before what is planned now, in their order
        _take(due, at)
    program.refresh_from_db(fields=["stage"])
    planned = [(change.from_at, Stage(change.to)) for change in program.stage_changes.planned()]
    ordered = sorted(
        [*planned, (from_at, to)], key=lambda each: each[0]
    )  # stable: of one moment it is the last
    _must_be_legal(program, [stage for _from_at, stage in ordered])
    change = StageChange.objects.create(
        program=program, to=to, from_at=from_at, set_at=at, set_by=by, reason=reason.strip()
    )
    ledger.record(
        Event.STAGE_PLANNED, subject=change, actor=by, at=at, reason=ledger.digest(reason.strip()),
        program=program.slug, to=to, from_at=from_at.isoformat(),
    )  # fmt: skip
    if from_at <= at:
        _take(change, at)
    return change


@transaction.atomic
def cancel(change: StageChange, *, by: User, at: datetime, reason: str) -> StageChange:
    """Take a planned change back. Raises SayWhy, NotPlanned, OthersFollow."""
    program = Program.objects.select_for_update(no_key=True).get(pk=change.program_id)
    change = StageChange.objects.select_for_update().get(pk=change.pk)
    if not reason.strip():
        raise SayWhy
    if change.taken_at or change.cancelled_at:
        raise NotPlanned(change)
    others = program.stage_changes.planned().exclude(pk=change.pk)
    try:
        _must_be_legal(program, [Stage(other.to) for other in others])
    except IllegalStage:
        raise OthersFollow from None
    change.cancelled_at, change.cancelled_by, change.cancel_reason = at, by, reason.strip()
    change.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    ledger.record(
        Event.STAGE_CANCELLED, subject=change, actor=by, at=at, reason=ledger.digest(reason.strip())
    )
    return change


def take_due(*, at: datetime) -> int:
    """Take the changes whose time has come, the earliest first; return how many. Safe to run twice and late.

    One that fails does not hold up the others.
    """
    taken = 0
    for pk in list(StageChange.objects.planned().filter(from_at__lte=at).values_list("pk", flat=True)):
        try:
            taken += _take_one(pk, at)
        except Exception:
            log.exception("Change of stage %s could not be taken", pk)
    return taken


@transaction.atomic
def _take_one(pk: int, at: datetime) -> bool:
    change = StageChange.objects.get(pk=pk)
    Program.objects.select_for_update(no_key=True).get(pk=change.program_id)
    change = StageChange.objects.select_for_update().get(pk=pk)
    if change.taken_at or change.cancelled_at:
        return False  # while we waited for the lock
    _take(change, at)
    return True


def _take(change: StageChange, at: datetime) -> None:
    """Move the locked program; who planned it did it, whoever runs this."""
    programs.change_stage(
        change.program, to=Stage(change.to), by=change.set_by, at=at, reason=change.reason, change=change.pk
    )
    change.taken_at = at
    change.told_at = None if change.to in (Stage.OPEN, Stage.CLOSED) else at  # nobody's place changes else
    change.save(update_fields=["taken_at", "told_at"])
    for task in (ADMIT_DUE, TELL_OWED):
        transaction.on_commit(partial(hints.later, task), robust=True)


def _must_be_legal(program: Program, stages: Sequence[Stage]) -> None:
    standing = Program(name=program.name, stage=program.stage)
    for stage in stages:
        if stage not in STAGE_TRANSITIONS[standing.stage]:
            raise IllegalStage(standing, stage)
        standing.stage = stage


def tell_owed(*, at: datetime) -> int:
    """Write to those whom changes touch that were taken; return how many letters. Safe to run twice.

    A crash between two chunks goes on behind the last; letter and mark commit together.
    """
    told = 0
    for pk in list(StageChange.objects.untold().values_list("pk", flat=True)):
        try:
            while (written := _tell_chunk(pk, at)) is not None:
                told += written
        except Exception:
            log.exception("Change of stage %s could not be told", pk)
    return told


@transaction.atomic
def _tell_chunk(pk: int, at: datetime) -> int | None:
    """Write one chunk of letters; return how many, or None where nothing is left for this payer."""
    change = (
        StageChange.objects.untold()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("program")
        .filter(pk=pk)
        .first()
    )
    if change is None:
        return None
    closes = change.to == Stage.CLOSED
    with connection.cursor() as cursor:
        cursor.execute(
            TOUCHED,
            {
                "program": change.program_id,
                "last": change.told_up_to,
                "closes": closes,
                "chunk": CHUNK,
                "since": change.taken_at,
            },
        )
        rows = cursor.fetchall()
    if rows:
        change.told_up_to = rows[-1][0]
    else:
        change.told_at = at
    change.save(update_fields=["told_up_to", "told_at"])
    return alike.write(_letters(change, rows), at=at) if rows else None


def _letters(change: StageChange, rows: list[tuple[Any, ...]]) -> list[alike.Sheet]:
    kind = "program_closed" if change.to == Stage.CLOSED else "program_open"
    shared = {"program": change.program.name, "reason": change.reason}
    return [
        sheet
        for is_draft in (False, True)
        for sheet in notices.sheets(
            kind,
            [notices.Named(*named) for *named, draft in rows if draft == is_draft],
            once=f"stage:{change.pk}",
            shared=shared | {"is_draft": is_draft},
        )
    ]


def _free_for_all(week: Week) -> int:
    """Return the free seats of a locked week that no share keeps for its cohort."""
    kept = week.shares.aggregate(seats=Sum("limit", default=0), admitted=Sum("admitted", default=0))
    return week.limit - kept["seats"] - (week.admitted - kept["admitted"])


@transaction.atomic
def widen_open(program: Program, *, by: ledger.Actor, at: datetime) -> int:
    """Let the running week of an open program hold everybody who waits; return the seats added.

    Called before admitting. At most MOST_AT_ONCE at a time; a paused or frozen program stands still. Safe to run twice.
    """
    week = weeks.open_due(program, by=by, at=at)
    if week is None:
        return 0
    week = Week.objects.select_for_update(no_key=True).get(pk=week.pk)
    program = Program.objects.get(pk=program.pk)  # read under the lock: it may have closed meanwhile
    if program.stage != Stage.OPEN or program.paused_at or freezes.is_frozen(program, at=at):
        return 0
    step = rates.in_force(program, at)
    if step is None or step.per_week == 0:  # 0 lets nobody in, in every stage
        return 0
    # Who had a seat in this week already waits for the next one.
    waiting = WaitlistEntry.objects.waiting().filter(program=program).exclude(seats__week=week)
    short = waiting[:MOST_AT_ONCE].count() - _free_for_all(week)
    if short <= 0:
        return 0
    was, week.limit = week.limit, week.limit + short
    week.save(update_fields=["limit"])
    ledger.record(Event.WEEK_WIDENED, subject=week, actor=by, at=at, was=was, now=week.limit)
    return short

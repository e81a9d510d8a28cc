"""Open, pause and resume a program, and change its stage."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.models import OfferedModel, Program, Tier, Week
from onboarding.states import STAGE_TRANSITIONS, Environment, Stage
from outbox import hints


class SayWhy(Exception):
    """A change that people will ask about came without a reason."""

    def __init__(self) -> None:
        super().__init__(_("Say why: the reason is kept and shown to those who ask."))


class AlreadySo(Exception):
    """Asked for what is already the case."""


class IllegalStage(Exception):
    def __init__(self, program: Program, to: str):
        super().__init__(
            _("%(program)s is %(stage)s; it cannot become %(to)s.")
            % {
                "program": program,
                "stage": program.get_stage_display().lower(),
                "to": Stage(to).label.lower(),
            }
        )


@dataclass(frozen=True)
class Limits:
    """A tier to be made: requests a minute and a UTC day."""

    name: str
    environment: Environment
    per_minute: int
    per_day: int


@transaction.atomic
def open_program(
    slug: str,
    *,
    name: str,
    summary: str,
    models: dict[str, str],
    limits: Iterable[Limits],
    by: ledger.Actor,
    at: datetime,
    **settings: object,
) -> Program:
    """Create a program with its models (code -> name) and its tiers; other fields of Program by name."""
    program = Program.objects.create(slug=slug, name=name, summary=summary, opened_at=at, **settings)
    OfferedModel.objects.bulk_create(OfferedModel(program=program, code=c, name=n) for c, n in models.items())
    Tier.objects.bulk_create(
        Tier(
            program=program,
            name=tier.name,
            environment=tier.environment,
            requests_per_minute=tier.per_minute,
            requests_per_day=tier.per_day,
        )
        for tier in limits
    )
    ledger.record(Event.PROGRAM_OPENED, subject=program, actor=by, at=at, stage=program.stage)
    return program


def _locked(program: Program, at: datetime) -> Program:
    """Lock the program, then its running week: an admission under way ends before the change, none begins after it."""
    program = Program.objects.select_for_update().get(pk=program.pk)
    Week.objects.select_for_update().filter(program=program, starts_at__lte=at, ends_at__gt=at).first()
    return program


@transaction.atomic
def pause(program: Program, *, by: User, at: datetime, reason: str) -> Program:
    """Stop admission at once; open invitations stand. Raises SayWhy, AlreadySo."""
    program = _locked(program, at)
    if not reason.strip():
        raise SayWhy
    if program.paused_at:
        raise AlreadySo(_("%(program)s is paused already.") % {"program": program})
    program.paused_at, program.paused_by, program.pause_reason = at, by, reason.strip()
    program.save(update_fields=["paused_at", "paused_by", "pause_reason"])
    ledger.record(Event.PROGRAM_PAUSED, subject=program, actor=by, at=at, reason=ledger.digest(reason))
    return program


@transaction.atomic
def resume(program: Program, *, by: User, at: datetime, reason: str) -> Program:
    """Let admission go on. Raises SayWhy, AlreadySo."""
    program = _locked(program, at)
    if not reason.strip():
        raise SayWhy
    if not program.paused_at:
        raise AlreadySo(_("%(program)s is not paused.") % {"program": program})
    program.paused_at, program.paused_by, program.pause_reason = None, None, ""
    program.save(update_fields=["paused_at", "paused_by", "pause_reason"])
    ledger.record(Event.PROGRAM_RESUMED, subject=program, actor=by, at=at, reason=ledger.digest(reason))
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return program


@transaction.atomic
def change_stage(program: Program, *, to: Stage, by: User, at: datetime, reason: str) -> Program:
    """Move a program to another stage; people keep what they have. Raises SayWhy, IllegalStage."""
    program = _locked(program, at)
    if not reason.strip():
        raise SayWhy
    if to not in STAGE_TRANSITIONS[program.stage]:
        raise IllegalStage(program, to)
    was, program.stage = program.stage, to
    program.save(update_fields=["stage"])
    ledger.record(
        Event.PROGRAM_STAGE_CHANGED,
        subject=program,
        actor=by,
        at=at,
        reason=ledger.digest(reason),
        was=was,
        now=to,
    )
    return program

"""Open, pause and resume a program, and change its stage."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
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


class TooFarAhead(Exception):
    """Planned for a day nobody plans for: a typing slip, or "for ever" in disguise."""

    def __init__(self) -> None:
        super().__init__(_("A plan begins within ten years; for what has no end, leave the end out."))


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


MOST_AHEAD = timedelta(days=3653)


def must_be_near(moment: datetime, *, at: datetime) -> None:
    """Raise TooFarAhead for what begins in more than ten years: the calendar's last days cannot be read again."""
    if moment > at + MOST_AHEAD:
        raise TooFarAhead


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


def locked(program: Program, at: datetime) -> Program:
    """Lock the program, then its running week: an admission under way ends before the change, none begins after it."""
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    Week.objects.select_for_update(no_key=True).filter(
        program=program, starts_at__lte=at, ends_at__gt=at
    ).first()
    return program


@transaction.atomic
def pause(program: Program, *, by: User, at: datetime, reason: str) -> Program:
    """Stop admission at once; open invitations stand. Raises SayWhy, AlreadySo."""
    program = locked(program, at)
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
    program = locked(program, at)
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
def change_stage(
    program: Program, *, to: Stage, by: User, at: datetime, reason: str, **details: object
) -> Program:
    """Move a program to another stage; people keep what they have. Doors plan it, see `stages.plan`.

    Raises SayWhy, IllegalStage.
    """
    program = locked(program, at)
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
        **details,
    )
    return program


@dataclass(frozen=True)
class ReviewRules:
    """How a program is reviewed: minutes between deciding and telling, whether who signs is blind, newcomers' days."""

    recall_minutes: int
    refusal_recall_minutes: int
    blind_second: bool
    newcomer_days: int


NEWCOMER_MOST = 365  # days
RECALL_MOST = 7 * 24 * 60  # minutes: a decision that waits longer is a delay, no second thought


class BadRules(Exception):
    """A figure that cannot be meant."""


@transaction.atomic
def set_review_rules(program: Program, rules: ReviewRules, *, by: User, at: datetime, reason: str) -> Program:
    """Change how a program's decisions wait and who signs them; those already made keep their time.

    Raises SayWhy, AlreadySo, BadRules.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if not reason.strip():
        raise SayWhy
    wanted = asdict(rules)
    minutes = (rules.recall_minutes, rules.refusal_recall_minutes)
    if not all(0 <= each <= RECALL_MOST for each in minutes) or not 0 <= rules.newcomer_days <= NEWCOMER_MOST:
        raise BadRules(
            _("Between deciding and telling lie 0 to %(most)s minutes; newcomers are 0 to 365 days new.")
            % {"most": grouped(RECALL_MOST)}
        )
    was = {name: getattr(program, name) for name in wanted}
    if was == wanted:
        raise AlreadySo(_("%(program)s is reviewed like that already.") % {"program": program})
    for name, value in wanted.items():
        setattr(program, name, value)
    program.save(update_fields=list(wanted))
    changed = {name: [was[name], value] for name, value in wanted.items() if was[name] != value}
    ledger.record(
        Event.PROGRAM_REVIEW_RULES_SET, subject=program, actor=by, at=at, reason=ledger.digest(reason),
        changed=changed,
    )  # fmt: skip
    return program

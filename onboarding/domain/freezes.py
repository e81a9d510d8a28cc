"""Stop admission where a freeze rule says so, and let it go on: apart from a manager's pause, and never by its side."""

import logging
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.languages import grouped, spoken
from accounts.models import User
from accounts.permissions import holders
from accounts.roles import Duty
from audit import ledger
from audit.events import Event
from onboarding.domain import guards, programs
from onboarding.domain.guards import WITHOUT_WINDOW, Act, Standing
from onboarding.domain.programs import AlreadySo, SayWhy
from onboarding.models import Freeze, GuardRule, Program, Seat
from onboarding.models.guard import REASON_MOST
from onboarding.permissions import may_lift_freezes
from onboarding.states import GuardKind, GuardMode, GuardState
from outbox import hints, letters

log = logging.getLogger(__name__)

WORKER = "guards"
# What everybody is told: no figure, and nobody.
IN_PLAIN_WORDS = {
    GuardKind.VIOLATIONS: gettext_lazy("The guidelines were broken more often than we accept."),
    GuardKind.LATE: gettext_lazy("Too many answers to those who applied are late."),
    GuardKind.OVERTURNED: gettext_lazy("More of our decisions were overturned on appeal than we accept."),
    GuardKind.ERRORS: gettext_lazy("The model answers with too many errors."),
}
UNHEARD = gettext_lazy("One of our safety checks does not report at the moment.")


class NotYoursToLift(Exception):
    def __init__(self) -> None:
        super().__init__(_("A freeze is lifted by who sets a program's rates."))


def is_frozen(program: Program, *, at: datetime) -> bool:
    """Return whether admission at this moment is stopped: a freeze is open, or ended later than `at`.

    Whoever read the clock before a freeze ended and waited for the lock meanwhile admits nobody: the next run does.
    """
    ended_later = Q(ended_at=None) | Q(ended_at__gt=at)
    return Freeze.objects.filter(ended_later, program=program).exists()


def in_words(program: Program) -> list[str]:
    """Return what the public is told of open freezes, as whole sentences; empty where there is none."""
    found = Freeze.objects.open().filter(program=program).order_by("id")
    because = list(
        dict.fromkeys(
            str(UNHEARD if each.is_silent else IN_PLAIN_WORDS[GuardKind(each.guard)]) for each in found
        )
    )
    return [_("Admission is stopped for now."), *because, _("Places in line are kept.")] if because else []


def settle(program: Program, *, at: datetime) -> int:
    """Do what the program's rules ask for now: freeze, thaw, be ready again; return how many changed.

    A payer: safe to run twice and beside itself. It looks without a lock, and again under it before it does anything.
    """
    if not GuardRule.objects.filter(program=program, mode=GuardMode.ON).exists():
        return 0
    guards.keep_watch(program, at=at)
    if all(standing.act == Act.NOTHING for standing in guards.standings(program, at=at)):
        return 0
    return _settle(program, at)


@transaction.atomic
def _settle(program: Program, at: datetime) -> int:
    program = programs.locked(program, at)
    verbs = {Act.FREEZE: _begin, Act.THAW: _thaw, Act.REARM: _rearm}
    due = [standing for standing in guards.standings(program, at=at) if standing.act != Act.NOTHING]
    for standing in due:
        verbs[standing.act](program, standing, at)
    return len(due)


def _begin(program: Program, standing: Standing, at: datetime) -> None:
    """Freeze a locked program. Never before a seat that was given while this waited for the lock."""
    given = Seat.objects.filter(week=program.weeks.order_by("-starts_at").first()).aggregate(
        last=Max("given_at")
    )
    reading = None if standing.state == GuardState.SILENT else standing.reading
    freeze = Freeze.objects.create(
        program=program,
        guard=standing.rule.guard,
        rule=standing.rule,
        value=reading.value if reading else None,
        sample=reading.sample if reading else None,
        reason=_because(program, standing),
        began_at=max(at, given["last"] or at),
    )
    ledger.record(
        Event.FREEZE_BEGAN, subject=freeze, actor=WORKER, at=at, program=program.slug, guard=freeze.guard,
        rule=standing.rule.pk, value=freeze.value, sample=freeze.sample,
    )  # fmt: skip
    _write("frozen", freeze, at)


def _thaw(program: Program, standing: Standing, at: datetime) -> None:
    freeze, reading = standing.freeze, standing.reading
    assert freeze is not None
    assert reading is not None
    freeze.ended_at = freeze.rearmed_at = max(at, freeze.began_at)
    freeze.ended_value = reading.value
    freeze.ended_reason = _("Green again: %(figure)s.") % {"figure": _figure(standing)}
    freeze.save(update_fields=["ended_at", "rearmed_at", "ended_value", "ended_reason"])
    ledger.record(
        Event.FREEZE_THAWED, subject=freeze, actor=WORKER, at=at, program=program.slug, guard=freeze.guard,
        value=reading.value, sample=reading.sample,
    )  # fmt: skip
    _write("thawed", freeze, at)
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)


def _rearm(program: Program, standing: Standing, at: datetime) -> None:
    freeze = standing.freeze
    assert freeze is not None
    freeze.rearmed_at = max(at, freeze.ended_at or at)
    freeze.save(update_fields=["rearmed_at"])
    ledger.record(
        Event.FREEZE_REARMED, subject=freeze, actor=WORKER, at=at, program=program.slug, guard=freeze.guard
    )


@transaction.atomic
def lift(freeze: Freeze, *, by: User, at: datetime, reason: str) -> Freeze:
    """Let admission go on although a rule stopped it, as far as this freeze goes. Others, and a pause, stand.

    Raises NotYoursToLift, SayWhy, programs.AlreadySo.
    """
    if not may_lift_freezes(by):
        raise NotYoursToLift
    why = reason.strip()[:REASON_MOST]
    if not why:
        raise SayWhy
    program = programs.locked(freeze.program, at)
    freeze = Freeze.objects.select_for_update().get(pk=freeze.pk)
    if freeze.ended_at is not None:
        raise AlreadySo(_("This freeze has ended already."))
    standing = next(each for each in guards.standings(program, at=at) if each.rule.guard == freeze.guard)
    heard = standing.state not in (GuardState.SILENT, GuardState.WAITING)
    freeze.ended_value = standing.reading.value if heard and standing.reading else None
    freeze.ended_at, freeze.ended_by, freeze.ended_reason = max(at, freeze.began_at), by, why
    freeze.save(update_fields=["ended_value", "ended_at", "ended_by", "ended_reason"])
    ledger.record(
        Event.FREEZE_LIFTED, subject=freeze, actor=by, at=at, reason=ledger.digest(why), program=program.slug,
        guard=freeze.guard, value=freeze.ended_value,
    )  # fmt: skip
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return freeze


def _because(program: Program, standing: Standing) -> str:
    """Return the staff's reason, made of the figures: kept in the site's own language, for beat finds it."""
    what = standing.rule.get_guard_display()
    if standing.state == GuardState.SILENT:
        since = standing.heard_at.astimezone(program.zone)
        minutes = guards.SILENT_AFTER.seconds // 60
        return _("%(rule)s: no reading since %(since)s; %(minutes)d minutes without one stop admission.") % {
            "rule": what,
            "since": date_format(since, _("d M Y, H:i")),
            "minutes": minutes,
        }
    return _("%(rule)s: %(figure)s; it stops admission from %(threshold)s on.") % {
        "rule": what,
        "figure": _figure(standing),
        "threshold": f"{standing.rule.threshold:g}",
    }


def _figure(standing: Standing) -> str:
    rule, reading = standing.rule, standing.reading
    assert reading is not None
    value, sample = guards.UNITS[rule.guard]
    figures = {
        "value": f"{reading.value:g}",
        "unit": value,
        "days": rule.window_days,
        "sample": grouped(reading.sample),
        "of": sample,
    }
    if rule.guard in WITHOUT_WINDOW:
        return _("%(value)s %(unit)s now (%(sample)s %(of)s)") % figures
    says = ngettext(
        "%(value)s %(unit)s in %(days)d day (%(sample)s %(of)s)",
        "%(value)s %(unit)s in %(days)d days (%(sample)s %(of)s)",
        rule.window_days,
    )
    return says % figures


def _write(kind: str, freeze: Freeze, at: datetime) -> None:
    """Write to everybody who may lift it."""
    url = settings.BASE_URL + reverse("admin:guards", args=[freeze.program.slug])
    letters.write_many(
        (
            letters.Draft(
                f"onboarding/{kind}",
                manager.email,
                {
                    "name": str(manager),
                    "program": freeze.program.name,
                    "reason": freeze.reason,
                    "ended": freeze.ended_reason,
                    "url": url,
                },
                freeze,
                f"{kind}:{freeze.pk}:{manager.pk}",
                language=spoken(manager.language),
                zone=manager.time_zone,
            )
            for manager in holders(Duty.MANAGE_RATES).order_by("pk")
        ),
        at=at,
    )

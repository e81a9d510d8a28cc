"""The working days of programs: read for every due time, kept by those who keep the queue.

A promise that was made is not changed by a day off that is added later; clocks that start or go on count with it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from reviews.domain.due import Calendar
from reviews.models import DayOff


class NotYoursToKeep(Exception):
    def __init__(self) -> None:
        super().__init__(_("Those who keep the queue add and drop days off, not you."))


class AlreadyOff(Exception):
    def __init__(self, on: date):
        super().__init__(
            _("%(on)s is a day off there already; nothing was changed.") % {"on": date_format(on, _("j F Y"))}
        )


def of(program: Program) -> Calendar:
    """Return the calendar of a program; one query."""
    return of_many([program])[program.pk]


def of_many(programs: Iterable[Program]) -> dict[int, Calendar]:
    """Return program id -> calendar; one query."""
    zones = {program.pk: program.zone for program in programs}
    off: dict[int, set[date]] = defaultdict(set)
    for program, on in DayOff.objects.filter(program__in=zones).values_list("program_id", "on"):
        off[program].add(on)
    return {program: Calendar(zone, frozenset(off[program])) for program, zone in zones.items()}


@transaction.atomic
def add(program: Program, *, on: date, name: str, by: User, at: datetime) -> DayOff:
    """Add a day off; clocks that start or go on from now on count with it.

    Raises NotYoursToKeep, SayWhy, AlreadyOff.
    """
    if not may(by, Duty.MANAGE_QUEUE):
        raise NotYoursToKeep
    if not name.strip():
        raise SayWhy
    made, is_new = DayOff.objects.get_or_create(
        program=program, on=on, defaults={"name": name.strip(), "added_by": by, "added_at": at}
    )
    if not is_new:
        raise AlreadyOff(on)
    ledger.record(Event.DAY_OFF_ADDED, subject=made, actor=by, at=at, program=program.slug, on=on.isoformat())
    return made


@transaction.atomic
def drop(day: DayOff, *, by: User, at: datetime) -> None:
    """Drop a day off; twice is once. Raises NotYoursToKeep."""
    if not may(by, Duty.MANAGE_QUEUE):
        raise NotYoursToKeep
    found = DayOff.objects.select_for_update(of=("self",)).select_related("program").filter(pk=day.pk).first()
    if found is None:
        return
    ledger.record(
        Event.DAY_OFF_DROPPED, subject=found, actor=by, at=at, program=found.program.slug,
        on=found.on.isoformat(),
    )  # fmt: skip
    found.delete()

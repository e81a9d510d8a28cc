"""Freeze rules: what is measured for them, and where their figures stand.

The right measures and reports here; nothing here asks the right. A rule that is on and hears nothing for SILENT_AFTER
counts as tripped. What follows from it is `freezes`' to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy

from onboarding.models import Freeze, GuardReading, GuardRule, GuardWatch, Program
from onboarding.states import GuardKind, GuardMode, GuardState, Thaw
from outbox import hints

SILENT_AFTER = timedelta(minutes=15)  # three times what beat lets pass between two readings
GAP = timedelta(minutes=5)  # not looked at for longer: the quarter of an hour counts from anew
KEPT = timedelta(days=14)  # readings, for the page of a rule; a freeze keeps its own figures for good

# What the value counts, and what its sample: the words of the staff's pages and of a freeze's reason.
UNITS: dict[str, tuple[Any, Any]] = {
    GuardKind.VIOLATIONS: (
        gettext_lazy("confirmed for each 1,000 active grants"),
        gettext_lazy("active grants"),
    ),
    GuardKind.LATE: (gettext_lazy("of 100 open cases"), gettext_lazy("open cases")),
    GuardKind.OVERTURNED: (gettext_lazy("of 100 decided appeals"), gettext_lazy("decided appeals")),
    GuardKind.ERRORS: (gettext_lazy("of 100 reported calls"), gettext_lazy("reported calls")),
}
ASKED = "unnest(%(programs)s::bigint[], %(days)s::int[]) AS asked(program, days)"
WITHOUT_WINDOW = (GuardKind.LATE,)  # what is open is open now


@dataclass(frozen=True)
class Reading:
    """What was measured for one program over so many days: a rate (see UNITS), and how many it was counted over."""

    program: int
    window_days: int
    value: float
    sample: int


@dataclass(frozen=True)
class Bounds:
    """Trips from `trip` on, is green below `clear` (which is less), and says nothing of fewer than `minimum`."""

    trip: float
    clear: float
    minimum: int

    @classmethod
    def of(cls, rule: GuardRule) -> "Bounds":
        return cls(rule.threshold, rule.clear_below, rule.minimum_sample)

    def look(self, value: float, sample: int) -> GuardState:
        """Return where a figure stands, whatever was before."""
        if sample < self.minimum:
            return GuardState.TOO_FEW
        if value >= self.trip:
            return GuardState.TRIPPED
        return GuardState.GREEN if value < self.clear else GuardState.BETWEEN


@dataclass(frozen=True)
class Memory:
    """What a rule did last: it holds admission now (`is_frozen`), or a person lifted that and it was not green since.

    `lifted_at` is the figure a person took when they lifted it; None where no reading had come.
    """

    is_frozen: bool = False
    is_lifted: bool = False
    lifted_at: float | None = None

    @classmethod
    def of(cls, freeze: Freeze | None, rule: GuardRule) -> "Memory":
        """Return what is remembered of the latest freeze; a rule that was set anew since it was lifted forgets it."""
        if freeze is None or freeze.rearmed_at is not None:
            return cls()
        if freeze.ended_at is not None and rule.set_at >= freeze.ended_at:
            return cls()
        if freeze.ended_at is None:
            return cls(is_frozen=True)
        return cls(is_lifted=True, lifted_at=freeze.ended_value)


class Act(StrEnum):
    NOTHING = "nothing"
    FREEZE = "freeze"
    THAW = "thaw"
    REARM = "rearm"


def act(state: GuardState, value: float | None, *, bounds: Bounds, memory: Memory, thaws: bool) -> Act:
    """Return what a rule that is on does now; it never flaps on figures between its bounds.

    After a person lifted a freeze the same figure does not bring it back: only one that is worse by the whole distance
    between the bounds, or one beyond the bound after it was green, or silence (or, lifted in silence, a bad reading).
    """
    if memory.is_frozen:
        return Act.THAW if thaws and state == GuardState.GREEN else Act.NOTHING
    if not memory.is_lifted:
        return Act.FREEZE if state in (GuardState.TRIPPED, GuardState.SILENT) else Act.NOTHING
    if state == GuardState.GREEN:
        return Act.REARM
    if memory.lifted_at is None:
        return Act.FREEZE if state == GuardState.TRIPPED else Act.NOTHING
    if state == GuardState.SILENT:
        return Act.FREEZE
    worse = value is not None and value >= memory.lifted_at + bounds.trip - bounds.clear
    return Act.FREEZE if state == GuardState.TRIPPED and worse else Act.NOTHING


@dataclass(frozen=True)
class Standing:
    """One rule of a program with its latest reading and its latest freeze, as they are now."""

    rule: GuardRule
    reading: GuardReading | None
    freeze: Freeze | None
    state: GuardState
    heard_at: datetime  # from when on its silence is counted

    @property
    def act(self) -> Act:
        """Return what is to be done; a rule that is off or only watches does nothing."""
        if self.rule.mode != GuardMode.ON:
            return Act.NOTHING
        return self.would_do

    @property
    def would_do(self) -> Act:
        return act(
            self.state,
            self.reading.value if self.reading else None,
            bounds=Bounds.of(self.rule),
            memory=self.memory,
            thaws=self.rule.thaw == Thaw.RULE,
        )

    @property
    def memory(self) -> Memory:
        return Memory.of(self.freeze, self.rule)

    @property
    def is_green(self) -> bool:
        """Return whether the ramp may go on by this rule: nothing known is wrong, and nothing is unheard.

        Too few to tell holds nothing back: a young program has no appeals. Between its bounds a rule is what it was.
        """
        if self.memory.is_frozen or self.memory.is_lifted:
            return False
        return self.state in (GuardState.GREEN, GuardState.BETWEEN, GuardState.TOO_FEW)


def asked(guard: GuardKind) -> list[tuple[int, int]]:
    """Return for whom a guard is to be measured, as (program, days): wherever its rule in force is not off."""
    rules = GuardRule.objects.filter(guard=guard).in_force()
    return [(rule.program_id, rule.window_days) for rule in rules if rule.mode != GuardMode.OFF]


def measured(sql: str, wanted: Sequence[tuple[int, int]], *, per: int, at: datetime) -> list[Reading]:
    """Run one statement for all programs and return its rates: `per` times part over whole, 0 of nothing.

    It selects from ASKED (program, days), with `at` by name, and returns program, days, part, whole.
    """
    if not wanted:
        return []
    programs, days = (list(column) for column in zip(*wanted, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(sql, {"programs": programs, "days": days, "at": at})
        rows = cursor.fetchall()
    return [
        Reading(program, window, round(float(per * part / whole), 2) if whole else 0.0, int(whole))
        for program, window, part, whole in rows
    ]


@transaction.atomic
def report(guard: GuardKind, readings: Iterable[Reading], *, at: datetime) -> int:
    """Keep what was measured for a guard at a moment, in one statement; return how many. The same again is once."""
    rows = [
        GuardReading(
            program_id=each.program,
            guard=guard,
            window_days=each.window_days,
            value=each.value,
            sample=each.sample,
            read_at=at,
        )
        for each in readings
    ]
    GuardReading.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(partial(hints.later, "onboarding.tasks.admit_due"), robust=True)
    return len(rows)


def drop_old(*, at: datetime) -> int:
    """Delete readings that were kept long enough; return how many."""
    return GuardReading.objects.filter(read_at__lt=at - KEPT).delete()[0]


def standings(program: Program, *, at: datetime) -> list[Standing]:
    """Return each rule of a program as it stands, in the order of GuardKind; four statements."""
    rules = {rule.guard: rule for rule in GuardRule.objects.filter(program=program).in_force()}
    readings = {
        (each.guard, each.window_days): each
        for each in GuardReading.objects.filter(program=program, read_at__gt=at - KEPT, read_at__lte=at)
        .order_by("guard", "window_days", "-read_at")
        .distinct("guard", "window_days")
    }
    latest = Freeze.objects.filter(program=program).order_by("guard", "-id").distinct("guard")
    freezes = {freeze.guard: freeze for freeze in latest.select_related("ended_by")}
    watched = GuardWatch.objects.filter(program=program).values_list("since_at", flat=True).first()
    return [
        _standing(rule, readings.get((kind, rule.window_days)), freezes.get(kind), watched, at)
        for kind in GuardKind
        if (rule := rules.get(kind))
    ]


def _standing(
    rule: GuardRule,
    reading: GuardReading | None,
    freeze: Freeze | None,
    watched: datetime | None,
    at: datetime,
) -> Standing:
    began = max(rule.set_at, watched or at)
    heard = max(began, reading.read_at) if reading else began
    if rule.mode != GuardMode.OFF and at - heard > SILENT_AFTER:
        state = GuardState.SILENT
    elif reading is None or at - reading.read_at > SILENT_AFTER:
        state = GuardState.WAITING
    else:
        state = Bounds.of(rule).look(reading.value, reading.sample)
    return Standing(rule, reading, freeze, state, heard)


def all_green(program: Program, *, at: datetime) -> bool:
    """Return whether every rule that is on is green and nothing is frozen: the ramp advances only then.

    True without any rule that is on: who set none is not held back by one.
    """
    if Freeze.objects.open().filter(program=program).exists():
        return False
    return all(
        standing.is_green for standing in standings(program, at=at) if standing.rule.mode == GuardMode.ON
    )


def keep_watch(program: Program, *, at: datetime) -> None:
    """Remember that the program's rules are looked at now, and since when without a gap of more than GAP.

    A site that was switched off for a night is not frozen by its own silence.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO onboarding_guardwatch AS watch (program_id, since_at, looked_at) VALUES (%s, %s, %s)
               ON CONFLICT (program_id) DO UPDATE SET
                   since_at = CASE WHEN watch.looked_at < %s THEN EXCLUDED.since_at ELSE watch.since_at END,
                   looked_at = greatest(watch.looked_at, EXCLUDED.looked_at)""",
            [program.pk, at, at, at - GAP],
        )

"""Which share of the weeks somebody waits for, and how far the weeks move each cohort of the line.

A cohort here is all whose first matching share is the same, by its number from 0; the last is of those who belong to
none. Whatever seat they are given from, people of one cohort are reached in the order of the line: of a cohort's own
seats its first go, and of the seats for everybody the first of the whole line. So for each cohort there is one curve,
how many of it are reached by the end of each week, and a place within the cohort is looked up on it as a place in line
is on the line's (`onboarding.domain.forecasts`).

The curves come from playing the weeks through the counts by day of joining: within a day of joining the cohorts stand
evenly mixed. Nobody new joins in it, except for the last date of a range: there newcomers of a cohort are taken to use
up all its seats, so that none of them goes on to others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any, Protocol

from django.db import connection

from onboarding.domain.forecasts import Outlook
from onboarding.domain.plans import Rules, Share
from onboarding.models import Program, WaitlistEntry, Week, WeekShare
from onboarding.states import Carry, ShareKind, Unfilled

NEARLY = 6  # decimals that count: people come in fractions here
NOBODY = 1e-9

# Conditions on `entry`, a place in line or a count of them.
BELONGS = {
    ShareKind.APPLICANT_TYPE: "entry.applicant_type = ANY(%({name})s)",
    ShareKind.COUNTRY: "entry.country = ANY(%({name})s)",
    ShareKind.WAVE: "entry.wave = ANY(%({name})s)",
    ShareKind.HAND_PICKED: "entry.hand_picked",
}

LINE = """SELECT entry.priority, entry.joined_day, {cohort} AS cohort, sum(entry.waiting)
    FROM onboarding_cohortcount entry WHERE entry.program_id = %(program)s
    GROUP BY 1, 2, 3 HAVING sum(entry.waiting) <> 0 ORDER BY 1, 2"""
# Whole days of joining come from the counts; those of one's own day are looked at, by `entry_line`.
BEFORE = """SELECT cohort, sum(people) FROM (
        SELECT {cohort} AS cohort, entry.waiting AS people FROM onboarding_cohortcount entry
        WHERE entry.program_id = %(program)s
        AND (entry.priority, entry.joined_day) < (%(priority)s, (%(joined_at)s AT TIME ZONE 'UTC')::date)
        UNION ALL SELECT {cohort}, 1 FROM onboarding_waitlistentry entry
        WHERE entry.program_id = %(program)s AND entry.state = 'waiting' AND entry.priority = %(priority)s
        AND entry.joined_at >= date_trunc('day', %(joined_at)s::timestamptz, 'UTC')
        AND (entry.joined_at, entry.id) < (%(joined_at)s, %(pk)s)) AS earlier
    GROUP BY cohort"""


class Named(Protocol):
    """What says whom a share is for: a share of a plan, kept or only read."""

    @property
    def kind(self) -> str: ...
    @property
    def among(self) -> str: ...


class Waits(Protocol):
    """What somebody's cohort is told from: an entry, or a row of its columns."""

    applicant_type: str
    country: str
    wave: str
    hand_picked: bool


Segment = tuple[int, ...]  # people of each cohort who stand together


@dataclass(frozen=True)
class Split:
    """The seats of a week: those for each share's cohort first, and those for everybody."""

    shares: tuple[float, ...]
    everybody: float


def belongs(share: Named, name: str, params: dict[str, Any]) -> str:
    """Return the condition on `entry` of belonging to a share; what it needs is put into `params` under this name."""
    params[name] = share.among.split(",")
    return BELONGS[ShareKind(share.kind)].format(name=name)


def expression(shares: Sequence[Named], params: dict[str, Any]) -> str:
    """Return the SQL that numbers the cohort of `entry`."""
    if not shares:
        return "0"
    whens = [
        f"WHEN {belongs(share, f'cohort_{number}', params)} THEN {number}"
        for number, share in enumerate(shares)
    ]
    return f"CASE {' '.join(whens)} ELSE {len(shares)} END"


def of(shares: Sequence[Named], entry: Waits) -> int:
    """Return the number of somebody's cohort: their first share, or after the last where they belong to none."""
    for number, share in enumerate(shares):
        among = share.among.split(",")
        kind = ShareKind(share.kind)
        if entry.hand_picked if kind == ShareKind.HAND_PICKED else getattr(entry, kind) in among:
            return number
    return len(shares)


def line(program: Program, shares: Sequence[Named]) -> list[Segment]:
    """Return the line by day of joining, in its order: how many of each cohort wait there."""
    return [people for _, people in days(program, shares)]


def days(program: Program, shares: Sequence[Named]) -> list[tuple[date, Segment]]:
    """Return the same with the day (UTC); one that was moved by hand may stand there twice, once for each priority."""
    params: dict[str, Any] = {"program": program.pk}
    return segments(fetched(LINE.format(cohort=expression(shares, params)), params), len(shares) + 1)


def segments(rows: Sequence[tuple[Any, ...]], cohorts: int) -> list[tuple[date, Segment]]:
    """Return rows of (priority, day, cohort, people), which are in the order of the line, as one segment for a day."""
    found: dict[tuple[int, date], list[int]] = {}
    for priority, day, cohort, people in rows:
        found.setdefault((priority, day), [0] * cohorts)[cohort] += int(people)
    return [(day, tuple(each)) for (_, day), each in found.items()]


def before(entry: WaitlistEntry, shares: Sequence[Named]) -> list[int]:
    """Return how many of each cohort wait before an entry."""
    params: dict[str, Any] = {
        "program": entry.program_id, "priority": entry.priority, "pk": entry.pk,
        "joined_at": entry.joined_at.astimezone(UTC),
    }  # fmt: skip
    found = [0] * (len(shares) + 1)
    for cohort, people in fetched(BEFORE.format(cohort=expression(shares, params)), params):
        found[cohort] = int(people)
    return found


def splits(shares: Sequence[Share], seats: Sequence[int], *, running: Week | None = None) -> list[Split]:
    """Return how the seats of weeks are split; of the running one, where it has shares, as it is left."""
    found = []
    for each in seats:
        parts = tuple(each * share.percent // 100 for share in shares)
        found.append(Split(tuple(map(float, parts)), float(each - sum(parts))))
    held = list(running.shares.select_related("share").order_by("share__place")) if running else []
    if found and same(held, shares):
        left = tuple(float(share.limit - share.admitted) for share in held)
        found[0] = Split(left, max(0.0, seats[0] - sum(left)))
    return found


def same(held: Sequence[WeekShare], shares: Sequence[Share]) -> bool:
    """Return whether a week's shares are for these cohorts, in their order: it may have opened by another plan."""
    return [(each.share.kind, each.share.among) for each in held] == [
        (each.kind, each.among) for each in shares
    ]


def outlooks(whole: Outlook, line: Sequence[Segment], split: Sequence[Split], rules: Rules) -> list[Outlook]:
    """Return how far the weeks move each cohort, from how far they move the line as a whole."""
    newcomers = replace(rules, unfilled=Unfilled.KEPT) if whole.observed.is_enough else rules
    most, likely = (_played(line, curve, split, rules) for curve in (whole.most, whole.likely))
    least = _played(line, whole.least, split, newcomers)
    each = zip(most, likely, least, strict=True)
    return [Outlook(whole.weeks, *bounds, observed=whole.observed) for bounds in each]


def _played(
    line: Sequence[Segment], curve: Sequence[float], split: Sequence[Split], rules: Rules
) -> list[list[float]]:
    """Return for each cohort how many of it are reached by the end of each week; the curve moves the whole line."""
    left = [[float(people) for people in segment] for segment in line]
    cohorts = len(rules.shares) + 1
    reached = [0.0] * cohorts
    found: list[list[float]] = [[] for _ in range(cohorts)]
    first, front = [0] * cohorts, 0
    earlier = carried = 0.0
    for moved, seats in zip(curve, split, strict=True):
        planned = sum(seats.shares) + seats.everybody
        scale = (moved - earlier + carried) / planned if planned else 0.0
        earlier, unused = moved, 0.0
        for cohort, share in enumerate(seats.shares):
            room = share * scale
            while room > NOBODY and first[cohort] < len(left):
                here = left[first[cohort]]
                taken = min(room, here[cohort])
                here[cohort] -= taken
                reached[cohort] += taken
                room -= taken
                first[cohort] += not here[cohort]
            unused += room
        room = seats.everybody * scale + unused * (rules.unfilled == Unfilled.OTHERS)
        while room > NOBODY and front < len(left):
            here = left[front]
            waiting = sum(here)
            part = min(1.0, room / waiting) if waiting else 1.0
            for cohort, people in enumerate(here):
                reached[cohort] += people * part
                here[cohort] = people * (1 - part)
            room -= waiting * part
            front += part == 1.0
        carried = _carried(rules, unused)
        for cohort, people in enumerate(reached):
            found[cohort].append(round(people, NEARLY))
    return found


def _carried(rules: Rules, unused: float) -> float:
    if rules.unfilled != Unfilled.CARRIED or rules.carry == Carry.NONE:
        return 0.0
    return unused if rules.carry_most is None else min(unused, float(rules.carry_most))


def fetched(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what a statement with such an expression finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()

"""What the counts say: how many wait, before whom, since when; and folding the rows that triggers append to them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce, TruncWeek

from onboarding.domain.forecasts import Outcome
from onboarding.models import LineCount, OutcomeCount, Program, StepCount, WaitlistEntry, Week

FOLDING = 4712  # advisory lock: two folders would wait for each other's rows, and perhaps in a circle

FOLD = """
    WITH many AS (
        SELECT {key} FROM {table} GROUP BY {key} HAVING count(*) > 1 OR ({zero})
    ), gone AS (
        DELETE FROM {table} USING many WHERE ({columns}) = ({matched}) RETURNING {table}.*
    ), folded AS (
        SELECT {key}, {sums} FROM gone GROUP BY {key}
    )
    INSERT INTO {table} ({key}, {counted}) SELECT {key}, {counted} FROM folded WHERE NOT ({none})"""

# One statement each, so one snapshot: what commits meanwhile keeps the row its trigger appended.
RECOUNT = (
    """WITH gone AS (DELETE FROM onboarding_linecount)
    INSERT INTO onboarding_linecount (program_id, priority, joined_hour, waiting, held, seated)
    SELECT program_id, priority, date_trunc('hour', joined_at, 'UTC'), count(*) FILTER (WHERE state = 'waiting'),
        count(*) FILTER (WHERE state = 'held'), count(*) FILTER (WHERE state = 'seated')
    FROM onboarding_waitlistentry WHERE state IN ('waiting', 'held', 'seated') GROUP BY 1, 2, 3""",
    """WITH gone AS (DELETE FROM onboarding_cohortcount)
    INSERT INTO onboarding_cohortcount
        (program_id, priority, joined_day, applicant_type, country, wave, hand_picked, waiting)
    SELECT program_id, priority, (joined_at AT TIME ZONE 'UTC')::date, applicant_type, country, wave, hand_picked,
        count(*)
    FROM onboarding_waitlistentry WHERE state = 'waiting' GROUP BY 1, 2, 3, 4, 5, 6, 7""",
    """WITH gone AS (DELETE FROM onboarding_stepcount)
    INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT program_id, step, count(*) FROM onboarding_application CROSS JOIN LATERAL (VALUES
        ('applied', submitted_at IS NOT NULL),
        ('decided', submitted_at IS NOT NULL AND settled_at IS NOT NULL AND state <> 'withdrawn'),
        ('approved', state IN ('approved', 'lapsed'))) AS reached (step, so)
    WHERE so AND kind = 'access' GROUP BY 1, 2
    UNION ALL SELECT entry.program_id, 'invited', count(DISTINCT entry.id) FROM onboarding_seat seat
        JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id GROUP BY 1
    UNION ALL SELECT program_id, 'accepted', count(*) FROM onboarding_grant GROUP BY 1
    UNION ALL SELECT given.program_id, 'opened', count(*) FROM onboarding_key key
        JOIN onboarding_grant given ON given.id = key.grant_id
        WHERE key.request = 1 AND key.opened_at IS NOT NULL GROUP BY 1""",
    """WITH gone AS (DELETE FROM onboarding_outcomecount)
    INSERT INTO onboarding_outcomecount (week_id, accepted, declined, expired, again)
    SELECT seat.week_id, count(*) FILTER (WHERE state = 'accepted'), count(*) FILTER (WHERE state = 'declined'),
        count(*) FILTER (WHERE state = 'expired'), count(*) FILTER (WHERE state = 'expired' AND NOT EXISTS (
            SELECT FROM onboarding_seat other WHERE other.entry_id = seat.entry_id AND other.id < seat.id))
    FROM onboarding_invitation invitation JOIN onboarding_seat seat ON seat.id = invitation.seat_id
    WHERE state <> 'offered' GROUP BY 1""",
)


@dataclass(frozen=True)
class Line:
    """How many are in a program's line; the held keep their place and the seated have an open invitation."""

    waiting: int
    held: int
    seated: int


@dataclass(frozen=True)
class Group:
    """Those in line of one priority who joined in one week (from its Monday, UTC)."""

    week: datetime
    priority: int
    waiting: int
    held: int


def line(program: Program) -> Line:
    """Return the length of a program's line, in one statement over its counts."""
    return Line(**LineCount.objects.filter(program=program).aggregate(**_sums("waiting", "held", "seated")))


def groups(program: Program) -> list[Group]:
    """Return the line by priority and week of joining, in its order; no empty groups."""
    rows = (
        LineCount.objects.filter(program=program)
        .annotate(week=TruncWeek("joined_hour", tzinfo=UTC))
        .values("week", "priority")
        .annotate(waits=Sum("waiting"), held_back=Sum("held"))
        .order_by("priority", "week")
    )
    found = [Group(row["week"], row["priority"], row["waits"], row["held_back"]) for row in rows]
    return [group for group in found if group.waiting or group.held]


def before(entry: WaitlistEntry) -> tuple[int, int]:
    """Return how many wait before an entry, and how many wait at all.

    Whole hours of joining come from the counts; only those of the entry's own hour are looked at, by `entry_line`.
    """
    hour = entry.joined_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    earlier = Q(priority__lt=entry.priority) | Q(priority=entry.priority, joined_hour__lt=hour)
    counted = LineCount.objects.filter(program=entry.program_id).aggregate(
        earlier=Coalesce(Sum("waiting", filter=earlier), 0), total=Coalesce(Sum("waiting"), 0)
    )
    beside = WaitlistEntry.objects.waiting().filter(
        Q(joined_at__lt=entry.joined_at) | Q(joined_at=entry.joined_at, pk__lt=entry.pk),
        program=entry.program_id,
        priority=entry.priority,
        joined_at__gte=hour,
        joined_at__lte=entry.joined_at,
    )
    return counted["earlier"] + beside.count(), counted["total"]


def ended(week: Week) -> Outcome:
    """Return how the invitations of a week ended so far."""
    summed = OutcomeCount.objects.filter(week=week).aggregate(
        **_sums("accepted", "declined", "expired", "again")
    )
    return Outcome(**summed)


def steps(program: Program) -> dict[str, int]:
    """Return step -> how many people reached it; steps nobody reached are left out."""
    rows = StepCount.objects.filter(program=program).values("step").annotate(n=Sum("people"))
    return {row["step"]: row["n"] for row in rows}


@transaction.atomic
def fold_owed() -> int:
    """Fold what was appended since into one row for each group; return how many rows there are less.

    Safe to run twice and beside itself and everything else: only rows it sees are folded, in one statement. A crash
    leaves all as it was.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLDING])
        if not cursor.fetchone()[0]:
            return 0
        before = _rows(cursor)
        for table, key, counted in (
            (
                "onboarding_linecount",
                ("program_id", "priority", "joined_hour"),
                ("waiting", "held", "seated"),
            ),
            (
                "onboarding_cohortcount",
                ("program_id", "priority", "joined_day", "applicant_type", "country", "wave", "hand_picked"),
                ("waiting",),
            ),
            ("onboarding_stepcount", ("program_id", "step"), ("people",)),
            ("onboarding_outcomecount", ("week_id",), ("accepted", "declined", "expired", "again")),
        ):
            cursor.execute(_fold(table, key, counted))
        return before - _rows(cursor)


def recount() -> None:
    """Count everything anew, from what is counted. Needed only where rows were written past the triggers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s)", [FOLDING]
        )  # a folder would put back what is deleted here
        for statement in RECOUNT:
            cursor.execute(statement)


def _fold(table: str, key: tuple[str, ...], counted: tuple[str, ...]) -> str:
    return FOLD.format(
        table=table,
        key=", ".join(key),
        columns=", ".join(f"{table}.{name}" for name in key),
        matched=", ".join(f"many.{name}" for name in key),
        counted=", ".join(counted),
        sums=", ".join(f"sum({name}) AS {name}" for name in counted),
        zero=" AND ".join(f"sum({name}) = 0" for name in counted),
        none=" AND ".join(f"{name} = 0" for name in counted),
    )


def _rows(cursor: CursorWrapper) -> int:
    cursor.execute(
        """SELECT (SELECT count(*) FROM onboarding_linecount) + (SELECT count(*) FROM onboarding_cohortcount)
            + (SELECT count(*) FROM onboarding_stepcount) + (SELECT count(*) FROM onboarding_outcomecount)"""
    )
    return int(cursor.fetchone()[0])


def _sums(*names: str) -> dict[str, Coalesce]:
    return {name: Coalesce(Sum(name), 0) for name in names}

"""Counts of the line and of the steps to a key, kept by triggers in the transaction that changes what they count.

Each statement appends signed rows, one for each group it changed; their sum is the count, and a payer folds them
(`onboarding.domain.counts`). A row that everybody updates would make each join wait for the one before it until it
commits, and deadlock those who hold other rows meanwhile; rows that are only appended do neither.
"""

from collections.abc import Sequence

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models.program import Program
from onboarding.states import Step

IN_LINE = """SELECT program_id, priority, date_trunc('hour', joined_at, 'UTC') AS joined_hour,
        (joined_at AT TIME ZONE 'UTC')::date AS joined_day, applicant_type, country, wave, hand_picked,
        (state = 'waiting')::int AS waiting, (state = 'held')::int AS held, (state = 'seated')::int AS seated
        FROM {rows} WHERE state IN ('waiting', 'held', 'seated')"""
# What an application has reached: those for access only.
ON_THE_WAY = """SELECT program_id, step FROM {rows} CROSS JOIN LATERAL (VALUES
            ('applied', submitted_at IS NOT NULL),
            ('decided', submitted_at IS NOT NULL AND settled_at IS NOT NULL AND state <> 'withdrawn'),
            ('approved', state IN ('approved', 'lapsed'))) AS reached (step, so)
        WHERE so AND kind = 'access'"""

COUNT_LINE = """WITH change AS MATERIALIZED ({changes}), by_hour AS (
        INSERT INTO onboarding_linecount (program_id, priority, joined_hour, waiting, held, seated)
        SELECT program_id, priority, joined_hour, sum(sign * waiting), sum(sign * held), sum(sign * seated)
        FROM change GROUP BY program_id, priority, joined_hour
        HAVING sum(sign * waiting) <> 0 OR sum(sign * held) <> 0 OR sum(sign * seated) <> 0
    )
    INSERT INTO onboarding_cohortcount
        (program_id, priority, joined_day, applicant_type, country, wave, hand_picked, waiting)
    SELECT program_id, priority, joined_day, applicant_type, country, wave, hand_picked, sum(sign * waiting)
    FROM change GROUP BY program_id, priority, joined_day, applicant_type, country, wave, hand_picked
    HAVING sum(sign * waiting) <> 0;
    RETURN NULL;"""
COUNT_STEPS = """INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT program_id, step, sum(sign) FROM ({changes}) AS change
    GROUP BY program_id, step HAVING sum(sign) <> 0;
    RETURN NULL;"""
# A first seat: whoever is seated again had an invitation that ran out.
COUNT_INVITED = """INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT entry.program_id, 'invited', count(*) FROM new_rows seat
    JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id
    WHERE NOT EXISTS (SELECT FROM onboarding_seat other WHERE other.entry_id = seat.entry_id AND other.id < seat.id)
    GROUP BY entry.program_id;
    RETURN NULL;"""
COUNT_ACCEPTED = """INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT program_id, 'accepted', count(*) FROM new_rows GROUP BY program_id;
    RETURN NULL;"""

# First keys only: of a grant with more keys nobody could tell, in a race, which one was opened first.
COUNT_OPENED = """INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT given.program_id, 'opened', count(*) FROM new_rows one JOIN old_rows was ON was.id = one.id
    JOIN onboarding_grant given ON given.id = one.grant_id
    WHERE one.request = 1 AND one.opened_at IS NOT NULL AND was.opened_at IS NULL GROUP BY given.program_id;
    RETURN NULL;"""
# What became of the invitations of a week; `again`: first ones that ran out, so that their seat goes again.
COUNT_OUTCOMES = """INSERT INTO onboarding_outcomecount (week_id, accepted, declined, expired, again)
    SELECT week_id, sum(sign * (state = 'accepted')::int), sum(sign * (state = 'declined')::int),
        sum(sign * (state = 'expired')::int), sum(sign * (state = 'expired' AND is_first)::int)
    FROM (
        SELECT seat.week_id, change.state, change.sign, NOT EXISTS (
            SELECT FROM onboarding_seat other WHERE other.entry_id = seat.entry_id AND other.id < seat.id) AS is_first
        FROM (SELECT seat_id, state, 1 AS sign FROM new_rows
            UNION ALL SELECT seat_id, state, -1 FROM old_rows) AS change
        JOIN onboarding_seat seat ON seat.id = change.seat_id WHERE change.state <> 'offered'
    ) AS settled GROUP BY week_id
    HAVING sum(sign * (state = 'accepted')::int) <> 0 OR sum(sign * (state = 'declined')::int) <> 0
        OR sum(sign * (state = 'expired')::int) <> 0;
    RETURN NULL;"""


def _once(name: str, func: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),
        func=func,
    )


def _changed(name: str, func: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        referencing=pgtrigger.Referencing(new="new_rows", old="old_rows"),
        func=func,
    )


def _each(name: str, func: str, rows: str) -> list[pgtrigger.Trigger]:
    """Return a statement trigger for inserts, updates and deletes: PostgreSQL gives transition tables to one each."""
    new, old = ({"new": "new_rows"}, {"old": "old_rows"})
    came = f"SELECT *, 1 AS sign FROM ({rows.format(rows='new_rows')}) AS came"
    went = f"SELECT *, -1 AS sign FROM ({rows.format(rows='old_rows')}) AS went"
    return [
        pgtrigger.Trigger(
            name=f"{name}_{verb}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            func=func.format(changes=changes),
        )
        for verb, operation, tables, changes in (
            ("insert", pgtrigger.Insert, new, came),
            ("update", pgtrigger.Update, new | old, f"{came} UNION ALL {went}"),
            ("delete", pgtrigger.Delete, old, went),
        )
    ]


def of_entries() -> Sequence[pgtrigger.Trigger]:
    """Return what counts the line, for the entries' table."""
    return _each("line_counted", COUNT_LINE, IN_LINE)


def of_applications() -> Sequence[pgtrigger.Trigger]:
    """Return what counts applications by the step they reached."""
    return _each("steps_counted", COUNT_STEPS, ON_THE_WAY)


def of_seats() -> Sequence[pgtrigger.Trigger]:
    return [_once("invited_counted", COUNT_INVITED)]


def of_invitations() -> Sequence[pgtrigger.Trigger]:
    """Return what counts how invitations end, for their table; they begin as offered, which is not counted."""
    return [_changed("outcomes_counted", COUNT_OUTCOMES)]


def of_keys() -> Sequence[pgtrigger.Trigger]:
    return [_changed("opened_counted", COUNT_OPENED)]


def of_grants() -> Sequence[pgtrigger.Trigger]:
    return [_once("accepted_counted", COUNT_ACCEPTED)]


class LineCount(models.Model):
    """A change of how many wait, are held and are invited, of one priority and one hour (UTC) of joining. Sum them."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="line_counts")
    priority = models.SmallIntegerField()
    joined_hour = models.DateTimeField()
    waiting = models.IntegerField()
    held = models.IntegerField()
    seated = models.IntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["program", "priority", "joined_hour"], name="line_count_of_hour")]

    def __str__(self) -> str:
        return f"{self.waiting:+} waiting in the line of program {self.program_id}"


class CohortCount(models.Model):
    """A change of how many wait, of one priority, day (UTC) of joining and cohort. Sum them.

    A cohort is all that shares of a week can go by; the columns are those of the entries.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="cohort_counts")
    priority = models.SmallIntegerField()
    joined_day = models.DateField()
    applicant_type = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True)
    wave = models.CharField(max_length=40, blank=True)
    hand_picked = models.BooleanField()
    waiting = models.IntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["program", "priority", "joined_day"], name="cohort_count_of_day")]

    def __str__(self) -> str:
        return f"{self.waiting:+} waiting of a cohort of program {self.program_id}"


class StepCount(models.Model):
    """A change of how many people reached a step. Sum them."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="step_counts")
    step = models.CharField(max_length=10, choices=Step.choices)
    people = models.IntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="step_count_step_known", condition=Q(step__in=Step.values))
        ]
        indexes = [models.Index(fields=["program", "step"], name="step_count_of_step")]

    def __str__(self) -> str:
        return f"{self.people:+} {self.step} in program {self.program_id}"


class OutcomeCount(models.Model):
    """A change of how the invitations of a week ended. Sum them."""

    week = models.ForeignKey("onboarding.Week", on_delete=models.PROTECT, related_name="outcome_counts")
    accepted = models.IntegerField()
    declined = models.IntegerField()
    expired = models.IntegerField()
    again = models.IntegerField(help_text=_("First invitations that ran out: their holders come once more."))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.accepted:+} accepted of week {self.week_id}"

"""The line, the rate plan, weeks, seats and invitations."""

from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import Owner
from audit import moves
from audit.models import append_only
from onboarding.models import counts
from onboarding.models.application import Application
from onboarding.models.plan import RatePlan, WeekShare
from onboarding.models.program import Program
from onboarding.states import (
    ENTRY_TRANSITIONS,
    GIVEN_BACK,
    INVITATION_TRANSITIONS,
    LIVE_ENTRY_STATES,
    EntryState,
    InvitationState,
)


class WaitlistEntryQuerySet(models.QuerySet["WaitlistEntry"]):
    def waiting(self) -> "WaitlistEntryQuerySet":
        return self.filter(state=EntryState.WAITING)

    def in_order(self) -> "WaitlistEntryQuerySet":
        """The order of the line; index `entry_line` serves it."""
        return self.order_by("priority", "joined_at", "id")


class WaitlistEntry(models.Model):
    """A place in a program's line."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="entries")
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="entries")
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="entry")
    state = models.CharField(max_length=10, choices=EntryState.choices, default=EntryState.WAITING)
    priority = models.SmallIntegerField(
        default=0, help_text=_("Lower goes first; changed only with a written reason.")
    )
    priority_reason = models.CharField(max_length=500, blank=True)
    joined_at = models.DateTimeField(help_text=_("When the approval was told: the place in line."))
    returned = models.BooleanField(
        default=False, help_text=_("Its one return after an expired invitation is used.")
    )
    applicant_type = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text=_("As approved.")
    )
    country = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text=_("As approved.")
    )
    wave = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text=_("Named by an import.")
    )
    hand_picked = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("Asked by hand, or joined while the program was by invitation only."),
    )
    left_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    hold_reason = models.CharField(max_length=500, blank=True, help_text=_("The applicant reads it."))

    PERSONAL_FIELDS = ("priority_reason", "applicant_type", "country", "wave")

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name_plural = _("waitlist entries")
        triggers = [*moves.only(ENTRY_TRANSITIONS, first=(EntryState.WAITING,)), *counts.of_entries()]
        indexes = [
            models.Index(
                fields=["program", "priority", "joined_at", "id"],
                name="entry_line",
                condition=Q(state=EntryState.WAITING),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "owner"],
                condition=Q(state__in=LIVE_ENTRY_STATES),
                name="one_live_entry_per_owner_and_program",
            ),
            models.CheckConstraint(name="entry_state_known", condition=Q(state__in=EntryState.values)),
            models.CheckConstraint(
                name="queue_jump_has_a_reason", condition=Q(priority=0) | ~Q(priority_reason="")
            ),
            models.CheckConstraint(
                name="entry_left_at_when_left",
                condition=Q(state=EntryState.LEFT, left_at__isnull=False)
                | (~Q(state=EntryState.LEFT) & Q(left_at=None)),
            ),
            models.CheckConstraint(
                name="entry_held_at_by_reason",
                condition=(
                    Q(state=EntryState.HELD, held_at__isnull=False, held_by__isnull=False)
                    & ~Q(hold_reason="")
                )
                | (~Q(state=EntryState.HELD) & Q(held_at=None, held_by=None, hold_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return _("%(owner)s in the line of %(program)s") % {"owner": self.owner, "program": self.program}


class Move(models.Model):
    """One written change of an entry's priority. The reason is published, without a name; the note is not."""

    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="moves")
    was = models.SmallIntegerField()
    now = models.SmallIntegerField()
    moved_at = models.DateTimeField()
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    note = models.CharField(max_length=1000, blank=True, help_text=_("For the staff only."))

    PERSONAL_FIELDS = ("note",)  # the reason is published and names nobody

    class Meta:
        default_permissions = ()
        triggers = [
            pgtrigger.Protect(name="move_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="move_is_written_once",
                fields=["entry", "was", "now", "moved_at", "moved_by", "reason"],
            ),
        ]
        constraints = [
            models.CheckConstraint(name="move_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="move_moves", condition=~Q(was=F("now"))),
        ]

    def __str__(self) -> str:
        return f"move of {self.entry_id} from {self.was} to {self.now}"


class RateStep(models.Model):
    """From when on, how many a week; who said so, and why. Later rows win over earlier ones of the same moment."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="rate_steps")
    per_week = models.PositiveIntegerField()
    from_at = models.DateTimeField()
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)

    class Meta:
        default_permissions = ()
        ordering = ["program", "from_at", "id"]
        triggers = append_only()
        constraints = [models.CheckConstraint(name="rate_step_has_a_reason", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return _("%(number)d a week from %(since)s") % {
            "number": self.per_week,
            "since": date_format(self.from_at, _("d M Y")),
        }


class Week(models.Model):
    """An admission window of one program: `starts_at` to `ends_at`, in the program's own zone and week start."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="weeks")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    limit = models.PositiveIntegerField()
    admitted = models.PositiveIntegerField(default=0, help_text=_("Seats given, whatever became of them."))
    opened_at = models.DateTimeField()
    plan = models.ForeignKey(
        RatePlan,
        null=True,
        on_delete=models.PROTECT,
        related_name="weeks",
        help_text=_("As it was when the week opened; plans never change."),
    )
    step = models.ForeignKey(RateStep, null=True, on_delete=models.PROTECT, related_name="weeks")
    green_weeks = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text=_("Weeks its ramp had gone on when it opened.")
    )
    carried = models.PositiveIntegerField(
        default=0, db_default=0, help_text=_("Seats of earlier weeks in the limit at opening.")
    )

    class Meta:
        default_permissions = ()
        ordering = ["program", "-starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["program", "starts_at"], name="one_week_per_start"),
            models.CheckConstraint(name="week_never_over_limit", condition=Q(admitted__lte=F("limit"))),
            models.CheckConstraint(name="week_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return _("week of %(day)s") % {
            "day": date_format(self.starts_at.astimezone(self.program.zone), _("d F Y"))
        }


class Seat(models.Model):
    """A place in a week, given to an entry. It counts in its week for good."""

    week = models.ForeignKey(
        Week,
        on_delete=models.PROTECT,
        related_name="seats",
        db_index=False,  # the constraint below has it first
    )
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="seats")
    given_at = models.DateTimeField()
    share = models.ForeignKey(
        WeekShare,
        null=True,
        on_delete=models.PROTECT,
        related_name="seats",
        db_index=False,  # each index is one more write for every seat of a week
        help_text=_("The share it was taken from; empty for the seats that are for everybody."),
    )

    class Meta:
        default_permissions = ()
        triggers = [*append_only(), *counts.of_seats()]
        constraints = [models.UniqueConstraint(fields=["week", "entry"], name="one_seat_per_entry_and_week")]

    def __str__(self) -> str:
        return f"seat of {self.entry_id} in week {self.week_id}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def offered(self) -> "InvitationQuerySet":
        return self.filter(state=InvitationState.OFFERED)

    def untold(self) -> "InvitationQuerySet":
        """Invited, and the letter is not yet in the outbox."""
        return self.offered().filter(told_at=None)

    def undelivered(self) -> "InvitationQuerySet":
        """Told, and the letter is not yet sent: the clock does not run."""
        return self.offered().filter(told_at__isnull=False, delivered_at=None)

    def to_remind(self, at: datetime) -> "InvitationQuerySet":
        """Half of the time is over, and the reminder is not yet in the outbox."""
        return self.offered().filter(remind_at__lte=at, reminded_at=None)

    def over(self, at: datetime) -> "InvitationQuerySet":
        """Offered, and no longer to be accepted; the same question as `Invitation.is_over`."""
        reminded = Q(remind_at=None) | Q(reminder_delivered_at__isnull=False)
        return self.offered().filter(reminded, expires_at__lte=at)


class Invitation(models.Model):
    """What a seat's holder answers. Only a POST by the owner changes it."""

    seat = models.OneToOneField(Seat, on_delete=models.PROTECT, related_name="invitation")
    state = models.CharField(max_length=10, choices=InvitationState.choices, default=InvitationState.OFFERED)
    offered_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, help_text=_("Promise: the letter is in the outbox."))
    delivered_at = models.DateTimeField(
        null=True, help_text=_("When the mail server took the letter: the clock starts then.")
    )
    expires_at = models.DateTimeField(null=True, help_text=_("Set when delivered: no notice, no clock."))
    remind_at = models.DateTimeField(null=True, help_text=_("Half of the time; empty where it is too short."))
    reminded_at = models.DateTimeField(null=True, help_text=_("Promise: the reminder is in the outbox."))
    reminder_delivered_at = models.DateTimeField(
        null=True, help_text=_("When the mail server took it; the deadline is a day later at the earliest.")
    )
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decline_reason = models.CharField(max_length=500, blank=True, help_text=_("Why, if they want to say."))
    counted_in = models.ForeignKey(
        Week,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("The later week at whose opening its seat came back to the rule of carrying over."),
    )

    PERSONAL_FIELDS = ("decline_reason",)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            *moves.only(INVITATION_TRANSITIONS, first=(InvitationState.OFFERED,)),
            *counts.of_invitations(),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="invitation_untold",
                condition=Q(state=InvitationState.OFFERED, told_at=None),
            ),
            models.Index(
                fields=["id"],
                name="invitation_undelivered",
                condition=Q(state=InvitationState.OFFERED, told_at__isnull=False, delivered_at=None),
            ),
            models.Index(
                fields=["remind_at"],
                name="invitation_to_remind",
                condition=Q(state=InvitationState.OFFERED, reminder_delivered_at=None),
            ),
            models.Index(
                fields=["id"], name="invitation_to_count", condition=Q(state__in=GIVEN_BACK, counted_in=None)
            ),
            models.Index(
                fields=["expires_at"], name="invitation_open", condition=Q(state=InvitationState.OFFERED)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="invitation_state_known", condition=Q(state__in=InvitationState.values)
            ),
            models.CheckConstraint(
                name="invitation_answered_at_by",
                condition=Q(
                    state__in=[InvitationState.ACCEPTED, InvitationState.DECLINED],
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                )
                | Q(
                    state__in=[InvitationState.OFFERED, InvitationState.EXPIRED],
                    answered_at=None,
                    answered_by=None,
                ),
            ),
            models.CheckConstraint(
                name="invitation_clock_runs_from_its_letter",
                condition=Q(delivered_at=None, expires_at=None, remind_at=None)
                | Q(
                    told_at__isnull=False,
                    delivered_at__isnull=False,
                    expires_at__isnull=False,
                    expires_at__gt=F("delivered_at"),
                ),
            ),
            models.CheckConstraint(
                name="invitation_reminded_in_order",
                condition=Q(reminded_at=None, reminder_delivered_at=None)
                | Q(remind_at__isnull=False, reminded_at__isnull=False),
            ),
            models.CheckConstraint(
                name="invitation_ends_a_day_after_its_reminder",
                condition=Q(reminder_delivered_at=None)
                | Q(expires_at__gte=F("reminder_delivered_at") + timedelta(days=1)),
            ),
            models.CheckConstraint(
                name="invitation_counted_when_given_back",
                condition=Q(counted_in=None) | Q(state__in=GIVEN_BACK),
            ),
            models.CheckConstraint(
                name="decline_reason_when_declined",
                condition=Q(decline_reason="") | Q(state=InvitationState.DECLINED),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}: {self.state}"

    def is_over(self, at: datetime) -> bool:
        """Return whether an offered invitation can no longer be accepted: its time, counted from delivered letters."""
        if self.expires_at is None or (self.remind_at and not self.reminder_delivered_at):
            return False
        return self.expires_at <= at

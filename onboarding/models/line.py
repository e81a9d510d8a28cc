"""The line, the rate plan, weeks, seats and invitations."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Owner
from audit import moves
from audit.models import append_only
from onboarding.models.application import Application
from onboarding.models.program import Program
from onboarding.states import (
    ENTRY_TRANSITIONS,
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
        default=0, help_text="Lower goes first; changed only with a written reason."
    )
    priority_reason = models.CharField(max_length=500, blank=True)
    joined_at = models.DateTimeField(help_text="When the approval was told: the place in line.")
    returned = models.BooleanField(
        default=False, help_text="Its one return after an expired invitation is used."
    )
    left_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("priority_reason",)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "waitlist entries"
        triggers = moves.only(ENTRY_TRANSITIONS, first=(EntryState.WAITING,))
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
        ]

    def __str__(self) -> str:
        return f"{self.owner} in the line of {self.program}"


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
        return f"{self.per_week} a week from {self.from_at:%d %b %Y}"


class Week(models.Model):
    """An admission window of one program: `starts_at` to `ends_at`, in the program's own zone and week start."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="weeks")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    limit = models.PositiveIntegerField()
    admitted = models.PositiveIntegerField(default=0, help_text="Seats given, whatever became of them.")
    opened_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["program", "-starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["program", "starts_at"], name="one_week_per_start"),
            models.CheckConstraint(name="week_never_over_limit", condition=Q(admitted__lte=F("limit"))),
            models.CheckConstraint(name="week_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"week of {self.starts_at.astimezone(self.program.zone):%d %B %Y}"


class Seat(models.Model):
    """A place in a week, given to an entry. It counts in its week for good."""

    week = models.ForeignKey(Week, on_delete=models.PROTECT, related_name="seats")
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="seats")
    given_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["week", "entry"], name="one_seat_per_entry_and_week")]

    def __str__(self) -> str:
        return f"seat of {self.entry_id} in week {self.week_id}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def offered(self) -> "InvitationQuerySet":
        return self.filter(state=InvitationState.OFFERED)

    def untold(self) -> "InvitationQuerySet":
        """Invited, and the letter is not yet in the outbox."""
        return self.offered().filter(told_at=None)


class Invitation(models.Model):
    """What a seat's holder answers. Only a POST by the owner changes it."""

    seat = models.OneToOneField(Seat, on_delete=models.PROTECT, related_name="invitation")
    state = models.CharField(max_length=10, choices=InvitationState.choices, default=InvitationState.OFFERED)
    offered_at = models.DateTimeField()
    told_at = models.DateTimeField(
        null=True, help_text="Promise: the letter is in the outbox. The clock starts then."
    )
    expires_at = models.DateTimeField(null=True, help_text="Set when told: no notice, no clock.")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = moves.only(INVITATION_TRANSITIONS, first=(InvitationState.OFFERED,))
        indexes = [
            models.Index(
                fields=["id"],
                name="invitation_untold",
                condition=Q(state=InvitationState.OFFERED, told_at=None),
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
                name="invitation_told_with_its_deadline",
                condition=Q(told_at=None, expires_at=None)
                | Q(told_at__isnull=False, expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}: {self.state}"

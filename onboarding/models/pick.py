"""People asked by hand to apply for a program by invitation only, and the lists they came in."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from audit import moves
from onboarding.models.program import Program
from onboarding.states import LIVE_PICK_STATES, PICK_TRANSITIONS, PickState

NAME_MOST, NOTE_MOST = 120, 200  # characters


class PickList(models.Model):
    """A list of addresses as a manager confirmed it; rq asks them, chunk by chunk."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="pick_lists")
    once = models.UUIDField(
        unique=True, help_text=_("Of the page it was confirmed on: a double click is one list.")
    )
    file_name = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, help_text=_("The staff reads it."))
    found = models.PositiveIntegerField(help_text=_("How many were to be asked when it was confirmed."))
    rows = models.JSONField(
        default=list, help_text=_("[[line, e-mail, name, note]]; empty once all were looked at.")
    )
    left_out = models.JSONField(default=list, help_text=_("[{line, why}]: rows that nobody was asked for."))
    up_to = models.PositiveIntegerField(default=0, help_text=_("How many rows were looked at."))
    made = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, help_text=_("Promise: every row was looked at."))

    PERSONAL_FIELDS = ("rows",)  # gone once the worker is done with them

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="pick_list_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="pick_list_is_asked_once",
                fields=["program", "once", "file_name", "asked_at", "asked_by", "reason", "found"],
            ),
        ]
        constraints = [
            models.CheckConstraint(name="pick_list_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="pick_list_is_about_somebody", condition=Q(found__gte=1)),
            models.CheckConstraint(
                name="pick_list_forgets_its_rows", condition=Q(finished_at=None) | Q(rows=[])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} for {self.program}"


class PickQuerySet(models.QuerySet["Pick"]):
    def overdue(self, at: datetime) -> "PickQuerySet":
        """Not taken up, and past their time."""
        return self.filter(state=PickState.ASKED, expires_at__lte=at)

    def unblanked(self) -> "PickQuerySet":
        """Over without having been taken up, and the address still stands there."""
        return self.filter(state__in=[PickState.WITHDRAWN, PickState.EXPIRED]).exclude(email="")


class Pick(models.Model):
    """One address asked to apply for one program; only whoever proves that address can take it up, once."""

    pick_list = models.ForeignKey(PickList, on_delete=models.PROTECT, related_name="picks")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="picks")
    line = models.PositiveIntegerField(help_text=_("Of the file."))
    email = models.EmailField(blank=True, help_text=_("Empty once it was blanked."))
    name = models.CharField(max_length=NAME_MOST, blank=True)
    note = models.CharField(max_length=NOTE_MOST, blank=True, help_text=_("For the staff only."))
    state = models.CharField(max_length=10, choices=PickState.choices, default=PickState.ASKED)
    token_hash = models.CharField(max_length=64, help_text=_("SHA-256 of the link in the letter, hex."))
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="picks"
    )
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdraw_reason = models.CharField(max_length=500, blank=True, help_text=_("The staff reads it."))

    PERSONAL_FIELDS = ("email", "name", "note")

    objects = PickQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(PICK_TRANSITIONS, first=(PickState.ASKED,)),
            pgtrigger.Protect(name="pick_stays", operation=pgtrigger.Delete),
        ]
        indexes = [
            models.Index(fields=["program", "-id"], name="pick_pages"),
            models.Index(fields=["expires_at"], name="pick_overdue", condition=Q(state=PickState.ASKED)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "email"],
                condition=Q(state__in=LIVE_PICK_STATES) & ~Q(email=""),
                name="one_live_pick_per_address",
            ),
            models.UniqueConstraint(fields=["token_hash"], name="one_pick_per_link"),
            models.CheckConstraint(name="pick_state_known", condition=Q(state__in=PickState.values)),
            models.CheckConstraint(name="picked_address_in_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(
                name="pick_taken_at_by",
                condition=Q(state=PickState.TAKEN, taken_at__isnull=False, taken_by__isnull=False)
                | (~Q(state=PickState.TAKEN) & Q(taken_at=None, taken_by=None)),
            ),
            models.CheckConstraint(
                name="pick_withdrawn_at_by_reason",
                condition=(
                    Q(state=PickState.WITHDRAWN, withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & ~Q(withdraw_reason="")
                )
                | (
                    ~Q(state=PickState.WITHDRAWN)
                    & Q(withdrawn_at=None, withdrawn_by=None, withdraw_reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email or 'somebody'}, asked to apply for {self.program}"

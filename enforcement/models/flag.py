"""What somebody or something noticed, and the case in which a person looks at it."""

import secrets
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Owner
from audit import moves
from enforcement.states import (
    FLAG_CASE_TRANSITIONS,
    FLAG_TRANSITIONS,
    Finding,
    FlagCaseState,
    FlagSource,
    FlagState,
)
from onboarding.models import Grant, Key
from onboarding.models.application import ALPHABET
from policies.states import Severity
from reviews.models.decision import BLANKED

EXCERPT_MOST, SAID_MOST, NOTE_MOST, REASON_MOST = 500, 2000, 2000, 500  # characters
OPEN_CASES = (FlagCaseState.OPEN, FlagCaseState.TAKEN)


def new_receipt() -> str:
    """Return a receipt number: `R` and 16 characters, 80 random bits. The second migration names it here."""
    return "R" + "".join(secrets.choice(ALPHABET) for _ in range(16))


def _said_once(field: str) -> pgtrigger.Q:
    return pgtrigger.Q(**{f"old__{field}__isnull": False, f"old__{field}__df": pgtrigger.F(f"new__{field}")})


class FlagCaseQuerySet(models.QuerySet["FlagCase"]):
    def open(self) -> "FlagCaseQuerySet":
        """Not decided, in the order in which they are due; index `flag_case_open` serves it."""
        return self.filter(state__in=OPEN_CASES).order_by("due_at", "id")

    def late(self, at: datetime) -> "FlagCaseQuerySet":
        return self.open().filter(due_at__lte=at)

    def run_out(self, at: datetime) -> "FlagCaseQuerySet":
        """Kept longer than it may be kept."""
        return self.filter(state=FlagCaseState.TAKEN, taken_until__lte=at)


class FlagCase(models.Model):
    """What people work on: the flags about one grant that say the same, until somebody decides.

    `category`, `rule` and `severity` are what was flagged first and worst; `found_category` and `found_severity` what
    the person found. A later flag makes it no less urgent.
    """

    owner = models.ForeignKey(Owner, null=True, on_delete=models.PROTECT, related_name="flag_cases")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="flag_cases")
    category = models.SlugField(max_length=60, blank=True)
    rule = models.CharField(max_length=100, blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    state = models.CharField(max_length=8, choices=FlagCaseState.choices, default=FlagCaseState.OPEN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(
        help_text=_("When a person is to have decided; a graver flag brings it nearer.")
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)
    taken_until = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=12, choices=Finding.choices, blank=True)
    found_category = models.SlugField(max_length=60, blank=True)
    found_severity = models.PositiveSmallIntegerField(null=True, choices=Severity.choices)
    note = models.TextField(max_length=NOTE_MOST, blank=True, help_text=_("Why, for colleagues."))
    attached_at = models.DateTimeField(
        null=True, help_text=_("When a person said whose access this is about; empty where it was known.")
    )
    attached_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    attach_reason = models.CharField(max_length=REASON_MOST, blank=True)
    merged_into = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="merged",
        help_text=_("Where its flags went."),
    )

    PERSONAL_FIELDS = ("note", "attach_reason")

    objects = FlagCaseQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            *moves.only(FLAG_CASE_TRANSITIONS, first=(FlagCaseState.OPEN,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="whose_it_is_is_said_once",
                operation=pgtrigger.Update,
                condition=_said_once("grant")
                | _said_once("owner")
                | _said_once("attached_at")
                | _said_once("attached_by")
                | _said_once("merged_into")
                | pgtrigger.Q(
                    old__attached_at__isnull=False, old__attach_reason__df=pgtrigger.F("new__attach_reason")
                )
                & ~pgtrigger.Q(new__attach_reason=BLANKED),
            ),
            pgtrigger.Protect(
                name="what_was_found_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=FlagCaseState.DECIDED)
                & (
                    pgtrigger.Q(old__decided_at__df=pgtrigger.F("new__decided_at"))
                    | pgtrigger.Q(old__decided_by__df=pgtrigger.F("new__decided_by"))
                    | pgtrigger.Q(old__finding__df=pgtrigger.F("new__finding"))
                    | pgtrigger.Q(old__found_category__df=pgtrigger.F("new__found_category"))
                    | pgtrigger.Q(old__found_severity__df=pgtrigger.F("new__found_severity"))
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="flag_case_open", condition=Q(state__in=["open", "taken"])
            ),
            models.Index(fields=["grant", "-id"], name="flag_case_by_grant"),
            models.Index(fields=["owner", "-id"], name="flag_case_by_owner"),
            models.Index(fields=["taken_until"], name="flag_case_taken_until", condition=Q(state="taken")),
            models.Index(  # what freeze rules count
                fields=["decided_at"], name="flag_case_violations", condition=Q(finding="violation")
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "category"],
                condition=Q(state__in=["open", "taken"], grant__isnull=False) & ~Q(category=""),
                name="one_open_flag_case_per_category",
            ),
            models.CheckConstraint(name="flag_case_state_known", condition=Q(state__in=FlagCaseState.values)),
            models.CheckConstraint(
                name="flag_case_finding_known", condition=Q(finding__in=["", *Finding.values])
            ),
            models.CheckConstraint(
                name="flag_case_severities_known",
                condition=Q(severity__in=Severity.values)
                & (Q(found_severity=None) | Q(found_severity__in=Severity.values)),
            ),
            models.CheckConstraint(
                name="flag_case_taken_at_by",
                condition=Q(state=FlagCaseState.OPEN, taken_at=None, taken_by=None, taken_until=None)
                | Q(
                    state=FlagCaseState.TAKEN,
                    taken_at__isnull=False,
                    taken_by__isnull=False,
                    taken_until__isnull=False,
                )
                | Q(
                    state=FlagCaseState.DECIDED,
                    taken_at__isnull=False,
                    taken_by__isnull=False,
                    taken_until=None,
                )
                | Q(
                    state=FlagCaseState.MERGED,
                    taken_at__isnull=False,
                    taken_by__isnull=False,
                    taken_until=None,
                ),
            ),
            models.CheckConstraint(
                name="flag_case_attached_at_by",
                condition=Q(attached_at=None, attached_by=None, attach_reason="")
                | Q(attached_at__isnull=False, attached_by__isnull=False, grant__isnull=False)
                & ~Q(attach_reason=""),
            ),
            models.CheckConstraint(
                name="a_merged_flag_case_says_where_to",
                condition=Q(state=FlagCaseState.MERGED, merged_into__isnull=False, attached_at__isnull=False)
                | ~Q(state=FlagCaseState.MERGED) & Q(merged_into=None),
            ),
            models.CheckConstraint(
                name="flag_case_decided_at_by",
                condition=Q(
                    state=FlagCaseState.DECIDED,
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    found_severity__isnull=False,
                )
                & ~Q(finding="")
                & ~Q(note="")
                | ~Q(state=FlagCaseState.DECIDED)
                & Q(
                    decided_at=None,
                    decided_by=None,
                    finding="",
                    found_category="",
                    found_severity=None,
                    note="",
                ),
            ),
            models.CheckConstraint(
                name="a_violation_names_its_category",
                condition=~Q(finding=Finding.VIOLATION) | ~Q(found_category=""),
            ),
        ]

    def __str__(self) -> str:
        return f"flags {self.pk}"


class FlagQuerySet(models.QuerySet["Flag"]):
    def outdated(self, at: datetime) -> "FlagQuerySet":
        """Those whose excerpt was kept as long as it may be."""
        return self.filter(excerpt_until__lte=at)


class Flag(models.Model):
    """One thing noticed. What is quoted is short and goes by itself; codes and figures stay.

    `reply_to` is the address of somebody who reported it without an account; it goes once they were answered.
    """

    receipt = models.CharField(max_length=17, unique=True, default=new_receipt, editable=False)
    source = models.CharField(max_length=10, choices=FlagSource.choices)
    rule = models.CharField(max_length=100, blank=True, help_text=_("Code of the rule that noticed it."))
    rule_version = models.PositiveIntegerField(default=0)
    owner = models.ForeignKey(Owner, null=True, on_delete=models.PROTECT, related_name="flags")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="flags")
    key = models.ForeignKey(Key, null=True, on_delete=models.PROTECT, related_name="flags")
    end_user = models.CharField(max_length=128, blank=True, help_text=_("As the caller hashes it."))
    category = models.SlugField(max_length=60, blank=True, help_text=_("Of the guidelines, where one fits."))
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    figures = models.JSONField(default=dict, help_text=_("The numbers behind it, by name."))
    excerpt = models.CharField(
        max_length=EXCERPT_MOST, blank=True, help_text=_("Shown blurred until opened.")
    )
    excerpt_until = models.DateTimeField(null=True, help_text=_("Blanked then."))
    said = models.TextField(max_length=SAID_MOST, blank=True, help_text=_("What a person wrote about it."))
    reply_to = models.EmailField(blank=True)
    state = models.CharField(max_length=9, choices=FlagState.choices, default=FlagState.OPEN)
    case = models.ForeignKey(FlagCase, on_delete=models.PROTECT, related_name="flags")
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    idempotency = models.CharField(
        max_length=200, blank=True, help_text=_("The caller's own mark; once per source.")
    )

    PERSONAL_FIELDS = ("excerpt", "said", "reply_to")

    objects = FlagQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            *moves.only(FLAG_TRANSITIONS, first=(FlagState.OPEN,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="what_was_noticed_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "receipt", "source", "rule", "rule_version", "key", "end_user", "category", "severity", "figures",
                    "raised_at", "raised_by", "idempotency",
                ),
            ),
            pgtrigger.Protect(  # where nobody could tell, a person says it once, and the flag may move to its case
                name="whose_it_is_is_said_once",
                operation=pgtrigger.Update,
                condition=(pgtrigger.Q(old__grant__isnull=False) | pgtrigger.Q(new__grant__isnull=True))
                & (
                    pgtrigger.Q(old__grant__df=pgtrigger.F("new__grant"))
                    | pgtrigger.Q(old__owner__df=pgtrigger.F("new__owner"))
                    | pgtrigger.Q(old__case__df=pgtrigger.F("new__case"))
                )
                | pgtrigger.Q(old__owner__isnull=False) & pgtrigger.Q(old__owner__df=pgtrigger.F("new__owner")),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["case", "-id"], name="flag_by_case"),
            models.Index(fields=["grant", "-id"], name="flag_by_grant"),
            models.Index(fields=["rule", "rule_version", "state"], name="flag_by_rule"),
            models.Index(
                fields=["excerpt_until"], name="flag_excerpt_until", condition=Q(excerpt_until__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "idempotency"], condition=~Q(idempotency=""), name="one_flag_per_mark"
            ),
            models.CheckConstraint(name="flag_source_known", condition=Q(source__in=FlagSource.values)),
            models.CheckConstraint(name="flag_state_known", condition=Q(state__in=FlagState.values)),
            models.CheckConstraint(name="flag_severity_known", condition=Q(severity__in=Severity.values)),
            models.CheckConstraint(
                name="a_flagged_key_is_of_a_grant_of_an_owner",
                condition=(Q(key=None) | Q(grant__isnull=False)) & (Q(grant=None) | Q(owner__isnull=False)),
            ),
            models.CheckConstraint(
                name="an_excerpt_has_an_end",
                condition=Q(excerpt="", excerpt_until=None)
                | (~Q(excerpt="") & Q(excerpt_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.receipt

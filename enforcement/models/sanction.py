"""What follows from a confirmed case, what may follow from a flag at once, and exceptions from that."""

import secrets
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Owner
from audit import moves
from audit.models import append_only
from enforcement.models.flag import Flag, FlagCase
from enforcement.states import (
    SANCTION_TRANSITIONS,
    SanctionKind,
    SanctionReason,
    SanctionState,
    SanctionTarget,
)
from onboarding.models import Grant, Key, Revision
from onboarding.models.application import ALPHABET
from policies.models import GuidelineVersion
from policies.states import Severity

WORDS_MOST = 2000  # characters: facts, what would change it
REASON_MOST = 500

# Whoever proposes does not sign, and a case that needs two people has two before anything takes effect.
TWO_PEOPLE = """IF NEW.state IN ('active', 'lifted', 'ended', 'reversed') AND NEW.needs_second
        AND NEW.signed_by_id IS NULL THEN
    RAISE EXCEPTION 'enforcement_sanction: this waits for its second person' USING ERRCODE = 'check_violation';
    END IF; RETURN NEW;"""


def new_number() -> str:
    """Return a sanction's public number: `S` and 16 characters, 80 random bits."""
    return "S" + "".join(secrets.choice(ALPHABET) for _ in range(16))


class SanctionQuerySet(models.QuerySet["Sanction"]):
    def active(self) -> "SanctionQuerySet":
        return self.filter(state=SanctionState.ACTIVE)

    def over(self, at: datetime) -> "SanctionQuerySet":
        """In force and past their end."""
        return self.active().filter(ends_at__lte=at)


class Sanction(models.Model):
    """One consequence, with its statement of reasons; nothing of what was said can be changed afterwards.

    `grant` is the access it came about, also where the target is more or less than it. A machine proposes only what
    `EmergencyRule` lets it: then `flag` is what made it act, and nobody stands as `proposed_by`.
    """

    number = models.CharField(max_length=17, unique=True, default=new_number, editable=False)
    kind = models.CharField(max_length=9, choices=SanctionKind.choices)
    target = models.CharField(max_length=8, choices=SanctionTarget.choices)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="sanctions")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="sanctions")
    key = models.ForeignKey(Key, null=True, on_delete=models.PROTECT, related_name="sanctions")
    end_user = models.CharField(
        max_length=128, blank=True, help_text=gettext_lazy("As the caller hashes it.")
    )
    state = models.CharField(max_length=8, choices=SanctionState.choices, default=SanctionState.PROPOSED)
    case = models.ForeignKey(FlagCase, on_delete=models.PROTECT, related_name="sanctions")
    flag = models.ForeignKey(Flag, null=True, on_delete=models.PROTECT, related_name="sanctions")
    reason_code = models.CharField(max_length=20, choices=SanctionReason.choices)
    category = models.SlugField(max_length=60, help_text=gettext_lazy("The clause of the guidelines."))
    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="+")
    facts = models.TextField(max_length=WORDS_MOST, help_text=gettext_lazy("As the holder reads it."))
    would_change = models.TextField(
        max_length=WORDS_MOST, blank=True, help_text=gettext_lazy("What would change it.")
    )
    detected_automatically = models.BooleanField()
    per_minute = models.PositiveIntegerField(null=True, help_text=gettext_lazy("Requests, of a limit."))
    per_day = models.PositiveIntegerField(null=True)
    ends_at = models.DateTimeField(null=True, help_text=gettext_lazy("Empty: without an end."))
    needs_second = models.BooleanField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    active_at = models.DateTimeField(null=True, help_text=gettext_lazy("When it took effect."))
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=REASON_MOST, blank=True)
    carried_out_at = models.DateTimeField(
        null=True,
        help_text=gettext_lazy(
            "Of an end of access: when it could no longer be appealed, and was made final."
        ),
    )

    PERSONAL_FIELDS = ("facts", "would_change", "close_reason")

    objects = SanctionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(SANCTION_TRANSITIONS, first=(SanctionState.PROPOSED,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="what_was_imposed_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "number", "kind", "target", "owner", "grant", "key", "end_user", "case", "flag", "reason_code",
                    "category", "guidelines", "detected_automatically", "per_minute", "per_day", "ends_at",
                    "needs_second", "proposed_by", "proposed_at",
                ),
            ),
            pgtrigger.Trigger(
                name="two_people",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=TWO_PEOPLE,
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["ends_at"], name="sanction_active", condition=Q(state="active")),
            models.Index(fields=["owner", "state"], name="sanction_by_owner"),
            models.Index(fields=["grant", "-id"], name="sanction_by_grant"),
        ]
        constraints = [
            models.CheckConstraint(name="sanction_kind_known", condition=Q(kind__in=SanctionKind.values)),
            models.CheckConstraint(name="sanction_state_known", condition=Q(state__in=SanctionState.values)),
            models.CheckConstraint(
                name="sanction_reason_known", condition=Q(reason_code__in=SanctionReason.values)
            ),
            models.CheckConstraint(
                name="sanction_target_fits",
                condition=Q(target=SanctionTarget.KEY, key__isnull=False, end_user="")
                | Q(target__in=[SanctionTarget.GRANT, SanctionTarget.OWNER], key=None, end_user="")
                | Q(target=SanctionTarget.END_USER, key=None) & ~Q(end_user=""),
            ),
            models.CheckConstraint(
                name="an_end_user_is_warned_or_suspended",
                condition=~Q(target=SanctionTarget.END_USER)
                | Q(kind__in=[SanctionKind.WARN, SanctionKind.SUSPEND]),
            ),
            models.CheckConstraint(
                name="a_limit_says_how_many",
                condition=Q(kind=SanctionKind.LIMIT)
                & (Q(per_minute__gte=1) | Q(per_day__gte=1))
                & (Q(per_minute=None) | Q(per_minute__gte=1))
                & (Q(per_day=None) | Q(per_day__gte=1))
                | ~Q(kind=SanctionKind.LIMIT) & Q(per_minute=None, per_day=None),
            ),
            models.CheckConstraint(
                name="an_end_of_access_has_no_end_and_two_people",
                condition=~Q(kind=SanctionKind.TERMINATE) & ~Q(target=SanctionTarget.OWNER)
                | Q(needs_second=True),
            ),
            models.CheckConstraint(
                name="sanction_says_why", condition=~Q(facts="") & ~Q(category="") & ~Q(reason_code="")
            ),
            models.CheckConstraint(
                name="a_machine_only_suspends_for_a_flag",
                condition=Q(proposed_by__isnull=False, flag=None)
                | Q(
                    proposed_by=None,
                    flag__isnull=False,
                    kind=SanctionKind.SUSPEND,
                    target=SanctionTarget.GRANT,
                    needs_second=False,
                    detected_automatically=True,
                ),
            ),
            models.CheckConstraint(
                name="sanction_signed_at_by",
                condition=Q(signed_at=None, signed_by=None)
                | Q(signed_at__isnull=False, signed_by__isnull=False) & ~Q(signed_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="sanction_active_at",
                condition=Q(state__in=[SanctionState.PROPOSED, SanctionState.DROPPED], active_at=None)
                | ~Q(state__in=[SanctionState.PROPOSED, SanctionState.DROPPED]) & Q(active_at__isnull=False),
            ),
            models.CheckConstraint(
                name="sanction_closed_at_by",
                condition=Q(
                    state__in=[SanctionState.PROPOSED, SanctionState.ACTIVE], closed_at=None, closed_by=None
                )
                | Q(state=SanctionState.ENDED, closed_at__isnull=False, closed_by=None)
                | Q(
                    state__in=[SanctionState.DROPPED, SanctionState.LIFTED, SanctionState.REVERSED],
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def is_automatic(self) -> bool:
        return self.proposed_by_id is None


class EmergencyRule(models.Model):
    """Whether a flag of a category suspends at once, before a person looked; the latest row of a category counts.

    `covered_by` names categories whose approval makes such flags expected: "approved for security research".
    """

    category = models.SlugField(max_length=60)
    is_on = models.BooleanField()
    least_severity = models.PositiveSmallIntegerField(choices=Severity.choices, default=Severity.GRAVE)
    covered_by = models.JSONField(default=list)
    reason = models.CharField(max_length=REASON_MOST)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = append_only()
        indexes = [models.Index(fields=["category", "-id"], name="emergency_rule_latest")]
        constraints = [
            models.CheckConstraint(name="emergency_rule_says_why", condition=~Q(reason="") & ~Q(category="")),
            models.CheckConstraint(
                name="emergency_severity_known", condition=Q(least_severity__in=Severity.values)
            ),
        ]

    def __str__(self) -> str:
        said = _("%(category)s: suspends at once") if self.is_on else _("%(category)s: waits for a person")
        return said % {"category": self.category}


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def in_force(self, at: datetime) -> "WaiverQuerySet":
        """Neither ended nor run out, and the approved use is still the one they were given for."""
        same_use = Q(revision=F("grant__revision")) | Q(revision=None, grant__revision=None)
        return self.filter(same_use, Q(until_at=None) | Q(until_at__gt=at), ended_at=None)


class Waiver(models.Model):
    """An exception: flags of this rule or category do not suspend this grant at once.

    It holds while the approved use is the same, because it was given for those facts; another use is judged anew.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="waivers")
    revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=100, blank=True)
    category = models.SlugField(max_length=60, blank=True)
    reason = models.CharField(max_length=REASON_MOST)
    sanction = models.ForeignKey(
        Sanction,
        null=True,
        on_delete=models.PROTECT,
        related_name="waivers",
        help_text=gettext_lazy("Reversed on appeal."),
    )
    given_at = models.DateTimeField()
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    until_at = models.DateTimeField(
        null=True, help_text=gettext_lazy("Empty: while the approved use is the same.")
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    PERSONAL_FIELDS = ("reason",)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)]
        indexes = [models.Index(fields=["grant"], name="waiver_in_force", condition=Q(ended_at=None))]
        constraints = [
            models.CheckConstraint(
                name="waiver_is_of_something_with_a_reason",
                condition=~Q(reason="") & (~Q(rule="") | ~Q(category="")),
            ),
            models.CheckConstraint(
                name="waiver_ended_at_by",
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule or self.category} waived for grant {self.grant_id}"

    def covers(self, flag: "Flag") -> bool:
        """Return whether this flag is what it was given for; both where it names a rule and a category."""
        return self.rule in ("", flag.rule) and self.category in ("", flag.category)

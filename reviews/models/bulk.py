"""One decision said of many cases alike: which were chosen, and what became of each."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Program, Revision
from policies.states import Lane
from reviews.models.case import Case
from reviews.models.decision import Decision
from reviews.states import BULK_OUTCOMES, BulkRefusal, CaseKind, Outcome


class Bulk(models.Model):
    """What somebody confirmed for a set of cases of one program, kind and lane. The words are in the decisions."""

    token = models.UUIDField(
        help_text=_("Of the page that was confirmed: the same page again is the same bulk.")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bulks")
    made_at = models.DateTimeField()
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=CaseKind.choices)
    lane = models.CharField(max_length=10, choices=Lane.choices)
    outcome = models.CharField(max_length=26, choices=Outcome.choices)
    reason_code = models.CharField(max_length=40)
    categories = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Update | pgtrigger.Delete)]
        constraints = [
            models.UniqueConstraint(fields=["made_by", "token"], name="one_bulk_per_confirmed_page"),
            models.CheckConstraint(
                name="bulk_kind_and_lane_known", condition=Q(kind__in=CaseKind.values, lane__in=Lane.values)
            ),
            models.CheckConstraint(name="bulk_outcome_known", condition=Q(outcome__in=BULK_OUTCOMES)),
        ]

    def __str__(self) -> str:
        return f"bulk {self.pk}"


class BulkItem(models.Model):
    """One case of a bulk: decided, or refused and why; neither while it was not its turn yet."""

    bulk = models.ForeignKey(Bulk, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField(help_text=_("From 1, at most 50."))
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, related_name="+", help_text=_("The one whose letter was shown.")
    )
    decision = models.OneToOneField(Decision, null=True, on_delete=models.PROTECT, related_name="bulk_item")
    refusal = models.CharField(max_length=12, choices=BulkRefusal.choices, blank=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    detail = models.CharField(
        max_length=500, blank=True, help_text=_("What the decision lacked; no typed words.")
    )
    tried_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["bulk", "position"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="tried_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__tried_at__isnull=False)
                | pgtrigger.Q(old__case__df=pgtrigger.F("new__case"))
                | pgtrigger.Q(old__bulk__df=pgtrigger.F("new__bulk")),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["bulk", "case"], name="one_item_per_bulk_and_case"),
            models.UniqueConstraint(fields=["bulk", "position"], name="one_item_per_bulk_and_place"),
            models.CheckConstraint(name="at_most_fifty_in_a_bulk", condition=Q(position__range=(1, 50))),
            models.CheckConstraint(
                name="bulk_item_decided_or_refused",
                condition=Q(tried_at=None, decision=None, refusal="")
                | Q(tried_at__isnull=False, decision__isnull=False, refusal="")
                | Q(tried_at__isnull=False, decision=None, refusal__in=BulkRefusal.values),
            ),
            models.CheckConstraint(
                name="bulk_item_held_by_whom", condition=Q(held_by=None) | Q(refusal=BulkRefusal.HELD)
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.case_id} of bulk {self.bulk_id}"

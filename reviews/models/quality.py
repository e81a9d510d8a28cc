"""Second reviews nobody waits for: what is drawn, what is known beforehand, and where two views differed."""

import secrets

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import append_only
from onboarding.models import Program, Revision
from reviews.models.case import Case
from reviews.models.decision import Decision
from reviews.models.opinion import Opinion
from reviews.models.per_program import PerProgramQuerySet
from reviews.states import Outcome, Reconciled, SecondReviewKind

# Whoever decided, signed, or gave back what is looked at again does not look at it again.
OTHERS_ONLY = """IF NEW.reviewer_id IS NOT NULL AND EXISTS (SELECT FROM reviews_decision made
        WHERE made.case_id = NEW.case_id
        AND NEW.reviewer_id IN (made.decided_by_id, made.signed_by_id, made.returned_by_id, made.recalled_by_id)) THEN
    RAISE EXCEPTION 'reviews_secondreview: who decided is not the second reviewer' USING ERRCODE = 'check_violation';
    END IF; RETURN NEW;"""


def _salt() -> str:
    return secrets.token_hex(16)


class SecondReviewRule(models.Model):
    """What share of a program's decisions is looked at again, by lane; the latest row of the program counts."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="second_review_rules")
    shares = models.JSONField(help_text=_("{lane: percent}; a lane left out has none."))
    first_cases = models.PositiveSmallIntegerField(
        default=5, help_text=_("So many of a new guideline version, and of a new category, always.")
    )
    salt = models.CharField(max_length=32, default=_salt, help_text=_("So that nobody can foresee a draw."))
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    objects = PerProgramQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = append_only()
        constraints = [
            models.CheckConstraint(
                name="second_review_rule_says_why", condition=~Q(reason="") & Q(first_cases__lte=100)
            )
        ]

    def __str__(self) -> str:
        return f"second reviews of {self.program_id}"


class GoldenCase(models.Model):
    """A decided case whose right outcome a senior wrote down: it comes back as a second review, never as a live one."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    expected = models.CharField(max_length=26, choices=Outcome.choices)
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], condition=Q(retired_at=None), name="one_live_golden_case_per_decision"
            ),
            models.CheckConstraint(name="golden_expected_known", condition=Q(expected__in=Outcome.values)),
            models.CheckConstraint(
                name="golden_retired_at_by",
                condition=Q(retired_at=None, retired_by=None)
                | Q(retired_at__isnull=False, retired_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"golden decision {self.decision_id}"


class SecondReviewQuerySet(models.QuerySet["SecondReview"]):
    def undone(self) -> "SecondReviewQuerySet":
        return self.filter(done_at=None)


class SecondReview(models.Model):
    """One person looks again at the revision a decision was made on, without being shown what was decided.

    It is no state of the case: the decision neither waits for it nor is changed by it.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="second_reviews")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="second_reviews")
    kind = models.CharField(max_length=12, choices=SecondReviewKind.choices)
    because = models.CharField(max_length=80, blank=True, help_text=_("What is new: version or category."))
    golden = models.ForeignKey(GoldenCase, null=True, on_delete=models.PROTECT, related_name="second_reviews")
    drawn_at = models.DateTimeField()
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="second_reviews"
    )
    taken_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text=_("From then on somebody else may take it."))
    opinion = models.OneToOneField(Opinion, null=True, on_delete=models.PROTECT, related_name="second_review")
    done_at = models.DateTimeField(null=True)

    objects = SecondReviewQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            pgtrigger.Trigger(
                name="by_somebody_else",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=OTHERS_ONLY,
            ),
            pgtrigger.Protect(
                name="done_for_good",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.done_at IS NOT NULL"),
            ),
        ]
        indexes = [models.Index(fields=["drawn_at"], name="second_review_undone", condition=Q(done_at=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], condition=Q(golden=None), name="one_second_review_per_decision"
            ),
            models.UniqueConstraint(
                fields=["golden"], condition=Q(done_at=None), name="one_undone_review_per_golden_case"
            ),
            models.UniqueConstraint(
                fields=["reviewer"], condition=Q(done_at=None), name="one_second_review_at_a_time"
            ),
            models.CheckConstraint(
                name="second_review_kind_known",
                condition=Q(kind=SecondReviewKind.GOLDEN, golden__isnull=False)
                | Q(kind__in=[*SecondReviewKind], golden=None) & ~Q(kind=SecondReviewKind.GOLDEN),
            ),
            models.CheckConstraint(
                name="second_review_taken_by",
                condition=Q(reviewer=None, taken_at=None, expires_at=None)
                | Q(reviewer__isnull=False, taken_at__isnull=False, expires_at__gte=F("taken_at")),
            ),
            models.CheckConstraint(
                name="second_review_done_with_an_opinion",
                condition=Q(done_at=None, opinion=None)
                | Q(done_at__isnull=False, opinion__isnull=False, reviewer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"second review of case {self.case_id}"


class Reconciliation(models.Model):
    """Two people saw the same revision and would decide differently: what a third one made of it."""

    review = models.OneToOneField(SecondReview, on_delete=models.PROTECT, related_name="reconciliation")
    opened_at = models.DateTimeField()
    ended = models.CharField(max_length=10, choices=Reconciled.choices, blank=True)
    category = models.SlugField(max_length=60, blank=True, help_text=_("The paragraph of the guidelines."))
    remark = models.CharField(max_length=1000, blank=True, help_text=_("What is unclear in that paragraph."))
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("remark",)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["opened_at"], name="reconciliation_open", condition=Q(closed_at=None))
        ]
        constraints = [
            models.CheckConstraint(
                name="reconciliation_closed_at_by",
                condition=Q(closed_at=None, closed_by=None, ended="", category="", remark="")
                | Q(closed_at__isnull=False, closed_by__isnull=False, ended__in=Reconciled.values)
                & ~Q(category="")
                & ~Q(remark=""),
            )
        ]

    def __str__(self) -> str:
        return f"reconciliation of {self.review_id}"

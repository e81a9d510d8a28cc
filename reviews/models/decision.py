"""Decisions: what counts. And the question objects an "ask for information" carries."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from onboarding.models import Attachment, Revision
from policies.models import GuidelineVersion
from reviews.models.case import Case
from reviews.states import CaseState, Outcome, SecondPerson

# After an appeal was upheld, other people than before decide and sign.
OTHER_PEOPLE = """IF EXISTS (SELECT FROM reviews_decision earlier WHERE earlier.case_id = NEW.case_id
        AND earlier.id <> NEW.id AND earlier.overturned_at <= NEW.decided_at
        AND (NEW.decided_by_id IN (earlier.decided_by_id, earlier.signed_by_id)
            OR NEW.signed_by_id IN (earlier.decided_by_id, earlier.signed_by_id))) THEN
    RAISE EXCEPTION 'reviews_decision: whoever made an overturned decision does not make the next one'
    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;"""


class DecisionQuerySet(models.QuerySet["Decision"]):
    def standing(self) -> "DecisionQuerySet":
        """Not returned by a second person."""
        return self.filter(returned_at=None)

    def unsigned(self) -> "DecisionQuerySet":
        """Waiting for a second person."""
        return self.standing().filter(signed_at=None).exclude(second=SecondPerson.NOBODY)

    def overturned(self) -> "DecisionQuerySet":
        """Set aside by an appeal: it does not count any more."""
        return self.filter(overturned_at__isnull=False)

    def to_tell(self, at: datetime) -> "DecisionQuerySet":
        """Final, past the recall window, and not yet told."""
        return self.standing().filter(told_at=None, tell_at__lte=at)


class Decision(models.Model):
    """One act on one revision: outcome, categories, reasons, the words the applicant reads.

    It takes effect when it is told (`told_at`), after the program's recall window. `tell_at` is set once nobody
    else has to sign.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=26, choices=Outcome.choices)
    reason_code = models.CharField(max_length=40, help_text="From the shipped decision reasons.")
    reasons_version = models.CharField(max_length=20)
    categories = models.JSONField(default=list, help_text="Category codes, the main one first.")
    explanation = models.TextField(
        max_length=2000, help_text="The reason as the applicant reads it, filled in."
    )
    facts = models.TextField(max_length=5000, blank=True, help_text="The facts relied on; no personal data.")
    what_would_change = models.TextField(max_length=2000, blank=True)
    reapply_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    reapply_never = models.BooleanField(default=False)
    conditions = models.JSONField(default=list, help_text="[{category, text}]")
    why_different = models.TextField(
        max_length=1000,
        blank=True,
        help_text="Why it differs from the nearest decided cases; for colleagues.",
    )
    second = models.CharField(max_length=10, choices=SecondPerson.choices, default=SecondPerson.NOBODY)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions"
    )
    decided_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    returned_at = models.DateTimeField(null=True)
    return_reason = models.CharField(max_length=1000, blank=True)
    tell_at = models.DateTimeField(null=True, help_text="Promise: told from then on.")
    told_at = models.DateTimeField(null=True)
    overturned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    overturned_at = models.DateTimeField(null=True, help_text="An appeal was upheld: it does not count.")
    reapply_allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reapply_allowed_at = models.DateTimeField(
        null=True, help_text="What was wrong is mended: one may apply again from then on."
    )

    PERSONAL_FIELDS = ("explanation", "facts", "what_would_change", "return_reason", "why_different")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="outcome_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__outcome__df=pgtrigger.F("new__outcome"))
                | pgtrigger.Q(old__reason_code__df=pgtrigger.F("new__reason_code"))
                | pgtrigger.Q(old__decided_by__df=pgtrigger.F("new__decided_by")),
            ),
            pgtrigger.Protect(
                name="overturned_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__overturned_at__isnull=False)
                & (
                    pgtrigger.Q(old__overturned_at__df=pgtrigger.F("new__overturned_at"))
                    | pgtrigger.Q(old__overturned_by__df=pgtrigger.F("new__overturned_by"))
                ),
            ),
            pgtrigger.Trigger(
                name="not_again_by_whoever_was_overturned",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=OTHER_PEOPLE,
            ),
        ]
        indexes = [
            models.Index(
                fields=["tell_at"],
                name="decision_to_tell",
                condition=Q(told_at=None, returned_at=None, tell_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(told_at=None, returned_at=None),
                name="one_untold_decision_per_case",
            ),
            models.CheckConstraint(name="outcome_known", condition=Q(outcome__in=Outcome.values)),
            models.CheckConstraint(
                name="rejection_says_why_what_and_when",
                condition=~Q(outcome=Outcome.REJECTED)
                | (
                    ~Q(categories=[])
                    & ~Q(facts="")
                    & ~Q(what_would_change="")
                    & (
                        Q(reapply_never=True, reapply_after_days=None)
                        | Q(reapply_never=False, reapply_after_days__isnull=False)
                    )
                ),
            ),
            models.CheckConstraint(
                name="conditional_approval_has_conditions",
                condition=Q(outcome=Outcome.APPROVED_WITH_CONDITIONS) & ~Q(conditions=[])
                | ~Q(outcome=Outcome.APPROVED_WITH_CONDITIONS) & Q(conditions=[]),
            ),
            models.CheckConstraint(
                name="decision_signed_at_by",
                condition=Q(signed_at=None, signed_by=None)
                | Q(signed_at__isnull=False, signed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="decision_returned_at_by",
                condition=Q(returned_at=None, returned_by=None, return_reason="")
                | Q(returned_at__isnull=False, returned_by__isnull=False) & ~Q(return_reason=""),
            ),
            models.CheckConstraint(
                name="nobody_signs_their_own_decision",
                condition=Q(signed_by=None) | ~Q(signed_by=F("decided_by")),
            ),
            models.CheckConstraint(
                name="decision_overturned_at_by",
                condition=Q(overturned_at=None, overturned_by=None)
                | Q(
                    overturned_at__isnull=False,
                    overturned_by__isnull=False,
                    outcome=Outcome.REJECTED,
                    told_at__lte=F("overturned_at"),
                ),
            ),
            models.CheckConstraint(
                name="nobody_overturns_their_own_decision",
                condition=Q(overturned_by=None)
                | ~Q(overturned_by=F("decided_by")) & (Q(signed_by=None) | ~Q(overturned_by=F("signed_by"))),
            ),
            models.CheckConstraint(
                name="decision_reapply_allowed_at_by",
                condition=Q(reapply_allowed_at=None, reapply_allowed_by=None)
                | Q(
                    reapply_allowed_at__isnull=False,
                    reapply_allowed_by__isnull=False,
                    outcome=Outcome.REJECTED,
                    reapply_never=False,
                    told_at__lte=F("reapply_allowed_at"),
                ),
            ),
            models.CheckConstraint(
                name="told_only_when_final",
                condition=Q(tell_at=None, told_at=None)
                | (Q(returned_at=None) & (Q(second=SecondPerson.NOBODY) | Q(signed_at__isnull=False))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: case {self.case_id}"


class InformationRequestQuerySet(models.QuerySet["InformationRequest"]):
    def open(self) -> "InformationRequestQuerySet":
        """Told, and the applicant has neither answered nor let the time pass."""
        waiting = self.filter(decision__case__state=CaseState.AWAITING_APPLICANT)
        return waiting.exclude(decision__told_at=None).filter(answered_at=None, overdue_at=None)

    def unanswered_of(self, case: object) -> "InformationRequestQuerySet":
        """The time to answer passed, and no answer has come since."""
        return self.filter(decision__case=case, answered_at=None, overdue_at__isnull=False)


class InformationRequest(models.Model):
    """What was asked, by when, and the answer: no decision while one is open.

    After `due_at` the case goes back to the reviewers (`overdue_at`); the answer may still come until they decide.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="request")
    question = models.TextField(max_length=2000)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="30 days after asking.")
    answer = models.TextField(max_length=5000, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    video_url = models.CharField(max_length=500, blank=True, help_text="A demo video, as a link only.")
    attachments = models.ManyToManyField(Attachment, related_name="answers")
    reminded_at = models.DateTimeField(null=True, help_text="Once a week before `due_at`.")
    reminded_last_at = models.DateTimeField(null=True, help_text="Once on the day of `due_at`.")
    overdue_at = models.DateTimeField(null=True, help_text="When the case went back without an answer.")

    PERSONAL_FIELDS = ("question", "answer", "video_url")

    objects = InformationRequestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["due_at"], name="question_open", condition=Q(answered_at=None, overdue_at=None)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="information_answered_at_by",
                condition=Q(answered_at=None, answered_by=None, answer="", video_url="")
                | Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer=""),
            )
        ]

    def __str__(self) -> str:
        return f"question on {self.decision_id}"

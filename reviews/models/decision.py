"""Decisions: what counts."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Revision
from outbox.models import Letter
from policies.models import GuidelineVersion
from reviews.models.case import Case
from reviews.states import Outcome, SecondPerson

# A decision that needs a second person is let go by that person's signature and by nothing else; who must sign is not
# lowered below what the judged revision asks for. See `statements.second_person`.
HELD = """IF NEW.second <> 'nobody' AND NEW.signed_by_id IS NULL
        AND (NEW.tell_at IS NOT NULL OR NEW.told_at IS NOT NULL) THEN
    RAISE EXCEPTION 'reviews_decision: a held decision waits for its second person' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.outcome <> 'needs_information' AND EXISTS (SELECT FROM onboarding_revision judged
        WHERE judged.id = NEW.revision_id AND (
            NEW.second <> 'senior' AND judged.risk_level >= 4
            OR NEW.second = 'nobody' AND (judged.risk_level >= 3 OR judged.lane = 'refuse'
                OR jsonb_array_length(judged.domains) > 0))) THEN
    RAISE EXCEPTION 'reviews_decision: this needs a second person' USING ERRCODE = 'check_violation';
    END IF; RETURN NEW;"""
NO_OPEN_QUESTION = """IF EXISTS (SELECT FROM reviews_informationrequest asked
        JOIN reviews_decision ask ON ask.id = asked.decision_id JOIN reviews_case kase ON kase.id = ask.case_id
        WHERE ask.case_id = NEW.case_id AND ask.told_at IS NOT NULL AND kase.state IN ('awaiting_applicant')
        AND asked.answered_at IS NULL AND asked.overdue_at IS NULL) THEN
    RAISE EXCEPTION 'reviews_decision: a question to the applicant is open' USING ERRCODE = 'check_violation';
    END IF; RETURN NEW;"""
# What erasure may write over words with, see `onboarding.domain.erasure`.
BLANKED = "(blanked)"
OTHER_WORDS = " OR ".join(
    f"(NEW.{name} IS DISTINCT FROM OLD.{name} AND NEW.{name} <> '{BLANKED}')"
    for name in ("explanation", "facts", "what_would_change")
)
# After an appeal was upheld, other people than before decide and sign.
OTHER_PEOPLE = """IF EXISTS (SELECT FROM reviews_decision earlier WHERE earlier.case_id = NEW.case_id
        AND earlier.id <> NEW.id AND earlier.overturned_at <= NEW.decided_at
        AND (NEW.decided_by_id IN (earlier.decided_by_id, earlier.signed_by_id)
            OR NEW.signed_by_id IN (earlier.decided_by_id, earlier.signed_by_id))) THEN
    RAISE EXCEPTION 'reviews_decision: whoever made an overturned decision does not make the next one'
    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;"""

# A rule alone approves the plain case nobody has touched, and nothing else: never against a person's claim or decision.
BY_RULE = """IF NEW.decided_by_id IS NULL AND (
        EXISTS (SELECT FROM onboarding_revision judged JOIN onboarding_application asked
            ON asked.id = judged.application_id
            WHERE judged.id = NEW.revision_id AND (judged.lane <> 'notify' OR judged.risk_level >= 3
                OR jsonb_array_length(judged.domains) > 0 OR asked.kind <> 'access'))
        OR EXISTS (SELECT FROM reviews_claim claim WHERE claim.case_id = NEW.case_id)
        OR EXISTS (SELECT FROM reviews_decision earlier WHERE earlier.case_id = NEW.case_id)) THEN
    RAISE EXCEPTION 'reviews_decision: a rule approves only what lies in the notify lane and no person has touched'
    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;"""


class DecisionQuerySet(models.QuerySet["Decision"]):
    def standing(self) -> "DecisionQuerySet":
        """Neither returned by a second person nor taken back before it was told."""
        return self.filter(returned_at=None, recalled_at=None)

    def unsigned(self) -> "DecisionQuerySet":
        """Waiting for a second person."""
        return self.standing().filter(signed_at=None).exclude(second=SecondPerson.NOBODY)

    def final(self) -> "DecisionQuerySet":
        """Told by a person, and it counts: neither a question nor set aside."""
        told = self.filter(told_at__isnull=False, overturned_at=None, decided_by__isnull=False)
        return told.exclude(outcome=Outcome.NEEDS_INFORMATION)

    def overturned(self) -> "DecisionQuerySet":
        """Set aside by an appeal: it does not count any more."""
        return self.filter(overturned_at__isnull=False)

    def to_draw(self) -> "DecisionQuerySet":
        """Told, and not yet drawn for a second review."""
        return self.filter(draw_owed=True, told_at__isnull=False)

    def to_tell(self, at: datetime) -> "DecisionQuerySet":
        """Final, past the recall window, and not yet told."""
        return self.standing().filter(told_at=None, tell_at__lte=at)


class Decision(models.Model):
    """One act on one revision: outcome, categories, reasons, the words the applicant reads.

    It takes effect when it is told (`told_at`), after the program's recall window. `tell_at` is set once nobody
    else has to sign. What it says never changes: another text is another decision, which `supersedes` this one.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=26, choices=Outcome.choices)
    reason_code = models.CharField(max_length=40, help_text=_("From the shipped decision reasons."))
    reasons_version = models.CharField(max_length=20)
    categories = models.JSONField(default=list, help_text=_("Category codes, the main one first."))
    explanation = models.TextField(
        max_length=2000, help_text=_("The reason as the applicant reads it, filled in.")
    )
    facts = models.TextField(
        max_length=5000, blank=True, help_text=_("The facts relied on; no personal data.")
    )
    what_would_change = models.TextField(max_length=2000, blank=True)
    reapply_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    reapply_never = models.BooleanField(default=False)
    conditions = models.JSONField(default=list, help_text=_("[{category, text, kind, …}], see conditions."))
    why_different = models.TextField(
        max_length=1000,
        blank=True,
        help_text=_("Why it differs from the nearest decided cases; for colleagues."),
    )
    beside = models.JSONField(
        default=dict,
        db_default={},
        help_text=_(
            "What stood beside the case: kinds of signals; where near cases were clear, `approved` of `of`."
        ),
    )
    supersedes = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="superseded_by",
        help_text=_("The decision on this case that this one takes the place of."),
    )
    token = models.CharField(
        max_length=36,
        blank=True,
        help_text=_("Of the form it was sent with: the same form sent twice is once."),
    )
    emergency_reason = models.CharField(
        max_length=500, blank=True, help_text=_("Why it is told without a recall window.")
    )
    second = models.CharField(max_length=10, choices=SecondPerson.choices, default=SecondPerson.NOBODY)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="decisions"
    )
    by_rule = models.ForeignKey(
        "reviews.RuleVersion",
        null=True,
        on_delete=models.PROTECT,
        related_name="approvals",
        help_text=_("The triage rule that approved by itself; then no person decided."),
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
    recalled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recalled_at = models.DateTimeField(null=True, help_text=_("Taken back before anybody was told."))
    recall_reason = models.CharField(max_length=1000, blank=True)
    tell_at = models.DateTimeField(null=True, help_text=_("Promise: told from then on."))
    told_at = models.DateTimeField(null=True)
    letter = models.OneToOneField(
        Letter,
        null=True,
        on_delete=models.PROTECT,
        related_name="decision",
        help_text=_("The exact words it was told with."),
    )
    template_version = models.CharField(
        max_length=12, blank=True, help_text=_("Digest of the templates of that letter.")
    )
    overturned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    overturned_at = models.DateTimeField(null=True, help_text=_("An appeal was upheld: it does not count."))
    reapply_allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reapply_allowed_at = models.DateTimeField(
        null=True, help_text=_("What was wrong is mended: one may apply again from then on.")
    )

    draw_owed = models.BooleanField(
        default=True,
        db_default=False,
        help_text=_("Promise: whether somebody looks again is drawn once it was told."),
    )

    PERSONAL_FIELDS = (
        "explanation", "facts", "what_would_change", "conditions", "return_reason", "recall_reason",
        "why_different", "emergency_reason",
    )  # fmt: skip

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
                | pgtrigger.Q(old__decided_by__df=pgtrigger.F("new__decided_by"))
                | pgtrigger.Q(old__by_rule__df=pgtrigger.F("new__by_rule"))
                | pgtrigger.Q(old__second__df=pgtrigger.F("new__second"))
                | pgtrigger.Q(old__revision__df=pgtrigger.F("new__revision"))
                | pgtrigger.Q(old__guidelines__df=pgtrigger.F("new__guidelines")),
            ),
            pgtrigger.Protect(
                name="words_never_change",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"({OTHER_WORDS})"),
            ),
            pgtrigger.Protect(
                name="signed_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__signed_at__isnull=False)
                & (
                    pgtrigger.Q(old__signed_at__df=pgtrigger.F("new__signed_at"))
                    | pgtrigger.Q(old__signed_by__df=pgtrigger.F("new__signed_by"))
                ),
            ),
            pgtrigger.Trigger(
                name="held_until_signed",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=HELD,
            ),
            pgtrigger.Trigger(
                name="not_while_a_question_is_open",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=NO_OPEN_QUESTION,
            ),
            pgtrigger.Trigger(
                name="rules_approve_what_nobody_touched",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=BY_RULE,
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
                fields=["id"], name="decision_to_draw", condition=Q(draw_owed=True, told_at__isnull=False)
            ),
            models.Index(
                fields=["tell_at"],
                name="decision_to_tell",
                condition=Q(told_at=None, returned_at=None, recalled_at=None, tell_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(told_at=None, returned_at=None, recalled_at=None),
                name="one_untold_decision_per_case",
            ),
            models.UniqueConstraint(
                fields=["case", "token"], condition=~Q(token=""), name="one_decision_per_form_sent"
            ),
            models.CheckConstraint(name="outcome_known", condition=Q(outcome__in=Outcome.values)),
            models.CheckConstraint(
                name="decided_by_a_person_or_approved_by_a_rule",
                condition=Q(decided_by__isnull=False, by_rule=None)
                | Q(
                    decided_by=None,
                    by_rule__isnull=False,
                    outcome=Outcome.APPROVED,
                    second=SecondPerson.NOBODY,
                    signed_by=None,
                    supersedes=None,
                ),
            ),
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
                name="decision_recalled_at_by",
                condition=Q(recalled_at=None, recalled_by=None, recall_reason="")
                | Q(recalled_at__isnull=False, recalled_by__isnull=False, tell_at=None, told_at=None)
                & ~Q(recall_reason=""),
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

    @property
    def maker(self) -> str:
        """Return who made it, in words: a person, or the rule that approved by itself."""
        return (
            str(self.decided_by)
            if self.by_rule is None
            else _("The rule “%(rule)s”") % {"rule": self.by_rule.rule}
        )

    @property
    def waits_for_second(self) -> bool:
        fallen = self.returned_at or self.recalled_at
        return self.second != SecondPerson.NOBODY and self.signed_at is None and fallen is None

    @property
    def is_correction(self) -> bool:
        """Whether it takes the place of one that was told and still counts."""
        return self.corrects_at is not None

    @property
    def corrects_at(self) -> datetime | None:
        """Return when what it corrects was told."""
        earlier = self.supersedes
        return earlier.told_at if earlier is not None and earlier.overturned_at is None else None

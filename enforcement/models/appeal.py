"""What people say against a decision, and what became of it."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from enforcement.models.sanction import Sanction
from enforcement.states import (
    APPEAL_TRANSITIONS,
    DECIDED_STATES,
    OPEN_STATES,
    REASONS,
    AppealKind,
    AppealState,
    OutcomeReason,
)
from onboarding.models import Application
from reviews.models import Decision

STATEMENT_LEAST, STATEMENT_MOST = 40, 5000  # characters

# The third person: who takes and decides it neither made nor signed the decision, nor said whose access a case, or one
# merged into it, is about. Asked when somebody comes to it, not when words are blanked later. Membership is the
# domain's to ask.
THIRD_PERSON = """IF TG_OP = 'UPDATE' AND NEW.taken_by_id IS NOT DISTINCT FROM OLD.taken_by_id
        AND NEW.decided_by_id IS NOT DISTINCT FROM OLD.decided_by_id THEN RETURN NEW; END IF;
    IF EXISTS (SELECT FROM enforcement_sanction sanction
        JOIN enforcement_flagcase kase ON kase.id = sanction.case_id
        CROSS JOIN LATERAL (VALUES (sanction.proposed_by_id), (sanction.signed_by_id), (kase.decided_by_id)
            UNION ALL SELECT said.attached_by_id FROM enforcement_flagcase said
            WHERE said.id = kase.id OR said.merged_into_id = kase.id) AS part(person)
        WHERE sanction.id = NEW.sanction_id AND part.person IN (NEW.taken_by_id, NEW.decided_by_id)) THEN
    RAISE EXCEPTION 'enforcement_appeal: whoever imposed the sanction does not decide the appeal'
    USING ERRCODE = 'check_violation'; END IF;
    IF EXISTS (SELECT FROM reviews_decision decision WHERE decision.id = NEW.decision_id
        AND (NEW.taken_by_id IN (decision.decided_by_id, decision.signed_by_id)
            OR NEW.decided_by_id IN (decision.decided_by_id, decision.signed_by_id))) THEN
    RAISE EXCEPTION 'enforcement_appeal: whoever made the decision does not decide the appeal'
    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;"""


class AppealQuerySet(models.QuerySet["Appeal"]):
    def open(self) -> "AppealQuerySet":
        """Not decided and not withdrawn, in the order in which they are due; index `appeal_open` serves it."""
        return self.filter(state__in=OPEN_STATES).order_by("due_at", "id")

    def late(self, at: datetime) -> "AppealQuerySet":
        return self.open().filter(due_at__lte=at)

    def run_out(self, at: datetime) -> "AppealQuerySet":
        """Kept longer than it may be kept."""
        return self.filter(state=AppealState.IN_REVIEW, taken_until__lte=at)


def _fits(kind: str, state: str) -> Q:
    return Q(kind=kind, state=state, outcome_reason__in=[str(reason) for reason in REASONS[kind, state]])


class Appeal(models.Model):
    """An appeal ("you were wrong") or a reinstatement ("I mended it") against one told rejection, or one sanction.

    Decided by a third person. `notice_at` and `closes_at` are the window as it stood at the filing: empty while the
    letter about the decision had not gone out, because without a notice no clock runs.
    """

    kind = models.CharField(max_length=14, choices=AppealKind.choices)
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="appeals")
    sanction = models.ForeignKey(Sanction, null=True, on_delete=models.PROTECT, related_name="appeals")
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.FILED)
    statement = models.TextField(max_length=STATEMENT_MOST)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appeals")
    filed_at = models.DateTimeField()
    notice_at = models.DateTimeField(null=True, help_text=_("When the letter about the decision was sent."))
    closes_at = models.DateTimeField(null=True, help_text=_("Until when this could be filed."))
    due_at = models.DateTimeField(help_text=_("When the answer is promised."))
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)
    taken_until = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    outcome_reason = models.CharField(max_length=20, choices=OutcomeReason.choices, blank=True)
    explanation = models.TextField(max_length=2000, blank=True, help_text=_("As the applicant reads it."))
    look_again = models.TextField(
        max_length=2000, blank=True, help_text=_("For the next reviewer: what to look at again.")
    )
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("statement", "explanation", "look_again")

    objects = AppealQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            *moves.only(APPEAL_TRANSITIONS, first=(AppealState.FILED,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="what_was_filed_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "kind", "decision", "sanction", "filed_by", "filed_at", "notice_at", "closes_at", "due_at"
                ),
            ),
            pgtrigger.Protect(
                name="what_was_decided_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__decided_at__isnull=False)
                & (
                    pgtrigger.Q(old__decided_at__df=pgtrigger.F("new__decided_at"))
                    | pgtrigger.Q(old__decided_by__df=pgtrigger.F("new__decided_by"))
                    | pgtrigger.Q(old__outcome_reason__df=pgtrigger.F("new__outcome_reason"))
                ),
            ),
            pgtrigger.Trigger(
                name="decided_by_a_third_person",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=THIRD_PERSON,
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="appeal_open", condition=Q(state__in=["filed", "in_review"])
            ),
            models.Index(fields=["decision", "-id"], name="appeal_by_decision"),
            models.Index(fields=["sanction", "-id"], name="appeal_by_sanction"),
            models.Index(fields=["taken_until"], name="appeal_taken_until", condition=Q(state="in_review")),
            models.Index(  # what freeze rules count
                fields=["decided_at"],
                name="appeal_decided",
                condition=Q(kind="appeal", state__in=["upheld", "denied"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["decision"],
                condition=Q(state__in=["filed", "in_review"]),
                name="one_open_appeal_per_decision",
            ),
            models.UniqueConstraint(
                fields=["decision"],
                condition=Q(kind="appeal", state__in=["upheld", "denied"]),
                name="one_decided_appeal_per_decision",
            ),
            models.UniqueConstraint(
                fields=["sanction"],
                condition=Q(state__in=["filed", "in_review"]),
                name="one_open_appeal_per_sanction",
            ),
            models.UniqueConstraint(
                fields=["sanction"],
                condition=Q(kind="appeal", state__in=["upheld", "denied"]),
                name="one_decided_appeal_per_sanction",
            ),
            models.CheckConstraint(
                name="appeal_is_against_one_thing",
                condition=Q(decision__isnull=False, sanction=None) | Q(decision=None, sanction__isnull=False),
            ),
            models.CheckConstraint(name="appeal_kind_known", condition=Q(kind__in=AppealKind.values)),
            models.CheckConstraint(name="appeal_state_known", condition=Q(state__in=AppealState.values)),
            models.CheckConstraint(
                name="appeal_outcome_reason_fits",
                condition=(~Q(state__in=DECIDED_STATES) & Q(outcome_reason=""))
                | _fits(AppealKind.APPEAL, AppealState.UPHELD)
                | _fits(AppealKind.APPEAL, AppealState.DENIED)
                | _fits(AppealKind.REINSTATEMENT, AppealState.UPHELD)
                | _fits(AppealKind.REINSTATEMENT, AppealState.DENIED),
            ),
            models.CheckConstraint(name="appeal_says_something", condition=~Q(statement="")),
            models.CheckConstraint(
                name="appeal_filed_within_its_window",
                condition=Q(closes_at=None)
                | Q(notice_at__isnull=False, closes_at__gt=F("filed_at"), notice_at__lte=F("filed_at")),
            ),
            models.CheckConstraint(
                name="appeal_taken_at_by",
                condition=Q(state=AppealState.FILED, taken_at=None, taken_by=None, taken_until=None)
                | Q(
                    state=AppealState.IN_REVIEW,
                    taken_at__isnull=False,
                    taken_by__isnull=False,
                    taken_until__isnull=False,
                )
                | Q(
                    state__in=[*DECIDED_STATES, AppealState.WITHDRAWN],
                    taken_until=None,
                    taken_at=None,
                    taken_by=None,
                )
                | Q(
                    state__in=[*DECIDED_STATES, AppealState.WITHDRAWN],
                    taken_until=None,
                    taken_at__isnull=False,
                    taken_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="appeal_decided_at_by",
                condition=Q(state__in=DECIDED_STATES, decided_at__isnull=False, decided_by__isnull=False)
                & ~Q(explanation="")
                | ~Q(state__in=DECIDED_STATES) & Q(decided_at=None, decided_by=None, explanation=""),
            ),
            models.CheckConstraint(
                name="appeal_upheld_says_what_to_look_at",
                condition=Q(kind=AppealKind.APPEAL, state=AppealState.UPHELD, sanction=None)
                & ~Q(look_again="")
                | ~Q(kind=AppealKind.APPEAL, state=AppealState.UPHELD, sanction=None) & Q(look_again=""),
            ),
            models.CheckConstraint(
                name="appeal_withdrawn_at_by",
                condition=Q(
                    state=AppealState.WITHDRAWN, withdrawn_at__isnull=False, withdrawn_by__isnull=False
                )
                | ~Q(state=AppealState.WITHDRAWN) & Q(withdrawn_at=None, withdrawn_by=None),
            ),
            models.CheckConstraint(
                name="nobody_decides_their_own_appeal",
                condition=Q(decided_by=None) | ~Q(decided_by=F("filed_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def application(self) -> Application:
        """What it is about in the end: whose people file it, and whose part keeps others from deciding."""
        return self.sanction.grant.application if self.sanction else self.decision.case.application

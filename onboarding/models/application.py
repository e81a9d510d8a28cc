"""The question sets, applications, and what was submitted."""

import secrets

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from accounts.models import Owner
from audit import moves
from audit.models import append_only_but_blanked_once
from onboarding.models import counts
from onboarding.models.program import Program
from onboarding.states import (
    APPLICATION_TRANSITIONS,
    OPEN_APPLICATION_STATES,
    ApplicationKind,
    ApplicationState,
)
from policies.models import GuidelineVersion
from policies.states import Lane

# Crockford's base 32: no letter that is read as another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_number() -> str:
    """Return a number such as 7F3K-QD2M-XW: 50 random bits, short enough to read out on the phone."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


class QuestionSet(models.Model):
    """One version of the application form; an old application shows under its own."""

    version = models.CharField(max_length=20, unique=True)
    data = models.JSONField(help_text=_("Sections, questions, weights and rules, as in the shipped YAML."))
    text_hash = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()
    current = models.BooleanField(default=False, help_text=_("New applications start with it."))

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="text_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__text_hash__df=pgtrigger.F("new__text_hash"))
                | pgtrigger.Q(old__data__df=pgtrigger.F("new__data")),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["current"], condition=Q(current=True), name="one_current_question_set"
            )
        ]

    def __str__(self) -> str:
        return _("question set %(version)s") % {"version": self.version}


class ApplicationQuerySet(models.QuerySet["Application"]):
    def without_case(self) -> "ApplicationQuerySet":
        """Submitted, and no reviewer has a case for it yet (cases carry the mark back, see `case_owed`)."""
        return self.filter(case_owed=True)

    def open(self) -> "ApplicationQuerySet":
        """Still under way for the applicant."""
        return self.filter(state__in=OPEN_APPLICATION_STATES)

    def for_access(self) -> "ApplicationQuerySet":
        """Those that ask to be let in; the others are requests about a grant."""
        return self.filter(kind=ApplicationKind.ACCESS)


class Application(models.Model):
    """One use case for one program; or a request about the grant that one was given.

    A production review, a change of use and a renewal are small applications with the same life. Only those
    for access have a place in line.
    """

    kind = models.CharField(
        max_length=10, choices=ApplicationKind.choices, default=ApplicationKind.ACCESS, editable=False
    )
    grant = models.ForeignKey(
        "onboarding.Grant",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="requests",
        help_text=_("What a request is about; empty for an application for access."),
    )
    pick = models.ForeignKey(
        "onboarding.Pick",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="applications",
        help_text=_("Who started it had been asked by hand."),
    )
    number = models.CharField(max_length=12, unique=True, default=new_number, editable=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="applications")
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="applications")
    applicant = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="applications",
        help_text=_("Empty for an imported row that nobody owns: it may be reviewed, never admitted."),
    )
    state = models.CharField(max_length=24, choices=ApplicationState.choices, default=ApplicationState.DRAFT)
    title = models.CharField(max_length=200, blank=True, help_text=_("Copied from the answers, for lists."))
    question_set = models.ForeignKey(QuestionSet, on_delete=models.PROTECT, related_name="applications")
    answers = models.JSONField(default=dict, help_text=_("The draft: question key -> answer."))
    answers_version = models.PositiveIntegerField(default=0, help_text=_("Raised by each save of the draft."))
    external_id = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict, help_text=_("What an import brought that answers no question."))
    lane = models.CharField(max_length=10, choices=Lane.choices, blank=True)
    risk_score = models.PositiveSmallIntegerField(null=True, help_text=_("0-100, share of the raw maximum."))
    risk_level = models.PositiveSmallIntegerField(null=True, help_text=_("1-4, written I-IV."))
    conditions = models.JSONField(
        default=list, help_text=_("[{category, text, kind, …}] of the approval; the grant takes them.")
    )
    case_owed = models.BooleanField(
        default=False, help_text=_("Promise: reviews opens a case and takes this back.")
    )
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(
        null=True, help_text=_("When the latest approved, rejected or withdrawn was told.")
    )
    saved_at = models.DateTimeField(null=True)
    amending_since = models.DateTimeField(
        null=True, help_text=_("Answers that were sent are being changed; `answers` holds the unsent ones.")
    )
    withdraw_reason = models.CharField(max_length=500, blank=True, help_text=_("As the applicant wrote it."))

    PERSONAL_FIELDS = ("answers", "facts", "title", "conditions", "withdraw_reason")

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(APPLICATION_TRANSITIONS, first=(ApplicationState.DRAFT,)),
            *counts.of_applications(),
            pgtrigger.Protect(
                name="kind_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__kind__df=pgtrigger.F("new__kind"))
                | pgtrigger.Q(old__grant__df=pgtrigger.F("new__grant")),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="application_case_owed", condition=Q(case_owed=True)),
            models.Index(fields=["program", "state", "id"], name="application_by_state"),
            models.Index(
                fields=["program", "id"],
                name="application_unclaimed",
                condition=Q(state=ApplicationState.APPROVED, applicant=None),
            ),
            models.Index(fields=["owner", "-id"], name="application_by_owner"),
            models.Index(fields=["applicant", "-id"], name="application_by_applicant"),
            # What the searches of the staff ask: words anywhere in a title, or a number, in letters of any size.
            GinIndex(
                OpClass(Upper("title"), name="gin_trgm_ops"), name="application_by_title", fastupdate=False
            ),
            models.Index(Upper("number"), name="application_by_number"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "external_id"],
                condition=~Q(external_id=""),
                name="one_application_per_external_id",
            ),
            models.UniqueConstraint(
                fields=["program", "owner"],
                condition=Q(state=ApplicationState.DRAFT, external_id="", kind=ApplicationKind.ACCESS),
                name="one_draft_per_owner_and_program",
            ),
            models.UniqueConstraint(
                fields=["grant", "kind"],
                condition=Q(state__in=OPEN_APPLICATION_STATES, grant__isnull=False),
                name="one_open_request_per_grant_and_kind",
            ),
            models.CheckConstraint(
                name="application_kind_known", condition=Q(kind__in=ApplicationKind.values)
            ),
            models.CheckConstraint(
                name="application_has_grant_when_about_one",
                condition=Q(kind=ApplicationKind.ACCESS, grant=None)
                | (~Q(kind=ApplicationKind.ACCESS) & Q(grant__isnull=False)),
            ),
            models.CheckConstraint(
                name="application_state_known", condition=Q(state__in=ApplicationState.values)
            ),
            models.CheckConstraint(
                name="submitted_application_has_lane_and_risk",
                condition=Q(state__in=[ApplicationState.DRAFT, ApplicationState.WITHDRAWN])
                | (
                    Q(submitted_at__isnull=False, risk_score__lte=100, risk_level__range=(1, 4))
                    & Q(lane__in=Lane.values)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title or _('Untitled')} ({self.number})"

    @property
    def takes_answers(self) -> bool:
        """Whether the form may change `answers` now: a draft, or an amendment that was begun in time."""
        amends = self.state == ApplicationState.SUBMITTED and self.amending_since is not None
        return self.state == ApplicationState.DRAFT or amends

    @property
    def is_taken_in(self) -> bool:
        """Whether its program takes it now, if it is sent; a request about access is taken in every stage."""
        return self.kind != ApplicationKind.ACCESS or self.program.takes_from(self.pick_id)

    @property
    def is_about_production(self) -> bool:
        """Whether it asks to change access that a production review was passed for: evidence counts there."""
        return self.grant is not None and self.grant.is_in_production


class Revision(models.Model):
    """What was submitted, once and for good: reviewers judge a revision, never a draft."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    answers = models.JSONField()
    question_set = models.ForeignKey(QuestionSet, on_delete=models.PROTECT, related_name="+")
    guidelines = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="+")
    lane = models.CharField(max_length=10, choices=Lane.choices)
    lane_reasons = models.JSONField(help_text=_("[{domain, trigger, lane, missing}] strictest first."))
    domains = models.JSONField(default=list, help_text=_("Codes of the scrutiny domains that apply."))
    risk_score = models.PositiveSmallIntegerField()
    risk_level = models.PositiveSmallIntegerField()
    risk_parts = models.JSONField(help_text=_("The sum with its parts, see onboarding.domain.risk."))
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    erased_at = models.DateTimeField(
        null=True, help_text=_("When its answers were blanked, once and for good.")
    )

    PERSONAL_FIELDS = ("answers",)

    class Meta:
        default_permissions = ()
        ordering = ["application", "number"]
        triggers = append_only_but_blanked_once("answers")
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="one_revision_per_number"),
            models.CheckConstraint(name="revision_lane_known", condition=Q(lane__in=Lane.values)),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} revision {self.number}"

"""Cases, and what was found."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import moves
from onboarding.models import Application, Program, Revision
from policies.states import Lane, Severity
from reviews.states import CASE_TRANSITIONS, QUEUED, UNDECIDED, CaseKind, CaseState, Verdict

QUEUE_ORDER = ("-rank", "opened_at", "id")
IN_QUEUE = Q(state__in=["open", "claimed", "awaiting_second"])

# A person decides what they hold; from the queue a case is decided by a rule alone, and says by which.
BY_RULE_ALONE = """IF NOT EXISTS (SELECT FROM reviews_decision made
        WHERE made.case_id = NEW.id AND made.by_rule_id IS NOT NULL AND made.recalled_at IS NULL) THEN
    RAISE EXCEPTION 'reviews_case: nobody holds this case' USING ERRCODE = 'check_violation';
    END IF; RETURN NEW;"""


class CaseQuerySet(models.QuerySet["Case"]):
    def queued(self) -> "CaseQuerySet":
        """What a reviewer may take or sign now, in the order of the queue; index `case_queue` serves it."""
        return self.filter(state__in=QUEUED).order_by(*QUEUE_ORDER)

    def offered(self) -> "CaseQuerySet":
        """What waits for a reviewer and nobody has, in the order of the queue; index `case_next` serves it."""
        return self.filter(state=CaseState.OPEN).order_by(*QUEUE_ORDER)

    def undecided(self) -> "CaseQuerySet":
        return self.filter(state__in=UNDECIDED)


class Case(models.Model):
    """A reviewer's unit of work. Lane and risk are those of the revision under review, copied for the queue."""

    kind = models.CharField(max_length=12, choices=CaseKind.choices, default=CaseKind.APPLICATION)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="cases")
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="case")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.OPEN)
    lane = models.CharField(max_length=10, choices=Lane.choices)
    risk_score = models.PositiveSmallIntegerField()
    risk_level = models.PositiveSmallIntegerField()
    domains = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    rank_breach = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text=gettext_lazy("Risk of a late answer.")
    )
    rank_lane = models.PositiveSmallIntegerField(default=0, db_default=0)
    rank_risk = models.PositiveSmallIntegerField(default=0, db_default=0)
    rank_rule = models.CharField(
        max_length=20, db_default="", help_text=gettext_lazy("The rule that ranked it.")
    )
    rank = models.GeneratedField(
        expression=F("rank_breach") + F("rank_lane") + F("rank_risk"),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    severity = models.PositiveSmallIntegerField(
        choices=Severity.choices, default=Severity.NOTHING, db_default=Severity.NOTHING
    )
    severe = models.JSONField(
        default=dict,
        db_default={},
        help_text=gettext_lazy("{category code: severity} of what it may hold that is severe."),
    )
    expectation_owed = models.BooleanField(
        default=True, db_default=True, help_text=gettext_lazy("Promise: what it may hold is looked at anew.")
    )
    likeness_owed = models.BooleanField(
        default=True, db_default=True, help_text=gettext_lazy("Promise: what it is compared by is made anew.")
    )
    version = models.PositiveIntegerField(
        db_default=0,
        help_text=gettext_lazy(
            "Raised by whatever a decision rests on; a page that shows an older one is stale."
        ),
    )

    rules_owed = models.BooleanField(
        default=True, db_default=True, help_text=gettext_lazy("Promise: the triage rules look at it anew.")
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        triggers = [
            *moves.only(CASE_TRANSITIONS, first=(CaseState.OPEN,)),
            pgtrigger.Trigger(
                name="unclaimed_only_a_rule_decides",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__state=CaseState.OPEN, new__state=CaseState.DECIDED),
                func=BY_RULE_ALONE,
            ),
        ]
        indexes = [
            models.Index(fields=QUEUE_ORDER, name="case_queue", condition=IN_QUEUE),
            models.Index(fields=QUEUE_ORDER, name="case_next", condition=Q(state="open")),
            models.Index(fields=["program", *QUEUE_ORDER], name="case_queue_of_program", condition=IN_QUEUE),
            models.Index(fields=["program", "rank_breach", "due_at"], name="case_band", condition=IN_QUEUE),
            models.Index(fields=["due_at"], name="case_due", condition=IN_QUEUE),
            models.Index(fields=["program", "rank_rule"], name="case_rank_rule"),
            models.Index(fields=["program", "state", "due_at"], name="case_by_program"),
            models.Index(fields=["id"], name="case_expectation_owed", condition=Q(expectation_owed=True)),
            models.Index(fields=["id"], name="case_likeness_owed", condition=Q(likeness_owed=True)),
            models.Index(fields=["id"], name="case_rules_owed", condition=Q(rules_owed=True)),
        ]
        constraints = [
            models.CheckConstraint(name="case_state_known", condition=Q(state__in=CaseState.values)),
            models.CheckConstraint(
                name="case_kind_and_lane_known", condition=Q(kind__in=CaseKind.values, lane__in=Lane.values)
            ),
            models.CheckConstraint(
                name="case_severity_fits_what_is_severe",
                condition=Q(severity__in=[Severity.HARM, Severity.GRAVE]) & ~Q(severe={})
                | Q(severity__in=[Severity.NOTHING, Severity.UNPLEASANT], severe={}),
            ),
            models.CheckConstraint(
                name="case_decided_at_when_decided",
                condition=Q(state=CaseState.DECIDED, decided_at__isnull=False)
                | (~Q(state=CaseState.DECIDED) & Q(decided_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"

    @property
    def shown_title(self) -> str:
        """Return the title as lists show it: of a severe case no word of the applicant's."""
        if self.severe:
            return _("Title covered (%(number)s)") % {"number": self.application.number}
        return self.application.title or _("Untitled")


class Finding(models.Model):
    """One reviewer's verdict on one category for one revision; the latest by the same person counts."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="findings")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    category = models.SlugField(max_length=60)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    note = models.CharField(max_length=1000, blank=True)
    quote = models.CharField(
        max_length=1000, blank=True, help_text=gettext_lazy("A passage of an answer, as it stands there.")
    )
    quoted_in = models.SlugField(
        max_length=60, blank=True, help_text=gettext_lazy("The question whose answer holds it.")
    )
    quote_start = models.PositiveIntegerField(
        null=True, help_text=gettext_lazy("Its first character in the answer.")
    )
    quote_end = models.PositiveIntegerField(
        null=True, help_text=gettext_lazy("The character after its last one.")
    )
    found_at = models.DateTimeField()
    expectation_owed = models.BooleanField(
        default=False,
        db_default=False,
        help_text=gettext_lazy("Promise: the owner's other cases are to know of it."),
    )

    PERSONAL_FIELDS = ("note", "quote")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case", "revision", "reviewer", "category"],
                name="one_finding_per_person_and_category",
            ),
            models.CheckConstraint(name="verdict_known", condition=Q(verdict__in=Verdict.values)),
            models.CheckConstraint(
                name="quote_has_its_place",
                condition=Q(quote="", quoted_in="", quote_start=None, quote_end=None)
                | ~Q(quote="") & ~Q(quoted_in="") & Q(quote_start__gte=0, quote_end__gt=F("quote_start")),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="finding_spread_owed", condition=Q(expectation_owed=True))
        ]

    def __str__(self) -> str:
        return f"{self.category}: {self.verdict}"

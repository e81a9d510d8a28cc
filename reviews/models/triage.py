"""Triage rules as data: what each version of a rule says, where it fitted, what people then decided."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import moves
from audit.models import append_only
from onboarding.models import Program, Revision
from policies.states import Lane
from reviews.models.case import Case
from reviews.models.decision import Decision
from reviews.states import RULE_TRANSITIONS, Expectation, LeftBecause, RuleState

QUESTIONS_MOST = 5
# A rule that approves by itself is surely right in four of five, measured on thirty cases that people decided.
APPROVES_PRECISION = 80  # percent
APPROVES_DECIDED = 30


class TriageRuleQuerySet(models.QuerySet["TriageRule"]):
    def on(self) -> "TriageRuleQuerySet":
        """Those that suggest something now."""
        return self.filter(state=RuleState.ON)


class TriageRule(models.Model):
    """A rule that suggests. What it says stands in its versions; the one with its `number` counts.

    An edit is a new version and makes a draft of it again: nothing suggests what nobody switched on.
    """

    name = models.CharField(max_length=100, unique=True)
    program = models.ForeignKey(
        Program, null=True, blank=True, on_delete=models.PROTECT, related_name="triage_rules"
    )
    state = models.CharField(max_length=10, choices=RuleState.choices, default=RuleState.DRAFT)
    number = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(help_text=gettext_lazy("When its state was last set."))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TriageRuleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        triggers = moves.only(RULE_TRANSITIONS, first=(RuleState.DRAFT,))
        constraints = [
            models.CheckConstraint(name="rule_state_known", condition=Q(state__in=RuleState.values)),
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersionQuerySet(models.QuerySet["RuleVersion"]):
    def current(self) -> "RuleVersionQuerySet":
        """The version of each rule that counts."""
        return self.filter(number=F("rule__number"))

    def suggesting(self) -> "RuleVersionQuerySet":
        """What is switched on now; a silent rule suggests nothing."""
        return self.current().filter(rule__state=RuleState.ON)


class RuleVersion(models.Model):
    """What a rule said from one edit to the next. Never changed, never deleted."""

    rule = models.ForeignKey(TriageRule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    condition = models.CharField(
        max_length=500,
        help_text=gettext_lazy("On set answers, in the language of onboarding.domain.conditions."),
    )
    lane = models.CharField(max_length=10, choices=Lane.choices, blank=True)
    domains = models.JSONField(default=list, help_text=gettext_lazy("Codes of categories to look at."))
    due_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=gettext_lazy("Working days from sending, where that is nearer than its lane's."),
    )
    questions = models.JSONField(default=list, help_text=gettext_lazy("What to ask the applicant."))
    approves = models.BooleanField(
        default=False,
        help_text=gettext_lazy("May approve by itself, where its program has that switched on."),
    )
    expects = models.CharField(max_length=10, choices=Expectation.choices, default=Expectation.SCRUTINY)
    least_precision = models.PositiveSmallIntegerField(
        default=50, help_text=gettext_lazy("Percent. Surely below it, the rule falls silent.")
    )
    least_decided = models.PositiveSmallIntegerField(
        default=30, help_text=gettext_lazy("Cases before that is measured.")
    )
    why = models.CharField(max_length=500)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["rule", "-number"]
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_rule_version_per_number"),
            models.CheckConstraint(
                name="rule_lane_and_expectation_known",
                condition=Q(lane__in=[*Lane.values, ""], expects__in=Expectation.values),
            ),
            models.CheckConstraint(
                name="rule_bounds_sane", condition=Q(least_precision__range=(1, 99), least_decided__gte=5)
            ),
            models.CheckConstraint(
                name="rule_suggests_something",
                condition=~Q(lane="")
                | ~Q(domains=[])
                | Q(due_days__isnull=False)
                | ~Q(questions=[])
                | Q(approves=True),
            ),
            models.CheckConstraint(
                name="approving_rule_is_of_the_notify_lane",
                condition=Q(approves=False)
                | Q(lane=Lane.NOTIFY, domains=[], questions=[], expects=Expectation.APPROVED),
            ),
            models.CheckConstraint(
                name="approving_rule_is_measured_well",
                condition=Q(approves=False)
                | Q(least_precision__gte=APPROVES_PRECISION, least_decided__gte=APPROVES_DECIDED),
            ),
        ]

    def __str__(self) -> str:
        return _("%(rule)s, version %(number)s") % {"rule": self.rule, "number": self.number}


class RuleMatchQuerySet(models.QuerySet["RuleMatch"]):
    def shown(self) -> "RuleMatchQuerySet":
        """Those of rules that suggest something now, on what the case is about now."""
        live = self.filter(version__rule__state=RuleState.ON, version__number=F("version__rule__number"))
        return live.filter(revision=F("case__revision"))

    def settled(self) -> "RuleMatchQuerySet":
        return self.filter(settled_at__isnull=False)


class RuleMatch(models.Model):
    """A version of a rule fitted what a case is about; later: whether people decided as it expects."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="matches")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="matches")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    matched_at = models.DateTimeField()
    decision = models.ForeignKey(
        Decision,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=gettext_lazy("A person's, once told; none where a second look settled it."),
    )
    was_right = models.BooleanField(null=True)
    weighed_at = models.DateTimeField(
        null=True,
        help_text=gettext_lazy(
            "When a rule that may approve was weighed against all else that is known of the case."
        ),
    )
    left_because = models.CharField(
        max_length=12,
        choices=LeftBecause.choices,
        blank=True,
        help_text=gettext_lazy("Why it was left to people all the same."),
    )
    settled_at = models.DateTimeField(null=True)

    objects = RuleMatchQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["case"], name="match_unsettled", condition=Q(settled_at=None)),
            models.Index(fields=["version", "was_right"], name="match_by_version"),
            models.Index(fields=["version"], name="match_unweighed", condition=Q(weighed_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "revision"], name="one_match_per_version_and_revision"
            ),
            models.CheckConstraint(
                name="match_settled_with_an_answer",
                condition=Q(settled_at=None, was_right=None, decision=None)
                | Q(settled_at__isnull=False, was_right__isnull=False),
            ),
            models.CheckConstraint(
                name="match_left_when_weighed",
                condition=Q(left_because="")
                | Q(left_because__in=LeftBecause.values, weighed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} on case {self.case_id}"

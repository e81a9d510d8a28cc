"""Filter rules as data: what each version of a rule says, the texts it is tested with, where it stands."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import moves
from enforcement.filters.rules import Action, Kind, Rule
from enforcement.states import FILTER_TRANSITIONS, FilterAction, FilterKind, FilterState

IN_USE = (FilterState.SHADOW, FilterState.ON)
TEXT_MOST = 2_000  # characters of a test text
SAID = (
    "rule_id",
    "number",
    "kind",
    "category",
    "content",
    "threshold",
    "action",
    "why",
    "written_at",
    "written_by_id",
)


def _changed(*fields: str) -> pgtrigger.Q:
    condition = pgtrigger.Q()
    for field in fields:
        condition |= pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")})
    return condition


class FilterRule(models.Model):
    """A rule by its name. What it says stands in its versions, which never change."""

    code = models.SlugField(
        max_length=60, unique=True, help_text=gettext_lazy("As counters and answers name it.")
    )
    name = models.CharField(max_length=100)
    is_builtin = models.BooleanField(
        default=False, help_text=gettext_lazy("A floor that came with the product, with measured figures.")
    )
    number = models.PositiveIntegerField(default=1, help_text=gettext_lazy("Of its newest version."))
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering = ["code"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="its_code_never_changes",
                operation=pgtrigger.Update,
                condition=_changed("code", "is_builtin", "made_at", "made_by_id"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FilterRuleVersionQuerySet(models.QuerySet["FilterRuleVersion"]):
    def newest(self) -> "FilterRuleVersionQuerySet":
        """The last version of each rule."""
        return self.filter(number=F("rule__number"))


class FilterRuleVersion(models.Model):
    """What a rule says from one edit to the next, and where it stands. Only its state ever changes."""

    rule = models.ForeignKey(FilterRule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=FilterKind.choices)
    category = models.SlugField(
        max_length=60, help_text=gettext_lazy("Code of a category of the guidelines.")
    )
    content = models.TextField()
    threshold = models.FloatField(
        default=1.0, help_text=gettext_lazy("Least score, above 0 and at most 1, that is a hit.")
    )
    action = models.CharField(max_length=10, choices=FilterAction.choices, default=FilterAction.COUNT)
    why = models.CharField(max_length=500)
    measured = models.JSONField(
        default=dict, help_text=gettext_lazy("Of a built-in rule: its figures, and when.")
    )
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    passed_at = models.DateTimeField(
        null=True, help_text=gettext_lazy("When all its test texts last came out as expected.")
    )
    state = models.CharField(max_length=10, choices=FilterState.choices, default=FilterState.DRAFT)
    changed_at = models.DateTimeField(help_text=gettext_lazy("When its state was last set."))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = FilterRuleVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["rule", "-number"]
        triggers = [
            *moves.only(FILTER_TRANSITIONS, first=(FilterState.DRAFT,)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="what_it_says_never_changes", operation=pgtrigger.Update, condition=_changed(*SAID)
            ),
            pgtrigger.Trigger(
                name="used_only_with_its_texts_passed",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__state__in=list(IN_USE)),
                func="""IF NOT EXISTS (SELECT FROM enforcement_filtertesttext t WHERE t.version_id = NEW.id)
                    OR EXISTS (SELECT FROM enforcement_filtertesttext t
                        WHERE t.version_id = NEW.id AND t.got IS DISTINCT FROM t.expected) THEN
                    RAISE EXCEPTION '%: not every test text came out as expected', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_filter_version_per_number"),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(state=FilterState.ON), name="one_filter_version_on"
            ),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(state=FilterState.SHADOW), name="one_filter_version_in_shadow"
            ),
            models.CheckConstraint(
                name="filter_kind_action_and_state_known",
                condition=Q(
                    kind__in=FilterKind.values, action__in=FilterAction.values, state__in=FilterState.values
                ),
            ),
            models.CheckConstraint(
                name="filter_threshold_sane", condition=Q(threshold__gt=0, threshold__lte=1)
            ),
            models.CheckConstraint(
                name="filter_used_once_passed", condition=~Q(state__in=IN_USE) | Q(passed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return _("%(rule)s, version %(number)s") % {"rule": self.rule, "number": self.number}

    @property
    def as_rule(self) -> Rule:
        """Return it as the engine reads it."""
        return Rule(
            self.rule.code, self.number, self.category, Kind(self.kind), self.content, self.threshold,
            Action(self.action), self.state == FilterState.ON,
        )  # fmt: skip


class FilterTestText(models.Model):
    """A text a version is tested with: what has to come out, and what came out. Fixed once the version is used."""

    version = models.ForeignKey(FilterRuleVersion, on_delete=models.PROTECT, related_name="test_texts")
    text = models.TextField(max_length=TEXT_MOST)
    expected = models.BooleanField(help_text=gettext_lazy("Whether the rule has to hit it."))
    got = models.BooleanField(
        null=True, help_text=gettext_lazy("Whether it did; empty where that could not be told.")
    )

    class Meta:
        default_permissions = ()
        ordering = ["version", "-expected", "id"]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="the_text_never_changes",
                operation=pgtrigger.Update,
                condition=_changed("version_id", "text", "expected"),
            ),
            pgtrigger.Trigger(
                name="not_while_its_version_is_used",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                # The lock waits for somebody who is switching the version on, and makes them wait for this.
                func="""IF (SELECT v.state FROM enforcement_filterruleversion v WHERE v.id = NEW.version_id FOR SHARE)
                    IN ('shadow', 'on') THEN
                    RAISE EXCEPTION '%: the version is in use', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
            ),
        ]

    def __str__(self) -> str:
        return f"test text {self.pk}"

    @property
    def outcome(self) -> str:
        """Return what came out, in words."""
        told: dict[Any, str] = {None: _("not told"), True: _("hit"), False: _("no hit")}
        return told[self.got]

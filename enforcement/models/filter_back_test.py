"""A version of a filter rule tried on the excerpts that are still kept, by rq, for the policy editor who waits."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from enforcement.models.filter_rule import FilterRuleVersion
from enforcement.states import BACK_TEST_TRANSITIONS, BackTestState


class FilterBackTest(models.Model):
    """One back-test: figures only, no text."""

    version = models.ForeignKey(FilterRuleVersion, on_delete=models.PROTECT, related_name="back_tests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=BackTestState.choices, default=BackTestState.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict, help_text=_("{group: [hits, of]}"))
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = moves.only(BACK_TEST_TRANSITIONS, first=(BackTestState.WAITING,))
        constraints = [
            models.CheckConstraint(
                name="filter_back_test_state_known", condition=Q(state__in=BackTestState.values)
            ),
            models.CheckConstraint(
                name="filter_back_test_done_with_figures",
                condition=~Q(state=BackTestState.DONE) | ~Q(figures={}) & Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"back-test {self.pk} of {self.version_id}"

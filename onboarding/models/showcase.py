"""The showcase: what holders of access say of their use, shown to everybody once a person has approved it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import moves
from onboarding.models.access import Grant
from onboarding.states import SHOWCASE_TRANSITIONS, GrantState, ShowcaseState

TITLE_MOST, DOES_MOST, USES_MOST, QUOTE_MOST, LINK_MOST, REASON_MOST = 80, 600, 200, 300, 200, 500
DECIDED = (ShowcaseState.PUBLISHED, ShowcaseState.DECLINED)


class ShowcaseQuerySet(models.QuerySet["ShowcaseEntry"]):
    def public(self) -> "ShowcaseQuerySet":
        """What anybody may read: published, while the access it is about is neither stopped nor over."""
        return self.filter(state=ShowcaseState.PUBLISHED, grant__state=GrantState.ACTIVE)


class ShowcaseEntry(models.Model):
    """One approved use in the words of who holds it. Its words never change: another text is another entry."""

    WORDS = ("title", "does", "uses", "quote", "quoted", "link")
    PERSONAL_FIELDS = (*WORDS, "decline_reason")

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="showcase_entries")
    state = models.CharField(max_length=10, choices=ShowcaseState.choices, default=ShowcaseState.OFFERED)
    title = models.CharField(max_length=TITLE_MOST)
    does = models.TextField(max_length=DOES_MOST, help_text=_("What it does."))
    uses = models.CharField(max_length=USES_MOST, help_text=_("Which capability of the model it uses."))
    quote = models.CharField(max_length=QUOTE_MOST, blank=True)
    quoted = models.CharField(max_length=TITLE_MOST, blank=True, help_text=_("Who says so, by name."))
    consent_at = models.DateTimeField(
        null=True, help_text=_("When it was confirmed that who is quoted agreed to it, by name.")
    )
    link = models.CharField(max_length=LINK_MOST, blank=True, help_text=_("An https address."))
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decline_reason = models.CharField(max_length=REASON_MOST, blank=True, help_text=_("The holder reads it."))
    withdrawn_at = models.DateTimeField(null=True)

    objects = ShowcaseQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name_plural = _("showcase entries")
        ordering = ["-id"]
        triggers = [
            *moves.only(SHOWCASE_TRANSITIONS, first=(ShowcaseState.OFFERED,)),
            pgtrigger.Protect(name="showcase_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="showcase_offered_once", fields=["grant", "consent_at", "offered_at", "offered_by"]
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], name="showcase_public", condition=Q(state="published")),
            models.Index(fields=["offered_at", "id"], name="showcase_offered", condition=Q(state="offered")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "state"],
                condition=Q(state__in=[ShowcaseState.OFFERED, ShowcaseState.PUBLISHED]),
                name="one_showcase_entry_per_grant_and_living_state",
            ),
            models.CheckConstraint(name="showcase_state_known", condition=Q(state__in=ShowcaseState.values)),
            models.CheckConstraint(
                name="showcase_quote_is_somebodys_who_agreed",
                condition=Q(quote="", quoted="")
                | (~Q(quote="") & ~Q(quoted="") & Q(consent_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="showcase_link_is_https", condition=Q(link="") | Q(link__startswith="https://")
            ),
            models.CheckConstraint(
                name="showcase_decided_at_by",
                condition=Q(state=ShowcaseState.OFFERED, decided_at=None, decided_by=None)
                | Q(state__in=DECIDED, decided_at__isnull=False, decided_by__isnull=False)
                | Q(state=ShowcaseState.WITHDRAWN),
            ),
            models.CheckConstraint(
                name="showcase_decline_says_why",
                condition=(Q(state=ShowcaseState.DECLINED) & ~Q(decline_reason=""))
                | (~Q(state=ShowcaseState.DECLINED) & Q(decline_reason="")),
            ),
            models.CheckConstraint(
                name="showcase_withdrawn_at_when_withdrawn",
                condition=Q(state=ShowcaseState.WITHDRAWN, withdrawn_at__isnull=False)
                | (~Q(state=ShowcaseState.WITHDRAWN) & Q(withdrawn_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"showcase entry {self.pk}"

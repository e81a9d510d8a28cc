"""Comments on a consultation, who was invited to write one, and the themes in which they are answered."""

import secrets
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from audit import moves
from audit.models import append_only, append_only_but_blanked_once
from policies.models.consultation import Consultation, while_the_consultation_is
from policies.states import (
    COMMENT_TRANSITIONS,
    DECIDED_COMMENTS,
    PUBLIC_COMMENTS,
    AffiliationKind,
    CommentState,
    ThemeAnswer,
    WithheldFor,
)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NOBODYS = (CommentState.UNCONFIRMED, CommentState.WITHDRAWN)


def new_comment_number() -> str:
    """Return a number such as C-7F3K-QD2M: 40 random bits, short enough to read out on the phone."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"C-{drawn[:4]}-{drawn[4:]}"


class ConsulteeInvitation(models.Model):
    """Somebody who was asked by name to comment; over when the consultation is."""

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    name = models.CharField(max_length=120)
    affiliation_kind = models.CharField(max_length=14, choices=AffiliationKind.choices, blank=True)
    affiliation_name = models.CharField(max_length=120)
    token_hash = models.CharField(
        max_length=64, unique=True, help_text=gettext_lazy("SHA-256 of the secret in the link.")
    )
    invited_at = models.DateTimeField()
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(help_text=gettext_lazy("When the letter was last written."))
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    erased_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("email", "name", "affiliation_name")

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete), append_only()[1]]
        constraints = [
            models.UniqueConstraint(
                "consultation",
                Lower("email"),
                condition=Q(withdrawn_at=None, erased_at=None),
                name="one_live_invitation_to_comment",
            ),
            models.CheckConstraint(
                name="consultee_affiliation_known",
                condition=Q(affiliation_kind__in=["", *AffiliationKind.values]),
            ),
            models.CheckConstraint(
                name="consultee_withdrawn_at_and_by",
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class CommentQuerySet(models.QuerySet["Comment"]):
    def public(self) -> "CommentQuerySet":
        """What a person looked at and shows."""
        return self.filter(state__in=PUBLIC_COMMENTS)

    def received(self) -> "CommentQuerySet":
        """What came from a proved address and was not taken back."""
        return self.exclude(state__in=NOBODYS)

    def to_read(self) -> "CommentQuerySet":
        """What waits for a moderator or is with one, oldest first."""
        return self.filter(state__in=(CommentState.WAITING, CommentState.TAKEN)).order_by("due_at", "id")

    def run_out(self, at: datetime) -> "CommentQuerySet":
        return self.filter(state=CommentState.TAKEN, taken_until__lte=at)


class Comment(models.Model):
    """What one person sent to a consultation, in revisions. Shown only once another person looked at it."""

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="comments")
    number = models.CharField(max_length=11, unique=True, default=new_comment_number, editable=False)
    state = models.CharField(max_length=12, choices=CommentState.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    invitation = models.OneToOneField(
        ConsulteeInvitation, null=True, on_delete=models.PROTECT, related_name="comment"
    )
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    token = models.CharField(
        max_length=64, unique=True, null=True, help_text=gettext_lazy("In the links of its letters.")
    )
    name = models.CharField(max_length=120, blank=True)
    affiliation_kind = models.CharField(max_length=14, choices=AffiliationKind.choices, blank=True)
    affiliation_name = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text=gettext_lazy("By when somebody should have read it."))
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_until = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=14, choices=WithheldFor.choices, blank=True)
    note = models.TextField(blank=True, help_text=gettext_lazy("What its author is told about the reason."))
    objection = models.TextField(blank=True)
    objected_at = models.DateTimeField(null=True)
    withheld_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=gettext_lazy("Against whose decision the objection is; somebody else answers it."),
    )
    withheld_for = models.CharField(
        max_length=14,
        choices=WithheldFor.choices,
        blank=True,
        help_text=gettext_lazy("The reason the objection is against."),
    )
    withdrawn_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    summary_told_at = models.DateTimeField(
        null=True, help_text=gettext_lazy("Empty: a letter on the summary may be owed.")
    )

    PERSONAL_FIELDS = ("email", "language", "token", "name", "affiliation_name", "note", "objection")

    objects = CommentQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        triggers = [
            *moves.only(COMMENT_TRANSITIONS, first=(CommentState.UNCONFIRMED, CommentState.WAITING)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            append_only()[1],
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="comment_to_read", condition=Q(state__in=["waiting", "taken"])
            ),
            models.Index(
                fields=["consultation", "-id"],
                name="comment_public",
                condition=Q(state__in=["shown", "unnamed"]),
            ),
            models.Index(fields=["user"], name="comment_by_user", condition=Q(user__isnull=False)),
            models.Index(Lower("email"), name="comment_by_address"),
        ]
        constraints = [
            models.UniqueConstraint(
                "consultation",
                Lower("email"),
                condition=~Q(state__in=NOBODYS) & ~Q(email=""),
                name="one_comment_per_address",
            ),
            models.UniqueConstraint(
                fields=["consultation", "user"],
                condition=~Q(state__in=NOBODYS) & Q(user__isnull=False),
                name="one_comment_per_person",
            ),
            models.CheckConstraint(name="comment_state_known", condition=Q(state__in=CommentState.values)),
            models.CheckConstraint(
                name="comment_affiliation_known",
                condition=Q(affiliation_kind__in=["", *AffiliationKind.values]),
            ),
            models.CheckConstraint(
                name="only_a_proved_address_is_read",
                condition=Q(state__in=NOBODYS) | Q(confirmed_at__isnull=False, due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="comment_taken_at_and_by",
                condition=Q(
                    state=CommentState.TAKEN,
                    taken_at__isnull=False,
                    taken_by__isnull=False,
                    taken_until__isnull=False,
                )
                | ~Q(state=CommentState.TAKEN) & Q(taken_at=None, taken_by=None, taken_until=None),
            ),
            models.CheckConstraint(
                name="comment_decided_at_and_by",
                condition=Q(state__in=DECIDED_COMMENTS, decided_at__isnull=False, decided_by__isnull=False)
                | ~Q(state__in=DECIDED_COMMENTS) & Q(decided_at=None, decided_by=None),
            ),
            models.CheckConstraint(
                name="comment_withheld_for_a_reason",
                condition=Q(state=CommentState.WITHHELD, reason__in=WithheldFor.values)
                | ~Q(state=CommentState.WITHHELD) & Q(reason=""),
            ),
            models.CheckConstraint(
                name="nobody_moderates_their_own_comment",
                condition=Q(user=None)
                | (
                    (Q(decided_by=None) | ~Q(decided_by=F("user")))
                    & (Q(taken_by=None) | ~Q(taken_by=F("user")))
                ),
            ),
            models.CheckConstraint(
                name="another_person_answers_an_objection",
                condition=Q(objected_at=None, withheld_by=None, withheld_for="")
                | (
                    Q(withheld_for__in=WithheldFor.values)
                    & Q(objected_at__isnull=False, withheld_by__isnull=False)
                    & (Q(decided_by=None) | ~Q(decided_by=F("withheld_by")))
                    & (Q(taken_by=None) | ~Q(taken_by=F("withheld_by")))
                ),
            ),
            models.CheckConstraint(
                name="what_was_taken_back_names_nobody",
                condition=Q(state=CommentState.WITHDRAWN, withdrawn_at__isnull=False, email="", name="")
                | ~Q(state=CommentState.WITHDRAWN) & Q(withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_public(self) -> bool:
        return self.state in PUBLIC_COMMENTS

    @property
    def shown_name(self) -> str:
        """Return the name its readers see; empty for none."""
        return self.name if self.state == CommentState.SHOWN else ""

    @property
    def shown_affiliation(self) -> str:
        return self.affiliation_name if self.state == CommentState.SHOWN else ""


class CommentRevision(models.Model):
    """The words of a comment as they were sent once: remarks by clause (empty: the whole), answers by question."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    words = models.JSONField(
        help_text=gettext_lazy('{"remarks": {clause: text}, "answers": {question id: text}}')
    )
    sent_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    PERSONAL_FIELDS = ("words",)

    class Meta:
        default_permissions = ()
        ordering = ["comment", "number"]
        triggers = append_only_but_blanked_once("words")
        constraints = [
            models.UniqueConstraint(fields=["comment", "number"], name="one_comment_revision_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}/{self.number}"


class Theme(models.Model):
    """What several comments say, and how it was answered; rests once the summary is published."""

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="themes")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    outcome = models.CharField(max_length=8, choices=ThemeAnswer.choices, blank=True)
    text = models.TextField(blank=True)
    clauses = models.JSONField(
        default=list, help_text=gettext_lazy("Codes of the parts that were changed for it.")
    )
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    comments = models.ManyToManyField(Comment, through="ThemeComment", related_name="themes")

    class Meta:
        default_permissions = ()
        ordering = ["consultation", "position", "id"]
        triggers = [
            append_only()[1],
            while_the_consultation_is(
                "= 'opened'", "themes rest once the summary is published", reach="{row}.consultation_id"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="theme_outcome_known", condition=Q(outcome__in=["", *ThemeAnswer.values])
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ThemeComment(models.Model):
    """That a comment belongs to a theme."""

    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="grouped")
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="grouped")

    class Meta:
        default_permissions = ()
        triggers = [
            append_only()[1],
            while_the_consultation_is(
                "= 'opened'",
                "themes rest once the summary is published",
                reach="(SELECT consultation_id FROM policies_comment WHERE id = {row}.comment_id)",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["theme", "comment"], name="one_place_per_theme_and_comment"),
        ]

    def __str__(self) -> str:
        return f"{self.theme_id}: {self.comment_id}"

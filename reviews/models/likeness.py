"""What cases are compared by."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models import Revision
from reviews.models.case import Case


class Likeness(models.Model):
    """The words of a case's revision and the shape of its applicant's address: what precedents are found by.

    A copy, made anew by a payer whenever `Case.likeness_owed`; deleted with the personal data it was made from.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="likeness")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(help_text=_("The title, and what was written at length."))
    text_hash = models.CharField(
        max_length=64, help_text=_("SHA-256 of the text in small letters, blanks aside.")
    )
    words = models.GeneratedField(
        expression=SearchVector("text", config="english"), output_field=SearchVectorField(), db_persist=True
    )
    mail_key = models.CharField(
        max_length=254, blank=True, help_text=_("The applicant's address without what makes aliases of it.")
    )
    mail_domain = models.CharField(
        max_length=254, blank=True, help_text=_("Empty where anybody can have an address.")
    )

    PERSONAL_FIELDS = ("text", "mail_key")

    class Meta:
        default_permissions = ()
        indexes = [
            GinIndex(fields=["words"], name="likeness_by_words", fastupdate=False),
            models.Index(fields=["text_hash"], name="likeness_by_text"),
            models.Index(fields=["mail_key"], name="likeness_by_address", condition=~Q(mail_key="")),
            models.Index(
                fields=["mail_domain", "-case"], name="likeness_by_domain", condition=~Q(mail_domain="")
            ),
        ]

    def __str__(self) -> str:
        return f"likeness of case {self.case_id}"

"""Acceptances: who accepted which text, and when; only added to."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.models import Acceptance, GuidelineVersion

GUIDELINES = "guidelines"


@transaction.atomic
def accept(user: User, *, document: str, version: str, text_hash: str, at: datetime) -> Acceptance:
    """Keep that a person accepted this very text; accepting it again changes nothing."""
    acceptance, new = Acceptance.objects.get_or_create(
        user=user, document=document, version=version, text_hash=text_hash, defaults={"accepted_at": at}
    )
    if new:
        ledger.record(
            Event.TERMS_ACCEPTED, subject=acceptance, actor=user, at=at,
            document=document, version=version, text_hash=text_hash,
        )  # fmt: skip
    return acceptance


def accepted(user: User, version: GuidelineVersion) -> bool:
    """Return whether this person accepted the text of this guideline version."""
    return Acceptance.objects.filter(
        user=user, document=GUIDELINES, version=version.version, text_hash=version.text_hash
    ).exists()


def guidelines_accepted(user: User) -> bool:
    """Return whether this person ever accepted any version of the guidelines."""
    return Acceptance.objects.filter(user=user, document=GUIDELINES).exists()

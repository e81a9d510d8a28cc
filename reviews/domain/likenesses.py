"""Keep what cases are compared by: a payer, in chunks."""

import hashlib

from django.db import transaction

from onboarding.domain import questions
from onboarding.models import Revision
from reviews.domain import addresses
from reviews.models import Case, Likeness

CHUNK = 500  # cases a transaction
MOST = 20_000  # characters of one case
FIELDS = ("revision", "text", "text_hash", "mail_key", "mail_domain")


def keep_owed() -> int:
    """Make the likeness of each case that is owed one; return of how many. May run twice and beside itself.

    A case is locked while its answers are read and its likeness is written, so that erasing them waits or comes
    first. What was erased gets none.
    """
    kept = 0
    while found := _keep_chunk():
        kept += found
    return kept


def text_of(revision: Revision, title: str) -> str:
    """Return the title and the answers that were written at length, in the form's order."""
    form = questions.of(revision.question_set)
    keys = [question.key for question in form.questions if question.type == "long"]
    said = [title, *(revision.answers.get(key) for key in keys)]
    return "\n".join(text for text in said if isinstance(text, str) and text)[:MOST]


def hash_of(text: str) -> str:
    return hashlib.sha256(" ".join(text.lower().split()).encode()).hexdigest()


@transaction.atomic
def _keep_chunk() -> int:
    owed = list(
        Case.objects.filter(likeness_owed=True)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("application__applicant", "revision__question_set")
        .order_by("pk")[:CHUNK]
    )
    made = [_made(case) for case in owed if case.revision.erased_at is None]
    Likeness.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["case"], update_fields=list(FIELDS)
    )
    Case.objects.filter(pk__in=[case.pk for case in owed]).update(likeness_owed=False)
    return len(owed)


def _made(case: Case) -> Likeness:
    text = text_of(case.revision, case.application.title)
    applicant = case.application.applicant
    email = applicant.email if applicant else ""
    return Likeness(
        case=case,
        revision=case.revision,
        text=text,
        text_hash=hash_of(text),
        mail_key=addresses.key(email)[:254],
        mail_domain=addresses.own_domain(email)[:254],
    )

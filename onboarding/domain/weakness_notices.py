"""Letters to holders whose use a known weakness touches, when a record of it is published or changed."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from onboarding.domain import notices
from onboarding.models import Grant
from onboarding.states import LIVE_GRANT_STATES
from outbox import letters
from policies.models import WeaknessRecord

CHUNK = 500


def touched(row: WeaknessRecord) -> QuerySet[Grant]:
    """Return the living grants whose use must read this record: all, or those in one of its scrutiny domains."""
    held = Grant.objects.filter(program__slug=row.program, state__in=LIVE_GRANT_STATES)
    if not row.must_read:
        return held
    domains = Q()
    for code in row.must_read:
        domains |= Q(revision__domains__contains=[code])
    return held.filter(domains)


def tell_owed(*, at: datetime) -> int:
    """Write to the people of each grant a record touches; return how many letters.

    A payer: may run twice and beside itself. Of several revisions that are owed at once, only the last is told.
    """
    owed = WeaknessRecord.objects.filter(holders_told_at=None).order_by("pk").values_list("pk", flat=True)
    return sum(_tell(pk, at) for pk in list(owed))


@transaction.atomic
def _tell(pk: int, at: datetime) -> int:
    turn = WeaknessRecord.objects.select_for_update(skip_locked=True)
    row = turn.filter(pk=pk, holders_told_at=None).defer("source").first()
    if row is None:  # somebody else is at it, or was
        return 0
    later = WeaknessRecord.objects.filter(program=row.program, code=row.code, revision__gt=row.revision)
    written, last = 0, 0
    held = touched(row).select_related(
        "program", "owner", "application__applicant", "application__program", "application__owner"
    )
    held = held.defer("application__answers", "application__facts").order_by("pk")
    while not later.exists() and (batch := list(held.filter(pk__gt=last)[:CHUNK])):
        people = notices.people_of(grant.owner for grant in batch)
        drafts = [_letter(row, grant, person) for grant in batch for person in people[grant.owner_id]]
        letters.write_many(drafts, at=at)
        written, last = written + len(drafts), batch[-1].pk
    WeaknessRecord.objects.filter(pk=pk).update(holders_told_at=at)
    return written


def _letter(row: WeaknessRecord, grant: Grant, person: User) -> letters.Draft:
    return notices.draft(
        "weakness",
        grant.application,
        about=grant,
        to=person,
        once=f"weakness:{row.pk}:{grant.pk}:{person.pk}",
        url=notices.page("weakness", row.program, row.code),
        weakness_title=row.title,
        severity=row.get_severity_display().lower(),
        status=row.get_status_display().lower(),
        is_new=row.revision == 1,
        workaround=row.workaround,
    )

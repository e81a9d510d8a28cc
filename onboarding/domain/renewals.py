"""Renewals: reminded of in time, and what happens when none comes. All of it is paid by the beat."""

import logging
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from onboarding.domain import applications, grants, notices, requests, terms
from onboarding.models import Application, Grant
from onboarding.states import (
    LIVE_GRANT_STATES,
    OPEN_APPLICATION_STATES,
    ApplicationKind,
    ApplicationState,
)
from outbox import letters

log = logging.getLogger(__name__)

REMIND_BEFORE = (90, 45, 30)  # days before the end, on the calendar of the program's zone
SLACK = timedelta(hours=26)  # between a calendar's days and a clock's, over a change of clocks
BATCH = 500


def remind_owed(*, at: datetime) -> int:
    """Write the reminders that are due; return how many grants were reminded. Safe to run twice and late.

    A payer that comes late writes the latest reminder only. Who has sent a renewal is not reminded.
    """
    reminded, last = 0, 0
    while batch := _candidates(at, last):
        reminded += _remind(batch, at)
        last = batch[-1]
    return reminded


def _candidates(at: datetime, last: int) -> list[int]:
    due = Q()
    for count, days in enumerate(REMIND_BEFORE, 1):
        due |= Q(reminded__lt=count, expires_at__lte=at + timedelta(days=days) + SLACK)
    under_way = Application.objects.filter(
        grant=OuterRef("pk"), kind=ApplicationKind.RENEWAL, state__in=requests.UNDER_WAY
    )
    live = Grant.objects.live().filter(due, ~Exists(under_way), pk__gt=last, expires_at__gt=at)
    return list(live.order_by("pk").values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _remind(pks: list[int], at: datetime) -> int:
    rows = (
        Grant.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=pks, state__in=LIVE_GRANT_STATES)
        .select_related("program", "owner", "application__applicant", "application__program")
    )
    due = [grant for grant in rows if grant.reminded < _due(grant, at)]
    people, refused = notices.people_of(grant.owner for grant in due), _refused(due)
    drafts = []
    for grant in due:
        grant.reminded = _due(grant, at)
        end = terms.ends_at(grant)
        drafts += [
            notices.draft(
                "renewal_due",
                grant.application,
                about=grant,
                to=person,
                once=f"renewal_due:{grant.pk}:{end:%Y%m%d}:{grant.reminded}:{person.pk}",
                url=notices.page("access"),
                ends_at=end,
                last_one=grant.reminded == len(REMIND_BEFORE),
                refused=grant.pk in refused,
            )
            for person in people[grant.owner_id]
        ]
    Grant.objects.bulk_update(due, ["reminded"])
    letters.write_many(drafts, at=at)
    return len(due)


def _refused(due: list[Grant]) -> set[int]:
    """Return the grants, by id, whose renewal was refused and not approved since: its letter says what is possible."""
    settled = Application.objects.filter(
        kind=ApplicationKind.RENEWAL, state__in=(ApplicationState.APPROVED, ApplicationState.REJECTED)
    )
    rows = settled.filter(grant__in=due).order_by("settled_at", "pk").values_list("grant", "state")
    latest = dict(rows)
    return {grant for grant, state in latest.items() if state == ApplicationState.REJECTED}


def _due(grant: Grant, at: datetime) -> int:
    """Return how many reminders should be written by now."""
    end = terms.ends_at(grant).astimezone(grant.program.zone)
    return sum(end - relativedelta(days=days) <= at for days in REMIND_BEFORE)


def expire_due(*, at: datetime) -> int:
    """Expire grants whose time is over, with their keys; the approval lapses. Return how many. Safe to run twice.

    Access whose renewal is under review has its end moved already, see `grants.hold_over`; what a sanction stops waits
    for `expire_held`.
    """
    expired = 0
    due = Grant.objects.live().filter(expires_at__lte=at, sanctioned_since=None).order_by("pk")
    for pk, application in list(due.values_list("pk", "application")[:BATCH]):
        try:
            expired += _expire(pk, application, at)
        except Exception:
            log.exception("Grant %s could not be expired", pk)
    return expired


def expire_held(grant: Grant, *, at: datetime) -> bool:
    """Expire a grant past its end that a sanction stops for good; return whether it was."""
    return _expire(grant.pk, grant.application_id, at, although_held=True)


@transaction.atomic
def _expire(pk: int, application_pk: int, at: datetime, *, although_held: bool = False) -> bool:
    application = Application.objects.select_for_update().get(pk=application_pk)
    if not grants.expire(Grant(pk=pk), at=at, although_held=although_held):
        return False
    if application.state == ApplicationState.APPROVED:
        applications.lapse(application, by="beat", at=at, reason=_why_over(pk))
    return True


def _why_over(pk: int) -> str:
    """Return the code of why nothing renewed a grant that has expired."""
    renewals = Application.objects.filter(grant=pk, kind=ApplicationKind.RENEWAL)
    if renewals.filter(state__in=requests.UNDER_WAY).exists():
        return "renewal_undecided"
    latest = renewals.exclude(settled_at=None).order_by("-settled_at", "-pk").first()
    refused = latest is not None and latest.state == ApplicationState.REJECTED
    return "renewal_refused" if refused else "renewal_missed"


def drop_moot(*, at: datetime) -> int:
    """Withdraw open requests about access that has ended; return how many. Safe to run twice."""
    moot = (
        Application.objects.filter(state__in=OPEN_APPLICATION_STATES, grant__isnull=False)
        .exclude(grant__state__in=LIVE_GRANT_STATES)
        .order_by("pk")
    )
    dropped = 0
    for application in list(moot[:BATCH]):
        try:
            applications.drop(application, by="beat", at=at, reason="access_ended")
            dropped += 1
        except applications.IllegalMove:
            continue  # withdrawn, or decided, while we looked
        except Exception:
            log.exception("Request %s could not be withdrawn", application.pk)
    return dropped

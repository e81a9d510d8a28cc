"""Acknowledging changed guidelines: asked for, reminded of, and trial limits where nobody does in time.

A material change asks somebody of each owner that holds access to acknowledge the new text by a date. After it
access goes on under trial limits, and is whole again with the acknowledgement. Nobody is cut off for this.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import Owner, User
from onboarding.domain import grants, notices
from onboarding.models import Grant
from outbox import letters
from policies.models import GuidelineVersion
from policies.states import VersionState

AGAIN_BEFORE = (timedelta(days=14), timedelta(days=3))  # before the date, after the first letter
AT_LEAST = timedelta(days=14)  # between the first letter about it and the limits
BATCH = 500
NOT_ACKNOWLEDGED, ACKNOWLEDGED = "not_acknowledged", "acknowledged"

# Whether somebody of the owner accepted this version, or one that was published later.
ACCEPTED = """EXISTS (SELECT FROM policies_acceptance x JOIN policies_guidelineversion w
    ON w.version = x.version AND w.text_hash = x.text_hash
    WHERE x.document = 'guidelines' AND w.published_at >= v.published_at AND (x.user_id = o.person_id
        OR x.user_id IN (SELECT m.user_id FROM accounts_membership m WHERE m.organisation_id = o.organisation_id)))"""
# The same, kept on the grant: who acknowledged may have left since.
KEPT = """EXISTS (SELECT FROM policies_guidelineversion k
    WHERE k.id = g.acknowledged_version_id AND k.published_at >= v.published_at)"""
DONE = f"({KEPT} OR {ACCEPTED})"
HOLDERS = """SELECT g.id FROM onboarding_grant g JOIN accounts_owner o ON o.id = g.owner_id
    JOIN policies_guidelineversion v ON v.id = {version}
    WHERE g.state IN ('active', 'suspended') AND g.id > %(last)s AND {which}
    ORDER BY g.id LIMIT %(batch)s"""
TO_ASK = HOLDERS.format(
    version="%(version)s",
    which=f"(g.asked_version_id IS DISTINCT FROM v.id OR g.asked_times < %(times)s) AND NOT {DONE}",
)
TO_KEEP = HOLDERS.format(
    version="%(version)s",
    which=f"(%(owners)s::bigint[] IS NULL OR o.id = ANY(%(owners)s)) AND NOT {KEPT} AND {ACCEPTED}",
)
TO_LIMIT = HOLDERS.format(
    version="g.asked_version_id",
    which=f"""g.limited_since IS NULL AND v.acknowledge_by <= %(at)s AND g.asked_at <= %(asked_by)s
        AND NOT {DONE}""",
)
TO_RESTORE = HOLDERS.format(
    version="g.asked_version_id",
    which=f"g.limited_since IS NOT NULL AND (%(owners)s::bigint[] IS NULL OR o.id = ANY(%(owners)s)) AND {DONE}",
)
WAITING = HOLDERS.format(version="%(version)s", which=f"g.owner_id = ANY(%(owners)s) AND NOT {DONE}")


def asked_for() -> GuidelineVersion | None:
    """Return the version that holders are asked to acknowledge: the latest material change."""
    known = GuidelineVersion.objects.filter(
        acknowledge_by__isnull=False, state__in=[VersionState.PUBLISHED, VersionState.EFFECTIVE]
    )
    return known.order_by("-published_at", "-pk").defer("source").first()


def waiting(owners: Iterable[int], version: GuidelineVersion | None) -> set[int]:
    """Return the living grants of these owners, by id, whose holders have not acknowledged `version` yet."""
    owners = list(owners)
    if version is None or not owners:
        return set()
    return set(_pks(WAITING, version=version.pk, owners=owners, batch=None))


def limits_at(grant: Grant, version: GuidelineVersion, *, at: datetime) -> datetime:
    """Return from when trial limits apply: the version's date, but never sooner than AT_LEAST after asking.

    Who has not been asked yet is asked now at the earliest.
    """
    assert version.acknowledge_by is not None, "only versions that ask for it come here"
    asked_at = grant.asked_at if grant.asked_version_id == version.pk and grant.asked_at else at
    return max(version.acknowledge_by, asked_at + AT_LEAST)


def ask_owed(*, at: datetime) -> int:
    """Write to the people of each grant that is to acknowledge; return how many grants. Safe to run twice and late.

    A payer that comes late writes one letter, not all that were missed; the limits wait for the first letter.
    """
    version = asked_for()
    if version is None or version.acknowledge_by is None:
        return 0
    times = 1 + sum(version.acknowledge_by - before <= at < version.acknowledge_by for before in AGAIN_BEFORE)
    asked, last = 0, 0
    while pks := _pks(TO_ASK, version=version.pk, times=times, last=last):
        asked += _ask(pks, version, times, at)
        last = pks[-1]
    return asked


@transaction.atomic
def _ask(pks: list[int], version: GuidelineVersion, times: int, at: datetime) -> int:
    rows = _locked(pks)
    due = [g for g in rows if g.asked_version_id != version.pk or g.asked_times < times]
    people = notices.people_of(grant.owner for grant in due)
    drafts = []
    for grant in due:
        if grant.asked_version_id != version.pk:
            grant.asked_version, grant.asked_at = version, at
        grant.asked_times = times
        drafts += [
            _letter("acknowledge", grant, version, person, f"{version.pk}:{times}", again=times > 1)
            for person in people[grant.owner_id]
        ]
    Grant.objects.bulk_update(due, ["asked_version", "asked_at", "asked_times"])
    letters.write_many(drafts, at=at)
    return len(due)


def keep_owed(*, at: datetime) -> int:
    """Keep on each grant that somebody acknowledged for it; return how many grants. Safe to run twice."""
    return _keep(None)


@transaction.atomic
def _keep(owners: list[int] | None) -> int:
    version = asked_for()
    kept, last = 0, 0
    while version and (pks := _pks(TO_KEEP, version=version.pk, owners=owners, last=last)):
        taken = [grant.pk for grant in _locked(pks)]
        kept += Grant.objects.filter(pk__in=taken).update(acknowledged_version=version)
        last = pks[-1]
    return kept


def limit_due(*, at: datetime) -> int:
    """Put grants on trial limits whose date is over; return how many. Safe to run twice."""
    limited, last = 0, 0
    while pks := _pks(TO_LIMIT, at=at, asked_by=at - AT_LEAST, last=last):
        limited += _limit(pks, at)
        last = pks[-1]
    return limited


@transaction.atomic
def _limit(pks: list[int], at: datetime) -> int:
    done = [g for g in _locked(pks) if grants.limit(g, by="beat", at=at, reason=NOT_ACKNOWLEDGED)]
    people = notices.people_of(grant.owner for grant in done)
    letters.write_many(
        (
            _letter(
                "limited", grant, grant.asked_version, person, f"{grant.asked_version_id}:{at:%Y%m%d%H%M}"
            )
            for grant in done
            for person in people[grant.owner_id]
        ),
        at=at,
    )
    return len(done)


def restore_owed(*, at: datetime) -> int:
    """Give grants their limits back whose holders have acknowledged; return how many. Safe to run twice."""
    return _restore(None, at)


def restore_for(user: User, *, at: datetime) -> int:
    """Keep it and do the same for what this person holds, at once; called where they acknowledge."""
    owners = list(Owner.objects.of(user).values_list("pk", flat=True))
    if not owners:
        return 0
    _keep(owners)
    return _restore(owners, at)


@transaction.atomic
def _restore(owners: list[int] | None, at: datetime) -> int:
    restored, last = 0, 0
    while pks := _pks(TO_RESTORE, owners=owners, last=last):
        restored += sum(
            grants.unlimit(grant, by="beat", at=at, reason=ACKNOWLEDGED) for grant in _locked(pks)
        )
        last = pks[-1]
    return restored


def _locked(pks: list[int]) -> list[Grant]:
    rows = Grant.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=pks).order_by("pk")
    return list(
        rows.select_related(
            "program", "owner", "asked_version", "application__applicant", "application__program"
        ).defer("asked_version__source", "application__answers", "application__facts")
    )


def _letter(
    kind: str, grant: Grant, version: GuidelineVersion | None, person: User, mark: str, **more: Any
) -> letters.Draft:
    assert version is not None, "asked for before"
    assert grant.asked_at is not None, "with the version"
    return notices.draft(
        kind,
        grant.application,
        about=grant,
        to=person,
        once=f"{kind}:{grant.pk}:{mark}:{person.pk}",
        url=notices.page("access"),
        guidelines_url=notices.page("guidelines_version", version.version),
        version=version.version,
        effective_at=version.effective_at,
        by=limits_at(grant, version, at=grant.asked_at),
        **more,
    )


def _pks(sql: str, *, last: int = 0, batch: int | None = BATCH, **parameters: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"last": last, "batch": batch, **parameters})
        return [pk for (pk,) in cursor.fetchall()]

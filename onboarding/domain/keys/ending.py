"""Payers of what ends by itself: keys, overlaps, and the letters before."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from audit import ledger
from audit.events import Event
from onboarding.domain.keys import changing, telling
from onboarding.models import Key, Secret
from onboarding.states import GrantState, KeyState
from outbox import letters

CHUNK = 1000
NOTICES = (1, 7, 30)  # days before a key ends; before an overlap ends, one
WORKING = (KeyState.ACTIVE, KeyState.SUSPENDED)


def expire_due(*, at: datetime) -> int:
    """Expire keys that were never opened in time, and those that end before their grant; return how many.

    What a sanction stops waits: a won appeal gives it back with the time it lost, and its grant's end ends it in any
    case. Safe to run twice and beside itself.
    """
    working = Q(state__in=WORKING, sanctioned_since=None, grant__sanctioned_since=None)
    due = Q(state=KeyState.ISSUED, open_by__lte=at) | working & Q(expires_at__lte=at)
    with transaction.atomic():
        late = Key.objects.filter(due).select_for_update(skip_locked=True, of=("self",))
        return changing.end(list(late[:CHUNK]), Event.KEY_EXPIRED, "beat", at)


@transaction.atomic
def end_overlaps(*, at: datetime) -> int:
    """End the secrets whose overlap is over; return how many. Safe to run twice and beside itself.

    The gateways refuse them from that second on without this: it is the record of it.
    """
    over = Secret.objects.live().filter(expires_at__lte=at)
    keys = list(
        Key.objects.filter(pk__in=over.values("key"))
        .select_for_update(skip_locked=True)
        .order_by("pk")[:CHUNK]
    )
    ended = list(over.filter(key__in=keys))  # at most one of each key: a constraint
    if ended:
        Secret.objects.filter(pk__in=[secret.pk for secret in ended]).update(ended_at=at, notice_owed=False)
        ledger.record_many(
            Event.KEY_SECRET_ENDED,
            subjects=keys,
            actor="beat",
            at=at,
            each={secret.key_id: {"secret": secret.number} for secret in ended},
        )
        telling.access_changed(Key.objects.filter(pk__in=[key.pk for key in keys]))
    return len(ended)


def tell_ends(*, at: datetime) -> int:
    """Write the letters that a key or an overlap ends soon; return for how many. Safe to run twice.

    Of a key only where it ends before its grant: the grant's own end is told by its renewal.
    """
    return _tell_keys(at) + _tell_overlaps(at)


@transaction.atomic
def _tell_keys(at: datetime) -> int:
    due = Q()
    for days in NOTICES:
        not_yet = Q(noticed_days=None) | Q(noticed_days__gt=days)
        due |= Q(expires_at__lte=at + timedelta(days=days)) & not_yet
    keys = list(
        Key.objects.filter(due, state__in=WORKING, expires_at__gt=at, grant__state=GrantState.ACTIVE)
        .filter(expires_at__lt=F("grant__expires_at"))
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "opened_by", "grant__owner", "grant__application__applicant", "grant__application__program"
        )
        .order_by("pk")[:CHUNK]
    )
    for key in keys:
        key.noticed_days = next(days for days in NOTICES if key.expires_at <= at + timedelta(days=days))
    Key.objects.bulk_update(keys, ["noticed_days"])
    letters.write_many(
        [
            telling.draft(
                "key_ends", key, to, until=key.expires_at,
                once=f"key_ends:{key.pk}:{to.pk}:{key.expires_at:%Y%m%d%H%M}:{key.noticed_days}",
            )
            for key in keys
            for to in telling.concerned(key)
        ],
        at=at,
    )  # fmt: skip
    return len(keys)


@transaction.atomic
def _tell_overlaps(at: datetime) -> int:
    of_key = [f"key__{path}" for path in ("opened_by", "grant__owner", "grant__application__applicant",
                                          "grant__application__program")]  # fmt: skip
    ending = list(
        Secret.objects.live()
        .filter(notice_owed=True, expires_at__lte=at + timedelta(days=1), key__state__in=WORKING)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(*of_key)
        .order_by("pk")[:CHUNK]
    )
    Secret.objects.filter(pk__in=[secret.pk for secret in ending]).update(notice_owed=False)
    letters.write_many(
        [
            telling.draft(
                "key_ends", secret.key, to, until=secret.expires_at, old_hint=secret.hint,
                once=f"overlap_ends:{secret.pk}:{to.pk}",
            )
            for secret in ending
            for to in telling.concerned(secret.key)
        ],
        at=at,
    )  # fmt: skip
    return len(ending)

"""A secret was found where everybody can read it: it stops working at once, whoever found it and whatever they say.

The key itself may stay, for its owner to give it another secret: nothing they did costs them their place or limits.
"""

from datetime import datetime

from django.db import transaction

from audit import ledger
from audit.events import Event
from onboarding.domain.keys import changing, telling
from onboarding.models import Grant, Key, Secret
from outbox import letters


@transaction.atomic
def end_leaked(secret: Secret, *, whole_key: bool, place: str, by: ledger.Actor, at: datetime) -> bool:
    """End a leaked secret, or its whole key; return whether either still worked. `place` is where it was found.

    Whom the key concerns is written to, once for each secret. Safe to call twice.
    """
    Grant.objects.select_for_update().get(pk=secret.key.grant_id)
    key = (
        Key.objects.select_for_update(of=("self",))
        .select_related(
            "grant__application__program", "grant__application__applicant", "grant__owner", "opened_by"
        )
        .get(pk=secret.key_id)
    )
    secret = key.secrets.select_for_update().get(pk=secret.pk)
    if secret.ended_at is not None or key.ended_at is not None:
        return False
    if whole_key:
        changing.end([key], Event.KEY_REVOKED, by, at)
    else:
        secret.ended_at, secret.notice_owed = max(at, secret.minted_at), False
        secret.save(update_fields=["ended_at", "notice_owed"])
        ledger.record(Event.KEY_SECRET_ENDED, subject=key, actor=by, at=at, secret=secret.number, leaked=True)
        telling.access_changed(Key.objects.filter(pk=key.pk))
    letters.write_many(
        [
            telling.draft(
                "key_leaked", key, to, once=f"key_leaked:{secret.pk}:{to.pk}",
                hint=secret.hint, place=place, is_revoked=whole_key, done_at=at,
            )
            for to in telling.concerned(key)
        ],
        at=at,
    )  # fmt: skip
    return True

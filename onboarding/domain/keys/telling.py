"""Whom a key's changes are told: the gateways, and the people it belongs to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Func, QuerySet
from django.db.models.fields import DateTimeField

from accounts.languages import spoken
from accounts.models import User
from accounts.permissions import may_act_for
from onboarding.domain import notices
from onboarding.models import Key
from outbox import hints, letters


def access_changed(keys: QuerySet[Key]) -> None:
    """Tell the gateways that these keys' access changed: what they poll, and the projection that is owed.

    The time is PostgreSQL's own at this moment, not the deciding function's `at`: gateways compare it with their clock
    of the same server.
    """
    keys.filter(opened_at__isnull=False).update(
        access_version=F("access_version") + 1,
        access_changed_at=Func(function="clock_timestamp", output_field=DateTimeField()),
        projection_owed=True,
    )
    transaction.on_commit(partial(hints.later, "onboarding.tasks.project_owed"), robust=True)


def tell(what: str, key: Key, *, by: User, at: datetime, **more: Any) -> None:
    """Write the letter that this person changed a key, to all whom it concerns: "if this was not you …"."""
    letters.write_many(
        [
            draft("key_changed", key, to, what=what, by=str(by), done_at=at, **more)
            for to in concerned(key, by)
        ],
        at=at,
    )


def concerned(key: Key, *others: User) -> Iterator[User]:
    """Yield who applied, who opened the key and `others`, each once, if they may still act for its owner."""
    told = set()
    for person in (key.grant.application.applicant, key.opened_by, *others):
        if person and person.pk not in told and may_act_for(person, key.grant.owner):
            told.add(person.pk)
            yield person


def draft(kind: str, key: Key, to: User, *, once: str | None = None, **more: Any) -> letters.Draft:
    """Return a letter about a key to one person; its grant and application must be loaded."""
    grant = key.grant
    named = {
        "key_name": key.name,
        "key_id": key.key_id,
        "owner": str(grant.owner),
        "environment": key.environment,
    }
    written = notices.draft(
        kind,
        grant.application,
        about=key,
        once=once,
        url=notices.page("grant", str(grant.public_id)),
        **named | more,
    )
    return replace(
        written,
        to=to.email,
        context=written.context | {"name": str(to)},
        language=spoken(to.language),
        zone=to.time_zone,
    )

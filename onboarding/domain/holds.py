"""What sanctions stop: a grant, or single keys of it. Enforcement says what; this is the one place that writes it.

It stands beside the states of grant and key, so that neither the owner of a key nor a member of the staff who resumes
a grant takes a sanction back by accident, and a sanction that ends leaves what they did as it was.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from audit import ledger
from audit.events import Event
from onboarding.domain import grants, keys
from onboarding.models import Grant, Key
from onboarding.states import LIVE_GRANT_STATES


def settle(
    grant: Grant, *, is_stopped: bool, keys_stopped: Collection[int], kept_out: Collection[str] = (),
    by: ledger.Actor, at: datetime,
) -> bool:  # fmt: skip
    """Stop exactly this of a grant from now on, the gateways within a second; return whether anything changed.

    keys_stopped: primary keys. kept_out: end users, as the caller hashes them. Call it in a transaction; it locks the
    grant and its keys. Safe to run twice.
    """
    grant = grants.locked(grant.pk)
    mine = list(grant.keys.select_for_update().only("pk", "sanctioned_since").order_by("pk"))
    begun = [key for key in mine if key.pk in keys_stopped and key.sanctioned_since is None]
    over = [key for key in mine if key.pk not in keys_stopped and key.sanctioned_since is not None]
    is_new = is_stopped != (grant.sanctioned_since is not None)
    if is_new:
        grant.sanctioned_since = at if is_stopped else None
        grant.save(update_fields=["sanctioned_since"])
        event = Event.GRANT_HELD_BY_SANCTION if is_stopped else Event.GRANT_LET_GO
        ledger.record(event, subject=grant, actor=by, at=at)
    for some, event in ((begun, Event.KEY_HELD_BY_SANCTION), (over, Event.KEY_LET_GO)):
        rows = Key.objects.filter(pk__in=[key.pk for key in some])
        rows.update(sanctioned_since=at if some is begun else None)
        ledger.record_many(event, subjects=some, actor=by, at=at)
    users = sorted(set(kept_out))
    others = users != grant.end_users_kept_out
    if others:
        grant.end_users_kept_out = users
        grant.save(update_fields=["end_users_kept_out"])
        ledger.record(Event.GRANT_END_USERS_KEPT_OUT, subject=grant, actor=by, at=at, count=len(users))
    changed = bool(is_new or begun or over or others)
    if changed:
        keys.access_changed(Key.objects.filter(grant=grant))
    return changed


def give_back(
    grant: Grant, *, lost: timedelta, key: Key | None = None, by: ledger.Actor, at: datetime
) -> None:
    """Let a living grant and its keys, or only this key of it, end so much later; no key outlives its grant.

    For what a sanction stopped wrongly; nothing where it has ended. Call it in a transaction; it locks the grant and
    its keys.
    """
    grant = grants.locked(grant.pk)
    if grant.state not in LIVE_GRANT_STATES:
        return
    if key is None:
        grant.expires_at += lost
        if grant.held_over_from is not None:
            grant.held_over_from += lost
        grant.reminded = 0
        grant.save(update_fields=["expires_at", "held_over_from", "reminded"])
        until = grant.expires_at.isoformat()
        ledger.record(
            Event.GRANT_TIME_GIVEN_BACK, subject=grant, actor=by, at=at,
            seconds=int(lost.total_seconds()), until=until,
        )  # fmt: skip
    living = Key.objects.live().filter(grant=grant).select_for_update().order_by("pk")
    moved = []
    for each in living.filter(pk=key.pk) if key else living:
        end = min(each.expires_at + lost, grant.expires_at)
        if end > each.expires_at:
            each.expires_at, each.noticed_days = end, None
            moved.append(each)
    Key.objects.bulk_update(moved, ["expires_at", "noticed_days"])
    if key is not None:
        ends = {one.pk: {"until": one.expires_at.isoformat()} for one in moved}
        ledger.record_many(Event.KEY_PROLONGED, subjects=moved, actor=by, at=at, each=ends)
    keys.access_changed(Key.objects.filter(grant=grant))

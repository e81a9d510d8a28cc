"""The one order in which a key's verbs lock, and the two questions all of them ask first."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from onboarding.models import Grant, Key, Secret
from onboarding.permissions import may_handle_keys

MOST_AN_HOUR = 20  # of each: secrets minted, keys issued, for one grant; limits of a key by its owner


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("This key belongs to somebody else."))


class TooOften(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("That was done %(most)d times within the last hour. Wait a while, then try again.")
            % {"most": MOST_AN_HOUR}
        )


def locked_grant(pk: int, *, by: User) -> Grant:
    """Return the grant with what its letters name, locked; raise NotYours."""
    grant = (
        Grant.objects.select_for_update(of=("self",))
        .select_related("owner", "program", "tier", "application__applicant", "application__program")
        .get(pk=pk)
    )
    if not may_handle_keys(by, grant):
        raise NotYours
    return grant


def locked_key(key: Key, *, by: User) -> Key:
    """Return the key as it is now, locked after its grant; raise NotYours."""
    grant = locked_grant(key.grant_id, by=by)
    key = Key.objects.select_for_update(of=("self",)).select_related("opened_by").get(pk=key.pk)
    key.grant = grant
    return key


def not_too_often(grant: Grant, model: type[Key] | type[Secret], *, at: datetime) -> None:
    """Raise TooOften where this locked grant was given MOST_AN_HOUR keys or secrets within the hour."""
    since = at - timedelta(hours=1)
    made = (
        Key.objects.filter(grant=grant, issued_at__gt=since)
        if model is Key
        else Secret.objects.filter(key__grant=grant, minted_at__gt=since)
    )
    if made.count() >= MOST_AN_HOUR:
        raise TooOften

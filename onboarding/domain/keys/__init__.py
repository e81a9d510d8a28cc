"""Keys: promised on a grant, issued by Celery exactly once, opened once, rotated, suspended, revoked by their owner.

A secret is minted in the owner's own POST, under the key's row lock, and only its keyed hash is stored: it is in
clear in that one response and nowhere else. Every verb locks the grant first and its key then, so that no two of them
can wait for each other. Any member of the owner may do all of it: a leak must not wait for the one who may.
"""

from onboarding.domain.keys.changing import (
    CannotChange,
    end_all,
    prolong,
    rename,
    resume,
    revoke,
    suspend,
)
from onboarding.domain.keys.ending import end_overlaps, expire_due, tell_ends
from onboarding.domain.keys.issuing import (
    MOST_LIVE,
    AccessStopped,
    GrantHasEnded,
    KeyBeingMade,
    LiveNotAllowed,
    TooManyKeys,
    ask,
    owe,
)
from onboarding.domain.keys.leaking import end_leaked
from onboarding.domain.keys.locking import MOST_AN_HOUR, NotYours, TooOften
from onboarding.domain.keys.naming import BadName, NameTaken
from onboarding.domain.keys.opening import (
    OVERLAPS,
    AlreadyOpened,
    CannotOpen,
    CannotRotate,
    NoOldSecret,
    RotatedMeanwhile,
    end_old_secret,
    open,
    rotate,
)
from onboarding.domain.keys.paying import issue_owed
from onboarding.domain.keys.telling import access_changed
from onboarding.domain.keys.using import used

__all__ = [
    "MOST_AN_HOUR",
    "MOST_LIVE",
    "OVERLAPS",
    "AccessStopped",
    "AlreadyOpened",
    "BadName",
    "CannotChange",
    "CannotOpen",
    "CannotRotate",
    "GrantHasEnded",
    "KeyBeingMade",
    "LiveNotAllowed",
    "NameTaken",
    "NoOldSecret",
    "NotYours",
    "RotatedMeanwhile",
    "TooManyKeys",
    "TooOften",
    "access_changed",
    "ask",
    "end_all",
    "end_leaked",
    "end_old_secret",
    "end_overlaps",
    "expire_due",
    "issue_owed",
    "open",
    "owe",
    "prolong",
    "rename",
    "resume",
    "revoke",
    "rotate",
    "suspend",
    "tell_ends",
    "used",
]

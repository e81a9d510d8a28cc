"""Slots: the three cases a person works on at once. Each claim that is worked on has one, and no two have the same.

The person's row is locked after application and case, or first by who then waits for nothing ("next"): so two paths
never wait for each other.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from reviews.models import Claim
from reviews.models.claim import SLOTS


class TooMany(Exception):
    """Somebody works on as many cases as anybody may."""

    def __init__(self, reviewer: User, *, is_other: bool = False):
        said = (
            _(
                "%(reviewer)s works on %(number)s cases already, as many as anybody may at once: nothing was "
                "changed."
            )
            if is_other
            else _(
                "You work on %(number)s cases already, as many as anybody may at once: decide one, put one "
                "aside or give one back first."
            )
        )
        super().__init__(said % {"reviewer": reviewer, "number": len(SLOTS)})


def free(reviewer: User, *, at: datetime, is_other: bool = False) -> int:
    """Return a slot this person has free; the caller writes it in the same transaction. Raises TooMany."""
    lock(reviewer)
    mine = Claim.objects.unreleased().filter(reviewer=reviewer).exclude(slot=None)
    taken = dict(mine.values_list("slot", "expires_at"))
    if any(until <= at for until in taken.values()):  # what ran out does not keep anybody from the next
        mine.filter(expires_at__lte=at).update(slot=None)
    left = [slot for slot in SLOTS if slot not in taken or taken[slot] <= at]
    if not left:
        raise TooMany(reviewer, is_other=is_other)
    return left[0]


def keep(claim: Claim, *, at: datetime) -> None:
    """Let a claim that goes on have a slot: the one it has, or a free one. Saves it. Raises TooMany."""
    lock(claim.reviewer)
    claim.refresh_from_db(
        fields=["slot"]
    )  # lost, if it ran out and another took its place before we held the lock
    if claim.slot is None:
        claim.slot = free(claim.reviewer, at=at)
        claim.save(update_fields=["slot"])


def lock(reviewer: User) -> None:
    """Lock the person's row as far as other rows may go on pointing to it."""
    list(User.objects.select_for_update(no_key=True).filter(pk=reviewer.pk).values_list("pk"))

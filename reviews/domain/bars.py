"""Bars: a rejection with a date, or with “never”, goes on holding when the person deletes their account and comes back.

Only the keyed hash of an address is kept, and only as long as the rejection holds.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.domain import erasure
from accounts.models import Owner
from onboarding.domain import secrets
from onboarding.models import Program
from onboarding.states import Stage
from reviews.models import Bar, Decision


def keep(rejections: Iterable[tuple[Decision, datetime | None]], addresses: Iterable[str]) -> None:
    """Keep a bar for each of these rejections, with its end (None: never), and each address."""
    label, pepper = next(iter(settings.KEY_PEPPERS.items()))
    hashes = {_hash(address, pepper) for address in addresses}
    Bar.objects.bulk_create(
        (
            Bar(
                program_id=decision.case.program_id,
                decision=decision,
                address_hash=each,
                pepper=label,
                until=until,
            )
            for decision, until in rejections
            for each in hashes
        ),
        ignore_conflicts=True,
    )


def until(owner: Owner, program: Program, *, never: datetime) -> datetime | None:
    """Return until when an earlier account of this person bars them here: None for not at all, `never` for ever."""
    if owner.person is None or not Bar.objects.filter(program=program).exists():
        return None
    hashes = [
        _hash(address, pepper)
        for address in erasure.addresses(owner.person)
        for pepper in settings.KEY_PEPPERS.values()
    ]
    standing = Bar.objects.filter(program=program, address_hash__in=hashes)
    return max((bar.until or never for bar in standing), default=None)


def drop_over(*, at: datetime) -> int:
    """Delete the bars that hold nobody back any more; return how many."""
    return Bar.objects.filter(Q(until__lte=at) | Q(program__stage=Stage.CLOSED)).delete()[0]


def _hash(address: str, pepper: bytes) -> str:
    """Return the keyed hash of an address; `ana+any@x.org` reaches the same person as `ana@x.org`."""
    name, _, host = address.strip().lower().rpartition("@")
    return secrets.digest(f"address:{name.partition('+')[0]}@{host}", pepper)

"""Accounts' payers, for Celery: each reads the clock once and makes one call. All may run twice."""

from celery import shared_task

from accounts.domain import domains, erasure, joining, ownership, tokens
from audit import clock


@shared_task
def expire_due() -> None:
    """Expire invitations and offers of ownership whose time is over, and end domains nobody proves any more."""
    joining.expire_due(at=clock.now())
    ownership.expire_due(at=clock.now())
    domains.end_owed(at=clock.now())


@shared_task
def erase_owed() -> None:
    """Blank letters and accounts of people who deleted theirs."""
    erasure.erase_owed(at=clock.now())


@shared_task
def warn_of_tokens() -> None:
    """Write to those whose personal token ends soon."""
    tokens.warn_owed(at=clock.now())

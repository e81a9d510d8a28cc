"""Accounts' payers, for Celery: each reads the clock once and makes one call. All may run twice."""

from celery import shared_task

from accounts.domain import joining, ownership
from audit import clock


@shared_task
def expire_due() -> None:
    """Expire invitations into organisations and offers of ownership whose time is over."""
    joining.expire_due(at=clock.now())
    ownership.expire_due(at=clock.now())

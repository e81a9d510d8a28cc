"""Transparency's payer, for Celery: reads the clock once and makes one call. It may run twice."""

from celery import shared_task

from audit import clock
from transparency.domain import days


@shared_task
def take_figures() -> None:
    """Take the figures of days that are over, before the rows they are counted from go."""
    days.take_owed(at=clock.now())

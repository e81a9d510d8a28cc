"""The outbox's payer, for Celery."""

from celery import shared_task

from audit import clock
from outbox import letters


@shared_task
def send_owed() -> None:
    """Send the letters that are due."""
    letters.send_owed(at=clock.now())

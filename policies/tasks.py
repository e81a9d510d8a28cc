"""The policies' payer, for Celery."""

from celery import shared_task

from audit import clock
from policies.domain import guidelines


@shared_task
def put_in_force() -> None:
    """Put in force the published guidelines whose time has come."""
    guidelines.put_in_force(at=clock.now())

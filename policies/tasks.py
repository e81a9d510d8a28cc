"""The policies' payers, for Celery."""

from celery import shared_task

from audit import clock
from policies.domain import guidelines, subscriptions


@shared_task
def put_in_force() -> None:
    """Put in force the published guidelines whose time has come."""
    guidelines.put_in_force(at=clock.now())


@shared_task
def tell_subscribers() -> None:
    """Write to subscribers about published guidelines."""
    subscriptions.tell_owed(at=clock.now())


@shared_task
def drop_unconfirmed() -> None:
    """Forget addresses of subscriptions that nobody confirmed."""
    subscriptions.drop_unconfirmed(at=clock.now())

"""The policies' payers, for Celery."""

from celery import shared_task

from audit import clock
from policies.domain import comments, guidelines, kept_addresses, moderation, subscriptions, themes


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
    """Forget addresses of subscriptions and of comments that nobody confirmed, and those kept long enough."""
    subscriptions.drop_unconfirmed(at=clock.now())
    comments.drop_unconfirmed(at=clock.now())
    kept_addresses.let_go(at=clock.now())


@shared_task
def release_comments() -> None:
    """Give back the comments that a moderator kept too long."""
    moderation.release_run_out(at=clock.now())


@shared_task
def tell_commenters() -> None:
    """Write to those who commented that the summary is published."""
    themes.tell_owed(at=clock.now())

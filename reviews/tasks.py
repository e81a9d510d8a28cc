"""Reviews' payers, for Celery: each reads the clock once and makes one call. All may run twice."""

from celery import shared_task

from audit import clock
from reviews.domain import (
    automatic,
    cases,
    chasing,
    claims,
    drawing,
    erasure,
    exposure,
    lateness,
    likenesses,
    matches,
    openings,
    optouts,
    promises,
    queue_exports,
    ranking,
    severities,
    telling,
    unsent,
)


@shared_task
def open_owed() -> None:
    """Open a case for each application that is owed one; close those of withdrawn applications."""
    at = clock.now()
    cases.close_withdrawn(at=at)
    cases.open_owed(at=at)


@shared_task
def expect_owed() -> None:
    """Look anew at what cases may hold that is hard to read."""
    severities.expect_owed()


@shared_task
def keep_likenesses() -> None:
    """Keep what cases are compared by."""
    likenesses.keep_owed()


@shared_task
def drop_unsent() -> None:
    """Drop what reviewers typed and never sent about cases that are over."""
    unsent.drop_over(at=clock.now())


@shared_task
def rank_owed() -> None:
    """Move cases up the queue whose due time has come nearer."""
    ranking.rank_owed(at=clock.now())


@shared_task
def warn_of_promises() -> None:
    """Write to managers of programs whose answers will be late within a working day."""
    promises.warn_owed(at=clock.now())


@shared_task
def release_claims() -> None:
    """Put cases whose claim ran out back into the queue."""
    claims.release_run_out(at=clock.now())


@shared_task
def tell_owed() -> None:
    """Tell the decisions whose recall window is over."""
    telling.tell_owed(at=clock.now())


@shared_task
def erase_owed() -> None:
    """Blank what was written about people who deleted their account."""
    erasure.erase_owed(at=clock.now())


@shared_task
def chase_questions() -> None:
    """Remind applicants of open questions; take cases back whose time to answer is over."""
    at = clock.now()
    chasing.remind_owed(at=at)
    chasing.return_overdue(at=at)


@shared_task
def reroute_owed() -> None:
    """Put back what reviewers hold and do not take any more."""
    optouts.reroute_owed(at=clock.now())


@shared_task
def forget_exposure() -> None:
    """Delete minutes, and which files were opened, once they are older than they are kept."""
    at = clock.now()
    exposure.forget_old(at=at)
    openings.forget_old(at=at)


@shared_task
def triage_owed() -> None:
    """Let triage rules look at cases, learn what people decided, fall silent where they err, approve where they may."""
    at = clock.now()
    matches.match_owed(at=at)
    matches.settle_owed(at=at)
    matches.silence_owed(at=at)
    automatic.approve_owed(at=at)


@shared_task
def drop_exports() -> None:
    """Delete the files of the queue that were kept long enough."""
    queue_exports.drop_old(at=clock.now())


@shared_task
def draw_owed() -> None:
    """Draw which decisions are looked at again."""
    drawing.draw_owed(at=clock.now())


@shared_task
def measure_guards() -> None:
    """Measure what freeze rules look at, and report it."""
    lateness.report_owed(at=clock.now())

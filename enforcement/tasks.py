"""Enforcement's payers, for Celery: each reads the clock once and makes one call. All may run twice."""

from time import monotonic

from celery import shared_task

from audit import clock
from enforcement import usage
from enforcement.domain import (
    against_sanctions,
    anomalies,
    anomaly_rules,
    appeals,
    days,
    erasure,
    filter_hits,
    flag_cases,
    flag_reports,
    flags,
    guard_figures,
    hours,
    leaks,
    posting,
    sanctions,
    throttles,
    usage_notices,
    webhooks,
)

POSTING_SECONDS = 40  # beat asks for the next run after a minute


@shared_task
def forget_excerpts() -> None:
    """Blank what flags quoted, once it was kept as long as it may be."""
    flags.forget_excerpts(at=clock.now())


@shared_task
def release_flag_cases() -> None:
    """Give back cases of flags that somebody kept too long."""
    flag_cases.release_run_out(at=clock.now())


@shared_task
def settle_sanctions() -> None:
    """End sanctions that are over, and stop or limit what a sanctioned owner was given since."""
    sanctions.settle_owed(at=clock.now())


@shared_task
def carry_out_sanctions() -> None:
    """Make ends of access final that can no longer be appealed, its own ends among them."""
    at = clock.now()
    against_sanctions.carry_out_owed(at=at)
    against_sanctions.expire_owed(at=at)


@shared_task
def flag_hits() -> None:
    """Raise the flags that hits of filters owe."""
    filter_hits.flag_owed(at=clock.now())


@shared_task
def drop_old_hits() -> None:
    """Delete the hits of filters that were kept long enough."""
    filter_hits.drop_old(at=clock.now())


@shared_task
def record_flag_reports() -> None:
    """Make flags of what integrators reported."""
    flag_reports.record_owed(at=clock.now())


@shared_task
def release_appeals() -> None:
    """Give back appeals that somebody kept too long."""
    appeals.release_run_out(at=clock.now())


@shared_task
def erase_owed() -> None:
    """Blank the appeals of people who deleted their account."""
    erasure.erase_owed(at=clock.now())


@shared_task
def copy_last_used() -> None:
    """Copy when each key was used last."""
    usage.copy_last_used(at=clock.now())


@shared_task
def copy_usage() -> None:
    """Copy what the gateways counted to PostgreSQL."""
    hours.copy_owed(at=clock.now())


@shared_task
def drop_old_usage() -> None:
    """Delete the hours of usage that were kept long enough."""
    hours.drop_old(at=clock.now())


@shared_task
def seal_usage() -> None:
    """Seal the days of usage that are over and copied."""
    days.build_owed(at=clock.now())


@shared_task
def send_webhooks() -> None:
    """Owe to webhooks what happened since, and send what is due, for as long as a run may take; beat runs it again."""
    webhooks.owe(at=clock.now())
    failed, over = set[int](), monotonic() + POSTING_SECONDS
    while monotonic() < over and posting.send_round(at=clock.now(), failed=failed):
        pass


@shared_task
def drop_old_messages() -> None:
    """Delete messages of webhooks that are over and were kept long enough."""
    webhooks.drop_old(at=clock.now())


@shared_task
def find_anomalies() -> None:
    """Let the rules about unusual use look at the hours that are over."""
    anomaly_rules.put_in_place(at=clock.now())
    anomalies.find_owed(at=clock.now())


@shared_task
def throttle_owed() -> None:
    """Begin the throttles that findings ask for, and end those whose time is over."""
    at = clock.now()
    throttles.lapse_owed(at=at)
    throttles.begin_owed(at=at)


@shared_task
def handle_leaks() -> None:
    """End secrets that were reported as found in public."""
    leaks.handle_owed(at=clock.now())


@shared_task
def notice_usage() -> None:
    """Tell owners which shares of a day's limit are used."""
    usage_notices.notice_owed(at=clock.now())


@shared_task
def tell_provider_of_usage() -> None:
    """Tell who runs the gateway which shares of which limits are used."""
    usage_notices.tell_provider_owed(at=clock.now())


@shared_task
def measure_guards() -> None:
    """Measure what freeze rules look at, and report it."""
    guard_figures.report_owed(at=clock.now())

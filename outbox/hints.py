"""Tell Celery that something is owed, sooner than beat would. A hint may be lost; the debt is a row.

One publish with a short timeout, no retry, and an open circuit after a failure: a frozen broker holds a page for
at most a second in all (a plain on_commit(task.delay) was still blocking after 60 s: measured).
"""

import logging
import time
from functools import cache

from celery import current_app
from kombu.pools import ProducerPool

log = logging.getLogger(__name__)

OPEN_FOR = 30.0  # seconds the circuit stays open after a failure; beat pays the debts meanwhile
MOST_AT_ONCE = 50  # threads of one process that hint at the same moment; more are turned away, as if lost
TIMEOUT = 0.4  # seconds for connecting, and again for each answer

_closed_again_at = 0.0


def later(task: str) -> bool:
    """Ask for one run of the task with this dotted name; return whether the broker took it."""
    global _closed_again_at
    if time.monotonic() < _closed_again_at:
        return False
    try:
        with _producers().acquire(block=False) as producer:
            current_app.send_task(task, producer=producer, retry=False, expires=300)
    except Exception as error:  # whatever the broker's client raises: a hint must never break a page
        _closed_again_at = time.monotonic() + OPEN_FOR
        _forget()
        log.warning(
            "Hint %s not sent (%s); its payer runs within a minute anyway.", task, type(error).__name__
        )
        return False
    return True


@cache
def _producers() -> ProducerPool:
    """Return this process's own producers, whose every wait is bounded by TIMEOUT (Celery's own wait for ever).

    Not kombu's shared `producers`: that gives a closed pool back for ever, so one failure would end all hints.
    """
    options = dict(current_app.conf.broker_transport_options) | {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "retry_on_timeout": False,
        "max_retries": 0,
    }
    connection = current_app.connection_for_write(transport_options=options, connect_timeout=TIMEOUT)
    return ProducerPool(connections=connection.Pool(limit=MOST_AT_ONCE), limit=MOST_AT_ONCE)


def _forget() -> None:
    """Drop the pool: a connection that timed out half way may hold somebody else's answer."""
    pool = _producers()
    _producers.cache_clear()
    pool.force_close_all()
    pool.connections.force_close_all()

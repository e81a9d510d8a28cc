"""Real processes on one real PostgreSQL."""

import os
import signal
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection, transaction

from onboarding.domain import invitations, waitlist
from onboarding.models import Grant, Invitation, Key, Seat
from outbox.models import Letter
from tests.factories import MONDAY, make_key, make_long_line, make_program, make_rate
from tests.processes import race, running, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = (MONDAY + timedelta(hours=6)).isoformat()


@pytest.fixture(autouse=True)
def _invariants_hold_afterwards():
    yield
    call_command("check_invariants")


def seated(length: int) -> None:
    """Seat `length` people of a new program, told."""
    program = make_program()
    make_rate(program, length)
    make_long_line(program, length)
    waitlist.admit(program, by="test", at=MONDAY)
    invitations.tell_owed(at=MONDAY)


def granted(length: int) -> None:
    seated(length)
    for invitation in Invitation.objects.select_related("seat__entry__application__applicant"):
        invitations.accept(invitation, by=invitation.seat.entry.application.applicant, at=MONDAY)


def test_eight_workers_give_exactly_the_weeks_hundred_seats():
    program = make_program()
    make_rate(program, 100)
    make_long_line(program, 1000)

    given = race(*[["admit", str(program.pk), AT]] * 8)

    assert (sum(map(int, given)), Seat.objects.count(), program.weeks.get().admitted) == (100, 100, 100)


def test_ten_payers_at_once_issue_one_key_for_each_grant():
    granted(20)

    issued = race(*[["issue", AT]] * 10)

    assert (sum(map(int, issued)), Key.objects.count()) == (20, 20)
    assert Letter.objects.filter(kind="onboarding/key_ready").count() == 20


def test_two_tabs_that_open_the_same_key_see_one_secret():
    key = make_key()

    said = race(*[["open_key", str(key.pk), MONDAY.isoformat()]] * 4)

    assert sorted(said) == ["opened", "refused", "refused", "refused"]


def test_accepting_four_times_at_once_gives_one_grant():
    seated(1)

    given = race(*[["accept", str(Invitation.objects.get().pk), AT]] * 4)

    assert (len(set(given)), Grant.objects.count()) == (1, 1)


def issue_by_celery() -> None:
    current_app.send_task("onboarding.tasks.issue_owed_keys")


def children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as listed:
        return [int(child) for child in listed.read().split()]


@pytest.mark.parametrize("victim", ["child", "worker"])
def test_a_worker_killed_in_the_middle_of_issuing_leaves_one_key_each_after_the_sweep(victim):
    granted(5)
    worker = ["-m", "celery", "-A", "config", "worker", "--concurrency=1", "--without-gossip", "--without-mingle"]
    with running(*worker) as process:
        with transaction.atomic(), connection.cursor() as cursor:
            # The payer stops at the letters, its keys written and not committed: the worst moment to die.
            cursor.execute("LOCK TABLE outbox_letter IN ACCESS EXCLUSIVE MODE")
            issue_by_celery()
            until(lambda: blocked() > 0, "the payer in the middle of its work")
            doomed = [process.pid] if victim == "worker" else children_of(process.pid)
            for pid in doomed + (children_of(process.pid) if victim == "worker" else []):
                os.kill(pid, signal.SIGKILL)
            until(lambda: blocked() == 0 or victim == "child", "its connection to be gone")
        if victim == "worker":
            assert Key.objects.count() == 0
            with running(*worker):
                issue_by_celery()  # what beat does within the minute
                until(lambda: Key.objects.count() == 5, "the sweep")
        else:
            until(lambda: Key.objects.count() == 5, "the task to come back by itself")

    assert sorted(Key.objects.values_list("grant_id", flat=True)) == sorted(Grant.objects.values_list("pk", flat=True))


def blocked() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'outbox_letter'::regclass
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        )
        return cursor.fetchone()[0]

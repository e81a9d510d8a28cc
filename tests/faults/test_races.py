"""Real processes on one real PostgreSQL."""

import os
import random
import signal
import subprocess
import time
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection, transaction

from audit.models import LedgerEntry
from onboarding.domain import invitations, keys, waitlist
from onboarding.models import Grant, Invitation, Key, Seat
from onboarding.states import ApplicationKind
from outbox.models import Letter
from reviews.domain import cases
from reviews.models import Case
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_key,
    make_long_line,
    make_program,
    make_rate,
    make_reviewer,
    make_user,
)
from tests.onboarding.requesting import EVIDENCE, decided, sent, trial_grant
from tests.onboarding.test_amending import change, make_sent
from tests.processes import race, running, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = (MONDAY + timedelta(hours=6)).isoformat()
WORKER = ("-m", "celery", "-A", "config", "worker", "--concurrency=1", "--without-gossip", "--without-mingle")


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


def test_two_payers_tell_a_production_approval_at_once_and_raise_once():
    person = make_user("alice")
    accept_guidelines(person)
    grant = trial_grant(person)
    keys.issue_owed(at=MONDAY)
    decided(sent(grant, ApplicationKind.PRODUCTION, person, at=MONDAY, **EVIDENCE), at=MONDAY)

    told = race(*[["tell", AT]] * 2)

    raised = LedgerEntry.objects.filter(event="grant.raised")
    assert (sum(map(int, told)), raised.count()) == (1, 1)
    assert Grant.objects.get().key_environment == "live"
    assert Letter.objects.filter(text__contains="for production now").count() == 1


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


def test_of_an_amendment_and_a_claim_exactly_one_wins_and_the_other_is_told():
    for number in range(6):
        bob = make_reviewer(f"bob-{number}")  # nobody holds more than three
        application = make_sent()
        cases.open_owed(at=MONDAY)
        change(application, title="Docstrings for two teams")
        case = Case.objects.get(application=application)

        amended, claimed = race(
            ["amend", str(application.pk), AT], ["claim", str(case.pk), str(bob.pk), AT, "1"]
        )

        application.refresh_from_db(), case.refresh_from_db()
        if amended == "amended":
            assert "after you opened this page" in claimed
            outcome = ("submitted", "open", 2)
        else:
            assert (claimed, "A reviewer has opened this application" in amended) == ("claimed", True)
            outcome = ("in_review", "claimed", 1)
        assert (application.state, case.state, application.revisions.count()) == outcome
        cases.open_owed(at=MONDAY)


def issue_by_celery() -> None:
    current_app.send_task("onboarding.tasks.issue_owed_keys")


def children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as listed:
        return [int(child) for child in listed.read().split()]


def kill(process: subprocess.Popen, victim: str) -> None:
    """Kill the worker's children, or all of it, as the kernel does when memory runs out."""
    children = children_of(process.pid)
    for pid in [process.pid, *children] if victim == "worker" else children:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("victim", ["child", "worker"])
def test_a_worker_killed_in_the_middle_of_issuing_leaves_one_key_each_after_the_sweep(victim):
    granted(5)
    with running(*WORKER) as process:
        with transaction.atomic(), connection.cursor() as cursor:
            # The payer stops at the letters, its keys written and not committed: the worst moment to die.
            cursor.execute("LOCK TABLE outbox_letter IN ACCESS EXCLUSIVE MODE")
            issue_by_celery()
            until(blocked, "the payer in the middle of its work", seconds=40)
            doomed = blocked()
            kill(process, victim)
        if victim == "worker":
            until(lambda: not are_connected(doomed), "PostgreSQL to notice that nobody is there")
            assert Key.objects.count() == 0
        else:
            until(lambda: Key.objects.count() == 5, "the task to come back by itself", seconds=40)
    if victim == "worker":
        with running(*WORKER):
            issue_by_celery()  # what beat does within the minute
            until(lambda: Key.objects.count() == 5, "the sweep", seconds=40)

    assert one_key_for_each_grant()


def one_key_for_each_grant() -> bool:
    return sorted(Key.objects.values_list("grant", flat=True)) == sorted(
        Grant.objects.values_list("pk", flat=True)
    )


def blocked() -> list[int]:
    """Return the PostgreSQL processes that wait for the table of letters."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'outbox_letter'::regclass
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        )
        return [pid for (pid,) in cursor.fetchall()]


def are_connected(pids: list[int]) -> bool:
    """Return whether one of these PostgreSQL processes still serves a connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY(%s))", [pids])
        return cursor.fetchone()[0]


# --- the long forms, run by `make soak`


@pytest.mark.soak
@pytest.mark.parametrize("turn", range(20))
def test_soak_eight_workers_give_exactly_the_weeks_hundred_seats(turn):
    test_eight_workers_give_exactly_the_weeks_hundred_seats()


@pytest.mark.soak
def test_soak_thirty_kills_at_any_moment_leave_one_key_each():
    chance = random.Random(30)  # the same thirty moments each time, on a machine that is never the same
    for turn in range(30):
        granted(5)
        with running(*WORKER) as process:
            issue_by_celery()
            time.sleep(chance.uniform(0, 3) if turn % 3 else 0)  # a worker takes about two seconds to begin
            kill(process, chance.choice(["child", "worker"]))
        with running(*WORKER):
            issue_by_celery()
            until(
                lambda: not Grant.objects.owed_a_key().exists(),
                f"the sweep after kill {turn + 1}",
                seconds=60,
            )

        assert one_key_for_each_grant()

"""Hints and a broker that is away, frozen, or back."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack import accounts, binaries
from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY
from tests.processes import ROOT, environment, running, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

BOUND = 1.0  # seconds: what a page may wait for a broker, in all


@contextmanager
def valkey(folder: Path) -> Iterator[subprocess.Popen]:
    """A Valkey for one test alone, which it may freeze."""
    program = binaries.valkey(accounts.ours(), folder)
    process = subprocess.Popen(
        [str(program), "--port", "0", "--unixsocket", str(folder / "v"), "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        until((folder / "v").exists, "Valkey's socket")
        yield process
    finally:
        process.kill()
        process.wait()


class Hinter:
    """A process that gives hints when it is told to."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def hints(self, open_for: float = 30) -> tuple[bool, float]:
        self.process.stdin.write(f"{open_for}\n")
        self.process.stdin.flush()
        taken, seconds = self.process.stdout.readline().split()
        return taken == "True", float(seconds)


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("v")


def url(folder: Path) -> str:
    return f"unix://{folder / 'v'}?db=0"


@contextmanager
def hinter(folder: Path) -> Iterator[Hinter]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.outbox.senders", "hint"], cwd=ROOT, env=environment(REDIS_URL=url(folder)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Hinter(process)
    finally:
        process.kill()
        process.communicate()


def test_a_hint_is_taken_at_once_by_a_broker_that_answers(folder):
    with valkey(folder), hinter(folder) as one:
        first, second = one.hints(), one.hints()

    assert (first[0], second[0], second[1] < 0.2) == (True, True, True)


def test_a_frozen_broker_holds_one_call_within_the_bound_and_the_next_not_at_all(folder):
    with valkey(folder) as server, hinter(folder) as one:
        one.hints()
        server.send_signal(signal.SIGSTOP)
        lost, next_ = one.hints(), one.hints()

    assert (lost[0], lost[1] < BOUND, next_[0], next_[1] < 0.01) == (False, True, False, True), (lost, next_)


def test_a_process_that_never_knew_the_broker_well_waits_no_longer(folder):
    with valkey(folder) as server, hinter(folder) as one:
        server.send_signal(signal.SIGSTOP)
        lost, next_ = one.hints(), one.hints()

    assert (lost[0], lost[1] < BOUND, next_[0], next_[1] < 0.01) == (False, True, False, True), (lost, next_)


def test_a_broker_that_is_away_holds_nobody(folder):
    with hinter(folder) as one:
        lost = one.hints()

    assert (lost[0], lost[1] < BOUND) == (False, True), lost


def test_hints_go_on_when_the_broker_is_back(folder):
    with valkey(folder) as server, hinter(folder) as one:
        one.hints(open_for=0)
        server.send_signal(signal.SIGSTOP)
        assert one.hints(open_for=0)[0] is False
        os.kill(server.pid, signal.SIGCONT)

        assert one.hints()[0] is True


def test_a_lost_hint_loses_no_letter(folder):
    with valkey(folder) as server:
        server.send_signal(signal.SIGSTOP)
        command = ("-m", "tests.outbox.senders", "forward", MONDAY.isoformat())
        with running(*command, REDIS_URL=url(folder)) as process:
            said = process.communicate(timeout=30)[0]

    assert float(said.split()[-1]) < BOUND
    assert letters.send_owed(at=MONDAY) == 1  # what beat does every minute
    assert Letter.objects.get().sent_at == MONDAY

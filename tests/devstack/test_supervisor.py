"""The supervisor: what dies runs again, what it started ends with it, however it ends itself."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack import lifelines
from devstack.processes import Process
from devstack.supervisor import Supervisor
from tests.devstack.conftest import are_gone, said, wait_until

# A parent and two children in a process group of their own, as an rq work horse is in one.
FAMILY = r"""
import os, time
os.fork() or os.setpgrp() or os.fork()
os.write(1, b"%d\n" % os.getpid())
time.sleep(60)
"""


@contextmanager
def supervised(logs: Path, **codes: str) -> Iterator[tuple[Supervisor, list[tuple[str, str]]]]:
    """Run Python snippets under a supervisor; yield it and what it heard."""
    heard: list[tuple[str, str]] = []
    rows = [Process(name, (sys.executable, "-u", "-c", code)) for name, code in codes.items()]
    one = Supervisor(rows, environ=os.environ, logs=logs, hear=lambda name, line: heard.append((name, line)))
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one, heard
    finally:
        one.stop()
        thread.join()


def test_a_process_that_dies_runs_again_and_it_says_so(tmp_path):
    with supervised(tmp_path, web="print('up'); raise SystemExit(3)") as (one, heard):
        wait_until(lambda: one.children["web"].starts == 2, patience=5)

    assert heard[:2] == [("web", "up"), ("web", "[web ended with exit code 3; starting it again in 0.5 s]")]


def test_each_process_has_its_log(tmp_path):
    with supervised(tmp_path, web="print('one\\ntwo'); import time; time.sleep(60)") as (_, heard):
        wait_until(lambda: len(heard) == 2, patience=5)

    assert (tmp_path / "web.log").read_text() == "one\ntwo\n"


def test_a_polite_process_ends_by_itself(tmp_path):
    polite = """
import signal, sys, time
def end(*_): print("bye"); sys.exit()
signal.signal(signal.SIGTERM, end)
print("up")
time.sleep(60)
"""
    with supervised(tmp_path, worker=polite) as (_, heard):
        wait_until(lambda: ("worker", "up") in heard, patience=5)

    assert heard == [("worker", "up"), ("worker", "bye")]


def test_stopping_leaves_no_child_of_a_child(tmp_path):
    with supervised(tmp_path, worker=FAMILY) as (_, heard):
        wait_until(lambda: len(heard) == 3, patience=5)
        family = [int(line) for _, line in heard]

    assert are_gone(family)


def test_a_killed_process_takes_its_children_along(tmp_path):
    with supervised(tmp_path, worker=FAMILY) as (one, heard):
        wait_until(lambda: len(heard) == 3, patience=5)
        family = [int(line) for _, line in heard]
        os.kill(one.children["worker"].pid, signal.SIGKILL)

        wait_until(lambda: are_gone(family), patience=2)


def test_kill_9_of_the_supervisor_leaves_nothing(user, data):
    code = f"""
import sys, threading
from pathlib import Path
from devstack.processes import Process
from devstack.supervisor import Supervisor
hear = lambda name, line: print(line, flush=True)
row = Process("worker", (sys.executable, "-c", {FAMILY!r}))
one = Supervisor([row], environ=os.environ, logs=Path(os.environ["GATEHOUSE_DATA"]), hear=hear)
threading.Thread(target=one.run).start()
"""
    running = user(code, DATABASE_URL="postgres:///none", REDIS_URL="unix:///none")
    family = [int(said(running)) for _ in range(3)]

    running.kill()

    wait_until(lambda: are_gone(family), patience=3)


def test_a_killed_guard_is_replaced(tmp_path):
    with supervised(tmp_path, web="import time; time.sleep(60)") as (one, _):
        wait_until(lambda: one.children["web"].pid is not None, patience=5)
        first = one.guard.process.pid
        os.kill(first, signal.SIGKILL)

        wait_until(lambda: one.guard.process.pid != first, patience=5)


def test_members_of_a_session_are_found_across_process_groups(tmp_path):
    with supervised(tmp_path, worker=FAMILY) as (one, heard):
        wait_until(lambda: len(heard) == 3, patience=5)

        assert sorted(lifelines.members([one.children["worker"].pid])) == sorted(
            int(line) for _, line in heard
        )


def test_a_line_without_end_and_bytes_that_are_no_text_are_passed_on(tmp_path):
    with supervised(
        tmp_path, web=r"import os, time; os.write(1, b'\xff\n' + b'x' * 200_000 + b'\n'); time.sleep(60)"
    ) as (
        _,
        heard,
    ):
        wait_until(lambda: sum(len(line) for _, line in heard) > 200_000, patience=5)

    assert heard[0] == ("web", "\ufffd")


def test_a_second_request_to_stop_waits_for_nothing(tmp_path):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
    with supervised(tmp_path, worker=deaf) as (one, heard):
        wait_until(lambda: ("worker", "up") in heard, patience=5)
        began = time.monotonic()
        one.stop(hurried=True)

    assert time.monotonic() - began < 2

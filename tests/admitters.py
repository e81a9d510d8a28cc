"""Admitters that are killed: `python -m tests.admitters PROGRAM KILLS SEED`; prints as JSON how many kills hit work.

One process imports everything and forks the others, two at a time: each admits week after week, a few seats at a time,
until it is killed with SIGKILL at a moment drawn at random. What is left over is admitted in the end.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta

import django

django.setup()

from onboarding.domain import waitlist  # noqa: E402
from onboarding.models import Program  # noqa: E402
from tests.factories import MONDAY  # noqa: E402

WEEKS, AT_ONCE = 4, 3  # seats at a time: many transactions to be killed in


def admit(program: int) -> None:
    """Give the seats of all weeks."""
    found = Program.objects.get(pk=program)
    for number in range(WEEKS):
        while waitlist.admit(found, by="killed", at=MONDAY + timedelta(weeks=number), most=AT_ONCE):
            pass


def forked(program: int) -> int:
    """Start an admitter; return its process."""
    if pid := os.fork():
        return pid
    try:
        admit(program)
    finally:
        os._exit(0)


def main(program: int, kills: int, chance: random.Random) -> int:
    hit = 0
    for _ in range(kills):
        pids = [forked(program), forked(program)]
        time.sleep(chance.uniform(0.01, 0.25))
        os.kill(pids[0], signal.SIGKILL)
        hit += sum(os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in pids[:1])
        os.kill(pids[1], signal.SIGKILL)
        hit += sum(os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in pids[1:])
    admit(program)
    return hit


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    print(json.dumps(main(given[0], given[1], random.Random(given[2]))))

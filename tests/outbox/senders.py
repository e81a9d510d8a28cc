"""A process of its own on the test's database: `python -m tests.outbox.senders <verb> <args…>`."""

import os
import signal
import sys
import time
from datetime import datetime

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.mail.backends import filebased  # noqa: E402
from django.db import connection  # noqa: E402

from outbox import hints, letters  # noqa: E402
from tests.processes import START_LINE  # noqa: E402


class DiesAfterSending(filebased.EmailBackend):
    """The mail is out, and the process is gone before anything can be recorded."""

    def send_messages(self, messages):
        super().send_messages(messages)
        os.kill(os.getpid(), signal.SIGKILL)


def send(at: str) -> None:
    """Wait at the start line, then send what is owed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [START_LINE])
        cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [START_LINE])
    print(letters.send_owed(at=datetime.fromisoformat(at)))


def die(at: str) -> None:
    settings.EMAIL_BACKEND = "tests.outbox.senders.DiesAfterSending"
    letters.send_owed(at=datetime.fromisoformat(at))


def hint() -> None:
    """For each line read, give a hint and print whether it was taken and how long the call took."""
    for line in sys.stdin:
        hints.OPEN_FOR = float(line)
        began = time.monotonic()
        taken = hints.later("outbox.tasks.send_owed")
        print(taken, time.monotonic() - began, flush=True)


def forward(at: str) -> None:
    began = time.monotonic()
    letters.forward(
        "tests/greeting", to="alice@example.org", subject="Hello", text="x", at=datetime.fromisoformat(at)
    )
    print(time.monotonic() - began, flush=True)


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    globals()[verb](*arguments)

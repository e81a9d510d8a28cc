"""The payer of letters in several processes, and killed in the middle."""

import re
import signal
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY
from tests.processes import START_LINE, running, until, waiting_at_the_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

AT = MONDAY.isoformat()


def owe(number: int) -> None:
    Letter.objects.bulk_create(
        Letter(kind="tests/greeting", recipient=f"p{i}@example.org", subject="Hello", text="x", due_at=MONDAY)
        for i in range(number)
    )


def sent(folder: Path) -> Counter:
    """Return how often each letter was sent, by its Message-ID."""
    return Counter(
        number
        for file in folder.iterdir()
        for number in re.findall(r"^Message-ID: <letter-(\d+)@", file.read_text(), re.M)
    )


def test_two_processes_send_each_letter_once(tmp_path):
    owe(120)
    mails = f"filemail:///{tmp_path}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [START_LINE])
    with (
        running("-m", "tests.outbox.senders", "send", AT, EMAIL_URL=mails) as one,
        running("-m", "tests.outbox.senders", "send", AT, EMAIL_URL=mails) as other,
    ):
        until(lambda: waiting_at_the_line() == 2, "both at the line", seconds=60)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [START_LINE])
        shares = [int(process.communicate(timeout=60)[0]) for process in (one, other)]

    assert (sum(shares), min(shares) > 0) == (120, True)
    assert sent(tmp_path) == {str(pk): 1 for pk in Letter.objects.values_list("pk", flat=True)}
    assert not Letter.objects.filter(sent_at=None).exists()


def test_a_kill_between_sending_and_recording_repeats_a_letter_and_loses_none(tmp_path, settings):
    owe(3)
    with running("-m", "tests.outbox.senders", "die", AT, EMAIL_URL=f"filemail:///{tmp_path}") as process:
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert (sum(sent(tmp_path).values()), Letter.objects.exclude(sent_at=None).count()) == (1, 0)

    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = (
        "django.core.mail.backends.filebased.EmailBackend",
        str(tmp_path),
    )
    letters.send_owed(at=MONDAY)

    assert sorted(sent(tmp_path).values()) == [1, 1, 2]
    assert not Letter.objects.filter(sent_at=None).exists()
    call_command("check_invariants")

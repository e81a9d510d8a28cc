"""A mail server that refuses, says nothing, breaks off, and works: over real sockets."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
TIMEOUT = 0.5


@contextmanager
def mail_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a port of this machine, hold each conversation by `talk`; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    talk(line)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def say_nothing(line: socket.socket) -> None:
    time.sleep(TIMEOUT * 3)


def break_off(line: socket.socket) -> None:
    """Take the letter whole and hang up without a word: nobody knows whether it was sent."""
    converse(line, last=b"")


def take_all(line: socket.socket) -> None:
    converse(line, last=b"250 taken\r\n")


def converse(line: socket.socket, *, last: bytes) -> None:
    line.sendall(b"220 here\r\n")
    read = line.makefile("rb")
    for said in read:
        if said.upper().startswith(b"DATA"):
            line.sendall(b"354 go on\r\n")
            for text in read:
                if text == b".\r\n":
                    break
            line.sendall(last)
            if not last:
                return
        else:
            line.sendall(b"221 bye\r\n" if said.upper().startswith(b"QUIT") else b"250 yes\r\n")


@pytest.mark.parametrize("fault", [None, say_nothing, break_off])
def test_a_letter_outlives_a_mail_server_that_fails(settings, fault):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_TIMEOUT = TIMEOUT
    letter = Letter.objects.create(
        kind="tests/greeting", recipient="alice@example.org", subject="Hello", text="Hello.\n", due_at=MONDAY
    )
    with mail_server(fault or take_all) as port:
        settings.EMAIL_PORT = port
        if fault is None:
            settings.EMAIL_PORT = 1  # nobody listens there
        began = time.monotonic()
        sent = letters.send_owed(at=MONDAY)
        took = time.monotonic() - began
    letter.refresh_from_db()
    assert (sent, letter.sent_at, letter.tries, bool(letter.problem), took < TIMEOUT * 6) == (
        0,
        None,
        1,
        True,
        True,
    )

    with mail_server(take_all) as port:
        settings.EMAIL_PORT = port
        sent = letters.send_owed(at=MONDAY + timedelta(hours=1))

    assert (sent, Letter.objects.get().sent_at) == (1, MONDAY + timedelta(hours=1))

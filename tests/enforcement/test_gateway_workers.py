"""Several workers on one port: an answer is not held back for the client's acknowledgement."""

import socket
import statistics
import time

import pytest

from devstack.processes import free_port
from tests.processes import running, until

pytestmark = pytest.mark.django_db(transaction=True)


def connected(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        return None


def test_with_two_workers_answers_leave_at_once(valkey):
    port, lines = free_port(), []
    command = f"-m uvicorn enforcement.gateway.app:app --port {port} --workers 2 --no-access-log"
    with running(*command.split()):
        until(
            lambda: (line := connected(port)) and not lines.append(line), "the workers to listen", seconds=60
        )
        took, answers = [], lines[0].makefile("rb")
        for _ in range(21):
            started = time.monotonic()
            lines[0].sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            while answers.readline() != b"\r\n":
                pass
            answers.read(len('{"ok": true}'))
            took.append(time.monotonic() - started)

    assert statistics.median(took) < 0.03  # 0.044 with Nagle's algorithm

"""The private Valkey."""

import contextlib
import os
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from devstack import binaries
from devstack.programs import Server

SOCKET = "valkey.sock"


class Valkey(Server):
    """Valkey with its append-only file on: with snapshots alone kill -9 loses every queued task."""

    name = "valkey"
    speaks = "Valkey"
    setting = "REDIS_URL"
    dying_words = signal.SIGTERM
    stop_signals = ((signal.SIGTERM, 10.0),)

    @property
    def files(self) -> Path:
        return self.home / "valkey"

    def url(self) -> str:
        return f"unix://{quote(str(self.sockets / SOCKET))}?db=0"

    def prepare(self) -> None:
        if not self.files.exists():
            self.files.mkdir(mode=0o700)
            self.account.own(self.files)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.sockets / SOCKET),
            "unixsocketperm": "700",
            "dir": str(self.files),
            "pidfile": str(self.files / "valkey.pid"),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.durable else "no",
            "save": "",
            "databases": "64",  # a test worker takes one of its own
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        program = binaries.valkey(self.account, self.home)
        return [str(program), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def noted_pid(self) -> int | None:
        try:
            return int((self.files / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None

    def answers(self) -> bool:
        # A few bytes of its protocol: the client library costs a keeper three times its own memory.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(2)
            line.connect(os.fspath(self.sockets / SOCKET))
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith(b"+PONG")  # -LOADING while it reads its file
        return False

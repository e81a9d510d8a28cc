"""Parts a test may break: a Valkey of its own, and a way to PostgreSQL that can be cut or frozen."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import redis
from django.db import connection

from devstack import accounts, binaries, lifelines
from tests.processes import environment, until


class OwnValkey:
    """A Valkey with its append-only file in `folder`, on a unix socket."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.socket = folder / "v.sock"
        self.url = f"unix://{quote(str(self.socket))}?db=0"
        self.client = redis.Redis.from_url(self.url, decode_responses=True)
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        program = binaries.valkey(accounts.ours(), self.folder)
        settings = (
            f"--port 0 --unixsocket {self.socket} --dir {self.folder} --appendonly yes --appendfsync always"
        )
        self.process = subprocess.Popen(
            [program, *settings.split(), "--save", ""],
            stdout=subprocess.DEVNULL,
            preexec_fn=lifelines.tied(signal.SIGKILL),  # noqa: PLW1509 - one prctl, nothing that locks
        )
        until(self._answers, "the test's Valkey")

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def keep_files(self) -> None:
        """Put the files aside as they are now."""
        shutil.copytree(self.folder / "appendonlydir", self.folder / "kept")

    def come_back_old(self) -> None:
        """Stop it and start it again with the files put aside."""
        self.kill()
        shutil.rmtree(self.folder / "appendonlydir")
        shutil.copytree(self.folder / "kept", self.folder / "appendonlydir")
        self.start()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


@contextlib.contextmanager
def own_valkey(folder: Path) -> Iterator[OwnValkey]:
    made = OwnValkey(folder)
    try:
        yield made
    finally:
        made.client.close()
        made.kill()


class Road:
    """A unix socket that leads to the test's PostgreSQL until it is cut (refused) or frozen (silent)."""

    def __init__(self, folder: Path):
        given = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)
        self._there = Path(unquote(given["host"][0])) / ".s.PGSQL.5432"
        self._here = folder / ".s.PGSQL.5432"
        self.url = environment()["DATABASE_URL"].replace(quote(str(self._there.parent)), quote(str(folder)))
        assert str(folder) in unquote(self.url), connection.settings_dict["NAME"]
        self._open = asyncio.Event()
        self._lines: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.mend()

    def mend(self) -> None:
        self._do(self._serve())

    def cut(self) -> None:
        """Refuse new connections and end the present ones."""
        self._do(self._cut())

    def freeze(self) -> None:
        """Pass nothing on, and say nothing."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def thaw(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _do(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self) -> None:
        self._open.set()
        self._here.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._carry, self._here)
        self._here.chmod(0o777)

    async def _cut(self) -> None:
        self._server.close()
        self._here.unlink(missing_ok=True)
        for line in self._lines:
            line.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(self._there)
        self._lines |= {writer, there_writer}
        await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        self._lines -= {writer, there_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def road(folder: Path) -> Iterator[Road]:
    made = Road(folder)
    try:
        yield made
    finally:
        made.close()

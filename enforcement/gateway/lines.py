"""One kept connection to Redis for each process: questions go out together, answers come back in the same order.

redis-py asks one thing at a time on a connection, each with two system calls of its own; that took more of a decision's
processor time than the script and the rest of the gateway together, see bench/RESULTS.md. Here everything asked in one
turn of the event loop is one write, and hiredis reads whatever has come. What redis-py does besides is here in short:
a connection that Redis closed is opened once again; one on which an answer is overdue is closed, and everything that
waits on it fails.
"""

import asyncio
import hashlib
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis.asyncio.connection import parse_url
from redis.exceptions import AuthenticationError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeout

PORT = 6379


class Script:
    """A script by its text, asked for by its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Lines:
    """What a process asks Redis by; the connection is opened when something is asked, and again after it was lost."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._address: dict[str, Any] = dict(parse_url(url))
        self._timeout = timeout
        self._line: _Line | None = None
        self._opening = asyncio.Lock()

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Return what a script says; its text is sent where Redis does not know it. Raises RedisError, OSError."""
        try:
            return await self.ask("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.ask("EVAL", script.text, len(keys), *keys, *arguments)

    async def ask(self, *command: Any) -> Any:
        """Return the answer to one command. Raises RedisError, OSError."""
        line = self._line
        if line is None or line.closed:
            return await (await self._opened()).ask(command)
        try:
            return await line.ask(command)
        except RedisConnectionError:  # it was closed meanwhile, most likely by a restart
            return await (await self._opened()).ask(command)

    async def close(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.close()

    async def _opened(self) -> "_Line":
        """Return an open connection; who waited takes that of whoever was first, if it comes in time."""
        try:
            async with asyncio.timeout(self._timeout), self._opening:
                if self._line is None or self._line.closed:
                    self._line = await self._open()
                return self._line
        except TimeoutError:
            raise RedisTimeout("Redis did not accept a connection in time.") from None

    async def _open(self) -> "_Line":
        address, loop = self._address, asyncio.get_running_loop()

        def made() -> _Line:
            return _Line(self._timeout)

        if path := address.get("path"):
            line = (await loop.create_unix_connection(made, path))[1]
        else:
            host: str = address.get("host", "localhost")
            port: int = address.get("port", PORT)
            line = (await loop.create_connection(made, host, port, ssl=_tls(address)))[1]
        try:
            if password := address.get("password"):
                whom = [address["username"]] if address.get("username") else []
                await line.ask(("AUTH", *whom, password))
            if database := address.get("db"):
                await line.ask(("SELECT", database))
        except BaseException:
            line.close()
            raise
        return line


class _Line(asyncio.Protocol):
    """One connection. Answers come in the order of the questions, as the protocol of Redis promises."""

    def __init__(self, timeout: float) -> None:
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace", replyError=_error)
        self._unsent: list[bytes] = []
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()  # and from when on each is overdue
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.WriteTransport | None = None

    def ask(self, command: Sequence[Any]) -> asyncio.Future[Any]:
        """Return the answer to come; an error that is one is raised by it."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self.closed:
            answer.set_exception(RedisConnectionError("Redis closed the connection."))
            return answer
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(hiredis.pack_command(tuple(command)))
        self._waiting.append((answer, self._loop.time() + self._timeout))
        if self._watch is None:
            self._watch = self._loop.call_later(self._timeout, self._look)
        return answer

    def close(self) -> None:
        self._fail(RedisConnectionError("The connection was closed."))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (said := self._reader.gets()) is not False:
                answer, _ = self._waiting.popleft()
                if answer.done():  # whoever asked is gone
                    continue
                if isinstance(said, RedisError):
                    answer.set_exception(said)
                else:
                    answer.set_result(said)
        except (hiredis.HiredisError, IndexError):
            self._fail(RedisConnectionError("What came does not read as Redis' protocol."))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(RedisConnectionError("Redis closed the connection."))

    def _send(self) -> None:
        if self._unsent and not self.closed and self._transport is not None:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _look(self) -> None:
        """Fail everything once the oldest question is overdue; what has come by then was read before this is called."""
        self._watch = None
        if not self._waiting:
            return
        overdue = self._waiting[0][1]
        if overdue <= self._loop.time():
            self._fail(RedisTimeout("Redis did not answer in time."))
        else:
            self._watch = self._loop.call_at(overdue, self._look)

    def _fail(self, error: Exception) -> None:
        if self.closed:
            return
        self.closed = True
        if self._watch is not None:
            self._watch.cancel()
        if self._transport is not None:
            self._transport.abort()
        for answer, _ in self._waiting:
            if not answer.done():
                answer.set_exception(error)
        self._waiting.clear()


def _error(said: str) -> RedisError:
    """Return an answer that is an error as the exception redis-py would raise."""
    kind = said.partition(" ")[0]
    if kind == "NOSCRIPT":
        return NoScriptError(said)
    return AuthenticationError(said) if kind in ("NOAUTH", "WRONGPASS") else ResponseError(said)


def _tls(address: dict[str, Any]) -> ssl.SSLContext | None:
    """Return how to speak TLS where the address is `rediss://`, with the authority `ssl_ca_certs` names if any."""
    if "connection_class" not in address:
        return None
    return ssl.create_default_context(cafile=address.get("ssl_ca_certs"))

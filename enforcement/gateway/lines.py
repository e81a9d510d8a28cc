"""Kept connections to Redis, each asking one thing at a time: redis-py's connections without its pool and its client.

Those two took more of a decision's processor time than the script and the rest of the gateway together, see
bench/RESULTS.md. What they did is here in short: a connection that Redis closed is opened once again, one whose answer
did not come whole is closed.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError

KEPT = 64  # connections that wait for a question


class Script:
    """A script by its text, asked for by its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Lines:
    """The connections of one process: as many as it has requests in work, which is bounded there."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._made_by = ConnectionPool.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            decode_responses=True,
        )
        self._idle: list[Any] = []

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Return what a script says; its text is sent where Redis does not know it. Raises RedisError, OSError."""
        try:
            return await self.ask("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.ask("EVAL", script.text, len(keys), *keys, *arguments)

    async def ask(self, *command: Any) -> Any:
        """Return the answer to one command. Raises RedisError, OSError."""
        line = self._idle.pop() if self._idle else self._made_by.make_connection()
        was_open = line.is_connected
        try:
            answer = await _ask(line, command)
        except RedisConnectionError:
            if not was_open:
                raise
            answer = await _ask(line, command)  # it was closed meanwhile, most likely by a restart
        if len(self._idle) < KEPT:
            self._idle.append(line)
        else:
            await line.disconnect()
        if isinstance(answer, ResponseError):
            raise answer
        return answer

    async def close(self) -> None:
        """Close every connection."""
        while self._idle:
            await self._idle.pop().disconnect()


async def _ask(line: Any, command: Sequence[Any]) -> Any:
    """Return the answer, an error that is one included. A connection that fails closes itself."""
    await line.send_command(*command)
    try:
        return await line.read_response()
    except RedisConnectionError:
        raise
    except ResponseError as error:  # read as a whole: the next answer is the next question's
        return error

"""The ASGI program: `uvicorn enforcement.gateway.app:app`. Reads a request, asks the gatekeeper, writes the answer."""

import asyncio
import logging
import logging.config
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from enforcement.gateway import answers, metrics
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import MOST_BYTES, Headers, Unreadable, asked_of, secret_of
from enforcement.gateway.gatekeeper import Gatekeeper, NotLoaded
from onboarding.domain import secrets

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_TIMEOUT = 10.0  # seconds a body may take
AUTHORIZE = "/v1/authorize"
METHODS = {
    AUTHORIZE: ("GET", "POST"),
    "/livez": ("GET", "HEAD"),
    "/readyz": ("GET", "HEAD"),
    "/metrics": ("GET",),
}


class Gone(Exception):
    """The caller hung up before the request was whole."""


class Gateway:
    """One process of the gateway."""

    def __init__(self) -> None:
        self.gatekeeper: Gatekeeper | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Load the denials before listening, close everything after the last answer."""
        await receive()
        logging.config.dictConfig(settings.LOGGING)
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # the gateway says it itself, once
        keeper = Gatekeeper()
        try:
            await keeper.open()
        except NotLoaded as error:
            log.error("%s", error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self.gatekeeper = keeper
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.gatekeeper = None
        await keeper.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Gone:
            return
        except Exception:  # fails closed: whatever went wrong, nobody is let in
            log.exception("A request could not be decided.")
            answer = self._counted(answers.problem("unavailable"), "none")
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.head()})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path not in METHODS:
            return answers.problem("not_found")
        if method not in METHODS[path]:
            listed = ", ".join(METHODS[path])
            return answers.problem("method_not_allowed", detail=f"Use {listed}.", headers=[("allow", listed)])
        if path == AUTHORIZE:
            return await self._authorize(scope["headers"], receive)
        if path == "/metrics":
            return Answer(200, "ok", metrics.text(), kind=metrics.KIND)
        return answers.plain({"ok": True}) if path == "/livez" else self._ready()

    async def _authorize(self, headers: Headers, receive: Receive) -> Answer:
        """Answer one question. What can be refused without asking anybody is refused first."""
        secret = secret_of(headers)
        if not secret:
            return self._counted(answers.problem("missing_key"), "offline")
        if not secrets.is_well_formed(secret):
            return self._counted(answers.problem("malformed_key"), "offline")
        try:
            asked = asked_of(headers, await _body(headers, receive))
        except Unreadable as error:
            closing = [("connection", "close")] if error.code != "unreadable" else []  # the rest is not read
            return self._counted(answers.problem(error.code, detail=str(error), headers=closing), "offline")
        if self.gatekeeper is None:
            return self._counted(answers.problem("unavailable"), "none")
        return self._counted(*await self.gatekeeper.decide(secret, asked))

    def _ready(self) -> Answer:
        """Answer 200 while requests can be decided: with Redis away PostgreSQL still can, and the other way round."""
        away = self.gatekeeper.away() if self.gatekeeper else ["postgresql", "redis"]
        ready = len(away) < 2
        return answers.plain({"ok": ready, "down": away}, status=200 if ready else 503)

    @staticmethod
    def _counted(answer: Answer, path: str) -> Answer:
        metrics.requests.labels(answer.code, path).inc()
        return answer


async def _body(headers: Headers, receive: Receive) -> bytes:
    """Return the body; raise Unreadable if it is too long or too slow, Gone if the caller hangs up."""
    said = [int(value) for name, value in headers if name == b"content-length" and value.isdigit()]
    if said and max(said) > MOST_BYTES:
        raise Unreadable(code="too_large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while (message := await receive())["type"] == "http.request":
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    raise Unreadable(code="too_large")
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise Unreadable(code="timed_out") from None
    raise Gone


app = Gateway()

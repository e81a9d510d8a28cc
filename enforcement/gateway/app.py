"""The ASGI program: `uvicorn enforcement.gateway.app:app`. Finds the handler of a path and writes its answer."""

import logging
import logging.config
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from enforcement.gateway import answers, flags, metrics, moderations, reports
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import Headers, Unreadable, asked_of, headers_of, secret_of
from enforcement.gateway.gatekeeper import Gatekeeper, NotLoaded
from enforcement.gateway.listening import answer_at_once
from enforcement.gateway.request import Gone, Message, Receive, Request
from enforcement.gateway.subrequests import as_subrequest, is_subrequest
from onboarding.domain import secrets

log = logging.getLogger(__name__)

Send = Callable[[Message], Awaitable[None]]
Counted = tuple[Answer, str]  # an answer, and the `path` of the metrics: what decided it
Handler = Callable[[Gatekeeper, Request], Awaitable[Counted]]


@dataclass(frozen=True)
class Route:
    """What answers an address. A handler may raise Unreadable; one that does no work is always answered."""

    methods: tuple[str, ...]
    handle: Handler
    works: bool = True  # counted in the metrics, and refused while the process has too much in work


async def authorize(keeper: Gatekeeper, request: Request) -> Counted:
    """Answer one question. What can be refused without asking anybody is refused first."""
    secret = secret_of(request.headers)
    if not secret:
        return answers.problem("missing_key"), "offline"
    if not secrets.is_well_formed(secret):
        return answers.problem("malformed_key"), "offline"
    return await keeper.decide(secret, asked_of(request.headers, await request.body(), request.network))


async def livez(keeper: Gatekeeper, request: Request) -> Counted:
    """Answer while the process runs."""
    return answers.plain({"ok": True}), ""


async def readyz(keeper: Gatekeeper, request: Request) -> Counted:
    """Answer 200 while requests can be decided: with Redis away PostgreSQL still can, and the other way round."""
    away = keeper.away()
    ready = len(away) < 2
    return answers.plain({"ok": ready, "down": away}, status=200 if ready else 503), ""


async def figures(keeper: Gatekeeper, request: Request) -> Counted:
    """Answer with every metric in Prometheus' text form."""
    return Answer(200, "ok", metrics.text(), kind=metrics.KIND), ""


# A new address is one line here and a handler in a module of its own.
ROUTES: dict[str, Route] = {
    "/v1/authorize": Route(("GET", "POST"), authorize),
    "/v1/usage": Route(("POST",), reports.usage),
    "/v1/flags": Route(("POST",), flags.flags),
    "/v1/moderations": Route(("POST",), moderations.moderations),
    "/livez": Route(("GET", "HEAD"), livez, works=False),
    "/readyz": Route(("GET", "HEAD"), readyz, works=False),
    "/metrics": Route(("GET",), figures, works=False),
}


class Gateway:
    """One process of the gateway."""

    def __init__(self) -> None:
        self.gatekeeper: Gatekeeper | None = None
        self.in_work = 0

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
        answer_at_once()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.gatekeeper = None
        await keeper.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            headers = headers_of(scope["headers"])
            answer = await self._answer(scope, headers, receive)
        except Gone:
            return
        if is_subrequest(headers):
            answer = as_subrequest(answer)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.head()})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, headers: Headers, receive: Receive) -> Answer:
        route, method = ROUTES.get(scope["path"]), scope["method"]
        if route is None:
            return answers.problem("not_found")
        if method not in route.methods:
            listed = ", ".join(route.methods)
            return answers.problem("method_not_allowed", detail=f"Use {listed}.", headers=[("allow", listed)])
        request = Request(method, headers, receive, (scope.get("client") or ("",))[0])
        if not route.works:
            if self.gatekeeper is None:
                return answers.problem("unavailable")
            return (await route.handle(self.gatekeeper, request))[0]
        answer, path = await self._work(route, request)
        metrics.requests_of(answer.code, path).inc()
        return answer

    async def _work(self, route: Route, request: Request) -> Counted:
        """Let the handler answer, unless too many others are in work: a queue would only make everybody late."""
        if self.gatekeeper is None:
            return answers.problem("unavailable"), "none"
        if self.in_work >= settings.GATEWAY_MOST_IN_WORK:
            metrics.turned_away.inc()
            return answers.problem("busy"), "none"
        self.in_work += 1
        try:
            return await route.handle(self.gatekeeper, request)
        except Unreadable as error:
            closing = [("connection", "close")] if error.code != "unreadable" else []  # the rest is not read
            return answers.problem(error.code, detail=str(error), headers=closing), "offline"
        except Gone:
            raise
        except Exception:  # fails closed: whatever went wrong, nobody is let in
            log.exception("A request could not be decided.")
            return answers.problem("unavailable"), "none"
        finally:
            self.in_work -= 1


app = Gateway()

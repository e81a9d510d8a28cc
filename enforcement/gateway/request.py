"""One HTTP request as the handlers of the gateway see it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from enforcement.gateway import networks
from enforcement.gateway.asked import MOST_BYTES, Headers, Unreadable

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

LENGTHS = (b"content-length", b"transfer-encoding")  # without either there is no body (RFC 9112, section 6.3)
BODY_TIMEOUT = 10.0  # seconds a body may take


class Gone(Exception):
    """The caller hung up before the request was whole."""


@dataclass(frozen=True)
class Request:
    """Its method, its headers, and its body on demand."""

    method: str
    headers: Headers
    receive: Receive
    host: str = ""  # the address it comes from

    @property
    def network(self) -> str:
        """Return a keyed hash of the network it comes from; "" where that is not known."""
        return networks.name_of(self.host)

    async def body(self, most: int = MOST_BYTES) -> bytes:
        """Return the body; raise Unreadable if it is too long or too slow, Gone if the caller hangs up."""
        if self.method == "GET" and not any(name in self.headers for name in LENGTHS):
            return b""
        said = [int(value) for value in self.headers.get(b"content-length", ()) if value.isdigit()]
        if said and max(said) > most:
            raise Unreadable(code="too_large")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                while (message := await self.receive())["type"] == "http.request":
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise Unreadable(code="too_large")
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Unreadable(code="timed_out") from None
        raise Gone

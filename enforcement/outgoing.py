"""POST to addresses that others chose, without letting them reach what only we can reach (server-side request forgery).

A whole try has an end, however slowly its answer drips. The host is resolved once, every address it has must be
public, and the connection goes to the very address that was checked: a name that resolves otherwise a moment later
changes nothing. No redirect is followed, no proxy of the environment is used, the body of the answer is not read.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import SplitResult, urlsplit

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

CONNECT, ANSWER = 3.0, 10.0  # seconds; the second is for the whole of a try, once the name is resolved
PORTS = (443, 8443)
LONGEST = 500

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadAddress(Exception):
    """An address nothing is sent to; the sentence says why."""


@dataclass(frozen=True)
class Said:
    """What came back: a status, or none and the problem."""

    status: int | None
    problem: str
    milliseconds: int

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def parted(url: str, *, private: Sequence[Network] = ()) -> SplitResult:
    """Return the parts of an address one may send to, by its looks alone. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress(_("This is not an address. Write it like https://example.org/hooks.")) from None
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise BadAddress(
            _("Write the address in at most %(longest)s ASCII characters, without spaces.")
            % {"longest": LONGEST}
        )
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise BadAddress(
            _("Write the address like https://example.org/hooks, without a name or password in it.")
        )
    if private:  # our own programs: any port, and no certificate where the network is ours
        if parts.scheme not in ("https", "http"):
            raise BadAddress(_("The address must begin with https:// or http://."))
        return parts
    if parts.scheme != "https":
        raise BadAddress(_("The address must begin with https://."))
    if port is not None and port not in PORTS:
        raise BadAddress(_("The port must be one of %(ports)s.") % {"ports": ", ".join(map(str, PORTS))})
    return parts


def resolved(parts: SplitResult, *, private: Sequence[Network] = ()) -> str:
    """Return one address of the host, after all of them were looked at. Raises BadAddress."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadAddress(_("The name of this host leads nowhere.")) from None
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses:
        raise BadAddress(_("The name of this host leads nowhere."))
    for address in addresses:
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain.version == net.version and plain in net for net in private):
            continue
        if (
            not plain.is_global
            or plain.is_reserved
            or getattr(plain, "is_site_local", False)
            or plain.is_multicast
            or getattr(plain, "sixtofour", None)
            or getattr(plain, "teredo", None)
        ):
            raise BadAddress(_("This host is not on the public internet."))
        if parts.scheme != "https":
            raise BadAddress(_("The address must begin with https://, unless it is in a network of ours."))
    return str(addresses[0])


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: Sequence[Network] = ()) -> Said:
    """Send, and return what came of it; never raises."""
    began = perf_counter()
    try:
        status, problem = _post(url, body, headers, private), ""
    except TimeoutError:
        status, problem = None, gettext_noop("It did not answer in time.")
    except BadAddress as refused:
        status, problem = None, str(refused)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        status, problem = None, f"{type(error).__name__}: {error}"[:200].replace("\0", "")
    if status is not None and not 200 <= status < 300:
        problem = (
            gettext_noop("A redirect is not followed.")
            if 300 <= status < 400
            else gettext_noop("Only an answer from 200 to 299 counts as received.")
        )
    return Said(status, problem, int((perf_counter() - began) * 1000))


def _post(url: str, body: bytes, headers: Mapping[str, str], private: Sequence[Network]) -> int:
    parts = parted(url, private=private)
    address = resolved(parts, private=private)
    host = parts.hostname or ""
    literal = f"[{address}]" if ":" in address else address
    there = parts._replace(netloc=f"{literal}:{parts.port}" if parts.port else literal).geturl()
    named = f"{host}:{parts.port}" if parts.port else host
    given = {**headers, "Host": named, "User-Agent": "Gatehouse-Webhooks/1"}
    return asyncio.run(_status(there, body, given, sni=host))


async def _status(url: str, body: bytes, headers: Mapping[str, str], *, sni: str) -> int:
    """Return the status of the answer; its body is not read. Raises TimeoutError after ANSWER, and httpx' errors."""
    limits = httpx.Timeout(
        ANSWER, connect=CONNECT
    )  # of each read, which is why there is a second one for all
    async with (
        asyncio.timeout(ANSWER),
        httpx.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, content=body, headers=headers, extensions={"sni_hostname": sni}) as answer,
    ):
        return answer.status_code

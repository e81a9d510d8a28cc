"""Moderation endpoints of others, in OpenAI's form: asked once a text for all rules that read them.

Where they are and the key to them is configuration (MODERATION_ENDPOINTS), so a rule can name one and not send texts
anywhere else. A rule's content: `endpoint = omni`, `takes = hate, hate/threatening`, optionally `model = …`.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.utils.translation import gettext_noop

from enforcement.filters.breaker import Breaker
from enforcement.filters.rules import BadContent, Finding, Rule, lines_of
from enforcement.filters.text import Text

log = logging.getLogger(__name__)

TIMEOUT = 2.0  # seconds for the whole answer: the caller of the gateway waits for it
MOST_BYTES = 262_144  # of an answer
CONNECTIONS = 16
NAMES = {"endpoint", "takes", "model"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an endpoint is; its key goes nowhere else and is in no representation."""

    url: str
    key: str = ""

    def __repr__(self) -> str:
        return f"Place({self.url!r})"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule asks of which endpoint: the highest score of these of its categories."""

    endpoint: str
    takes: tuple[str, ...]
    model: str = ""


class Away(Exception):
    """The endpoint did not answer, or not with scores."""


def configured() -> dict[str, Place]:
    """Return the endpoints a rule may name."""
    keys = settings.MODERATION_KEYS
    return {name: Place(url, keys.get(name, "")) for name, url in settings.MODERATION_ENDPOINTS.items()}


def parse(content: str, known: Mapping[str, Place]) -> Reading:
    """Return what a rule reads. Raises BadContent."""
    said: dict[str, str] = {}
    for line in lines_of(content):
        name, is_said, value = (part.strip() for part in line.partition("="))
        if name not in NAMES or not is_said or not value or name in said:
            raise BadContent(
                gettext_noop(
                    "“%(line)s” is not understood. Write `endpoint = NAME`, `takes = CATEGORY, CATEGORY` and, if "
                    "wanted, `model = NAME`, each once."
                ),
                line=line[:60],
            )
        said[name] = value
    if "endpoint" not in said or "takes" not in said:
        raise BadContent(
            gettext_noop("Name the endpoint (`endpoint = NAME`) and what is read of it (`takes = CATEGORY`).")
        )
    if said["endpoint"] not in known:
        raise BadContent(
            gettext_noop("No endpoint “%(name)s” is configured (MODERATION_ENDPOINTS); known: %(known)s."),
            name=said["endpoint"][:40],
            known=", ".join(sorted(known)) or "-",
        )
    takes = tuple(dict.fromkeys(part.strip() for part in said["takes"].split(",") if part.strip()))
    return Reading(said["endpoint"], takes, said.get("model", ""))


class Endpoint:
    """One endpoint as one process asks it."""

    def __init__(self, place: Place, *, timeout: float = TIMEOUT, breaker: Breaker | None = None) -> None:
        self._place = place
        self._timeout = timeout
        self.breaker = breaker or Breaker()
        self._client: httpx.AsyncClient | None = None

    async def scores(self, text: str, model: str = "") -> dict[str, float]:
        """Return the score of each of its categories. Raises Away, at once while the circuit is open."""
        if not self.breaker.may_ask():
            raise Away
        try:
            async with asyncio.timeout(self._timeout):
                found = _scores_of(await self._asked({"input": text} | ({"model": model} if model else {})))
        except (httpx.HTTPError, TimeoutError, ValueError, OSError) as error:
            self.breaker.failed()
            log.warning("A moderation endpoint did not answer (%s).", type(error).__name__)
            raise Away from error
        except (
            BaseException
        ):  # the caller hung up: nothing is known, but the one try of a half-open circuit is over
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return found

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    async def _asked(self, body: dict[str, str]) -> bytes:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._timeout,
                limits=httpx.Limits(max_connections=CONNECTIONS),
                trust_env=False,
                headers={"authorization": f"Bearer {self._place.key}"} if self._place.key else {},
            )
        async with self._client.stream("POST", self._place.url, json=body) as answer:
            answer.raise_for_status()
            read = bytearray()
            async for piece in answer.aiter_bytes():
                read += piece
                if len(read) > MOST_BYTES:
                    raise ValueError
            return bytes(read)


def _scores_of(answer: bytes) -> dict[str, float]:
    """Return the scores of OpenAI's form; raise ValueError where they are not there."""
    try:
        given = json.loads(answer)["results"][0]["category_scores"]
        return {
            str(name): min(max(float(score), 0.0), 1.0) for name, score in given.items() if score is not None
        }
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not in OpenAI's form") from error


class Endpoints:
    """All endpoint rules of a set, over endpoints that outlive it: a new set must not close a circuit."""

    def __init__(
        self, rules: Sequence[Rule], known: Mapping[str, Place], asked: Mapping[str, Endpoint]
    ) -> None:
        self._readings = [(rule, parse(rule.content, known)) for rule in rules]
        self._asked = asked

    async def scan(self, text: Text) -> tuple[list[Finding], list[Rule]]:
        """Return what was found, and the rules that could not be asked."""
        questions = list(dict.fromkeys((reading.endpoint, reading.model) for _, reading in self._readings))
        answers = await asyncio.gather(*(self._one(name, model, text.original) for name, model in questions))
        scores = dict(zip(questions, answers, strict=True))
        found, unasked = [], []
        for rule, reading in self._readings:
            given = scores[reading.endpoint, reading.model]
            if given is None:
                unasked.append(rule)
            elif score := max((given.get(name, 0.0) for name in reading.takes), default=0.0):
                found.append(Finding(rule, score))
        return found, unasked

    async def _one(self, name: str, model: str, text: str) -> dict[str, float] | None:
        try:
            return await self._asked[name].scores(text, model)
        except Away:
            return None

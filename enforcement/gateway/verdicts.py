"""What was decided of a request, by Redis or without it."""

from dataclasses import dataclass
from typing import Any

from enforcement.gateway.asked import request_name
from enforcement.gateway.limits import Held, Limit, Standing

LIMITED = ("ok", "rate_limited")


@dataclass(frozen=True)
class Verdict:
    """What was decided: the answer's code, or `missing` where Redis does not know the key (well enough)."""

    code: str
    key: str = ""
    grant: str = ""
    owner: str = ""
    program: str = ""
    application: str = ""
    what: str = ""  # of outside_scope: model, scope or output
    standing: Standing | None = None
    conditions: tuple[str, ...] = ()  # kinds that only the caller can see kept
    most_output: int = 0  # tokens of one answer; 0: as many as the model gives
    request: str = ""  # the name under which the tokens it reserved are corrected; where it was let in

    @classmethod
    def of_reply(cls, reply: list[Any], tokens: int = 0) -> "Verdict":
        """Return the verdict of one reply of script.lua."""
        code, now = reply[:2]
        key, grant, owner, program, application = reply[2:7] or [""] * 5
        names, rest = (key, grant, owner, program, application), reply[7:]
        if code not in LIMITED:
            return cls(code, *names, rest[0] if rest else "", most_output=rest[1] if len(rest) > 1 else 0)
        # For each limit: what it is, how much, what was counted before this request and with it, whether it fits.
        counted = 3 if code == "ok" else 2
        held = tuple(
            Held(Limit(rest[at], rest[at + 1]), rest[at + counted], bool(rest[at + 4]))
            for at in range(2, len(rest), 5)
        )
        request = request_name(now, tokens) if code == "ok" else ""
        standing = Standing(now, held, tokens)
        return cls(code, *names, "", standing, tuple(rest[0].split()), rest[1], request)

"""What was decided of a request, by Redis or without it."""

from dataclasses import dataclass

from enforcement.gateway.asked import request_name
from enforcement.gateway.limits import Held, Standing, limit

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
    def of_reply(cls, reply: str, tokens: int = 0) -> "Verdict":
        """Return the verdict of one reply of script.lua."""
        code, now, *rest = reply.split("\t")
        if not rest:
            return cls(code)
        key, grant, owner, program, application, *rest = rest
        if code not in LIMITED:
            what, most_output = rest[0] if rest else "", int(rest[1]) if len(rest) > 1 else 0
            return cls(code, key, grant, owner, program, application, what, most_output=most_output)
        conditions, most_output, at = rest[0], int(rest[1]), int(now)
        standing = Standing(at, tuple(map(_held, rest[2:])), tokens)
        request = request_name(at, tokens) if code == "ok" else ""
        return cls(
            code,
            key,
            grant,
            owner,
            program,
            application,
            "",
            standing,
            tuple(conditions.split()),
            most_output,
            request,
        )


def _held(said: str) -> Held:
    """Return a limit as the script tells it: what it is, how much, what it counts now, whether the request fits."""
    code, most, used, fits = said.split(" ")
    return Held(limit(code, int(most)), int(used), fits == "1")

"""What integrators report: the tokens a call really took."""

from enforcement.gateway import answers
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import Unreadable, secret_of
from enforcement.gateway.gatekeeper import Gatekeeper
from enforcement.gateway.request import Request


async def usage(keeper: Gatekeeper, request: Request) -> tuple[Answer, str]:
    """Correct what was reserved for a call by what it took."""
    known = await keeper.integrator(secret_of(request.headers))
    if isinstance(known, Answer):
        return known, "offline"
    await request.body()
    raise Unreadable("Reports of usage are not taken yet.")


__all__ = ["answers", "usage"]

"""What integrators report: the tokens a call really took."""

from time import time

from enforcement.gateway import answers
from enforcement.gateway.answers import Answer
from enforcement.gateway.asked import report_of, secret_of
from enforcement.gateway.counting import REPORT_WITHIN
from enforcement.gateway.gatekeeper import Gatekeeper, NotCounted
from enforcement.gateway.request import Request


async def usage(keeper: Gatekeeper, request: Request) -> tuple[Answer, str]:
    """Correct what was reserved for a call by what it took. Sent twice it counts once."""
    known = await keeper.integrator(secret_of(request.headers))
    if isinstance(known, Answer):
        return known, "offline"
    report = report_of(request.headers, await request.body())
    if report.reserved_at and time() - report.reserved_at / 1_000_000 > REPORT_WITHIN:
        return answers.problem("too_late"), "offline"
    try:
        said, path = await keeper.report(report)
    except NotCounted:
        return answers.problem(
            "unavailable", detail="The report cannot be counted right now. Send it again."
        ), "none"
    if said == "no_such_key":
        return answers.problem("no_such_key"), path
    return answers.plain({"status": 200, "code": "ok", "repeated": said == "repeated"}), path

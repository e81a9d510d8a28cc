"""What applicants of the demo do against a rejection: one appeal waits for its answer, one was denied."""

from datetime import datetime, timedelta
from functools import partial

from accounts.models import User
from enforcement.domain import appeals
from reviews.models import Decision

DAY = timedelta(days=1)
OPEN = (
    "The facts are not right: since our second answer in section 8 a recruiter opens every refusal and sends it "
    "by hand. Nobody is refused by the score alone, and the line only orders the list. We can show it in the product."
)
LOST = (
    "Our cards are ordinary advertising, as every other shop sends it. Players can switch them off in their settings, "
    "and we follow the law of every country in which we are."
)
DENIED = (
    "We looked at the description, at the answer about volume and at the guideline again. The cards are sent at the "
    "moment at which a player is about to stop, to bring them back; that is what the clause on exploitative products "
    "is about, and a switch in the settings does not change it."
)
WAITS = {"rejected": 2 * DAY, "rejected_prohibited": 11 * DAY}  # path -> how long ago the appeal was sent


def plan(path: str, decision: Decision, *, now: datetime) -> tuple[datetime, partial] | None:
    """Return when an applicant whose story takes this path appeals, and the step; None for other paths."""
    if path not in WAITS:
        return None
    step = send if path == "rejected" else send_and_lose
    return now - WAITS[path], partial(step, decision=decision)


def send(*, decision: Decision, senior: User, at: datetime) -> None:
    appeals.file(decision, kind="appeal", statement=OPEN, by=decision.case.application.applicant, at=at)


def send_and_lose(*, decision: Decision, senior: User, at: datetime) -> None:
    by = decision.case.application.applicant
    appeal = appeals.file(decision, kind="appeal", statement=LOST, by=by, at=at)
    appeals.take(appeal, by=senior, at=at + 3 * DAY)
    appeals.deny(
        appeal,
        reason_code="decision_right",
        explanation=DENIED,
        by=senior,
        at=at + 3 * DAY + timedelta(minutes=40),
    )

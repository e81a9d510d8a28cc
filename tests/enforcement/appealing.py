"""Rejections to appeal and appeals to decide, made by the verbs the product uses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from enforcement.domain import appeals
from enforcement.models import Appeal
from outbox import letters
from reviews.domain import signatures, telling
from reviews.models import Decision
from tests.factories import MONDAY, make_reviewer, make_senior, make_user
from tests.reviews.making import make_decision

WRONG = "The website is ours: the register of domains names our company, see number 4711."
MENDED = "Since Monday the website is in our own name; the register shows it under number 4711."
UPHELD = {
    "reason_code": "facts_wrong",
    "explanation": "The register names your company; we had read the wrong entry.",
    "look_again": "The register entry for the website, and the company's name.",
}
DENIED = {"reason_code": "decision_right", "explanation": "The register still names somebody else."}
WILL_NOT = {"reason_code": "not_mended", "explanation": "The register still names somebody else."}
HELD_BACK = {"reapply_after_days": 90}


def make_rejection(
    *,
    by: User | None = None,
    applicant: User | None = None,
    at: datetime = MONDAY,
    sent: bool = True,
    **fields: Any,
) -> Decision:
    """Return a told rejection with 90 days to wait; its letter sent unless said otherwise."""
    says = HELD_BACK | fields.pop("says", {})
    decision = make_decision(
        "rejected",
        by=by or known("bob", make_reviewer),
        applicant=applicant or make_user(),
        at=at,
        says=says,
        **fields,
    )
    if decision.second != "nobody":
        senior = decision.second == "senior"
        signer = known("sina", make_senior) if senior else known("bela", make_reviewer)
        signatures.sign(decision, by=signer, at=at)
    telling.tell_owed(at=at)
    if sent:
        letters.send_owed(at=at)
    decision.refresh_from_db()
    return decision


def known(name: str, make: Callable[[str], User]) -> User:
    """Return somebody by name, made the first time."""
    return User.objects.filter(email=f"{name}@example.org").first() or make(name)


def owner_of(decision: Decision) -> User:
    return decision.case.application.applicant


def make_appeal(
    decision: Decision | None = None,
    *,
    kind: str = "appeal",
    at: datetime = MONDAY + timedelta(days=1),
    **fields: Any,
) -> Appeal:
    """Return an open appeal by the applicant."""
    decision = decision or make_rejection(**fields)
    statement = WRONG if kind == "appeal" else MENDED
    return appeals.file(decision, kind=kind, statement=statement, by=owner_of(decision), at=at)


def make_taken(
    senior: User | None = None, *, at: datetime = MONDAY + timedelta(days=1), **fields: Any
) -> tuple[Appeal, User]:
    """Return an appeal and the senior reviewer who has taken it up."""
    appeal, senior = make_appeal(at=at, **fields), senior or known("sam", make_senior)
    return appeals.take(appeal, by=senior, at=at), senior


def make_ended(state: str, *, at: datetime = MONDAY + timedelta(days=1), **fields: Any) -> Appeal:
    """Return an appeal in one of its states, moved there by the product."""
    if state == "filed":
        return make_appeal(at=at, **fields)
    appeal, senior = make_taken(at=at, **fields)
    if state == "upheld":
        return appeals.uphold(appeal, by=senior, at=at, **UPHELD)
    if state == "denied":
        return appeals.deny(appeal, by=senior, at=at, **DENIED)
    if state == "withdrawn":
        return appeals.withdraw(appeal, by=appeal.filed_by, at=at)
    return appeal

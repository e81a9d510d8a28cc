"""Second reviews to start from: drawn, taken, done, differing."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from reviews.domain import drawing, reconciling, second_reviews, telling
from reviews.models import Decision, Reconciliation, SecondReview, SecondReviewRule
from reviews.states import Outcome, Reconciled
from tests.factories import MONDAY, make_reviewer, make_senior, make_user
from tests.reviews.making import make_decision

LATER = MONDAY + timedelta(hours=1)


def make_rule(program: Any, *, first_cases: int = 0, **shares: int) -> SecondReviewRule:
    """Return a rule nobody had to ask for; the share of a lane left out is 0."""
    return SecondReviewRule.objects.create(
        program=program, shares=shares, first_cases=first_cases, reason="x", set_by=make_user(), set_at=MONDAY
    )


def make_told(outcome: str = Outcome.APPROVED, **fields: Any) -> Decision:
    decision = make_decision(outcome, **fields)
    telling.tell_owed(at=fields.get("at", MONDAY))
    decision.refresh_from_db()
    return decision


def make_drawn(outcome: str = Outcome.APPROVED, **fields: Any) -> SecondReview:
    """Return the second review of a fresh decision: as the first ones of the guidelines are, it is drawn."""
    decision = make_told(outcome, **fields)
    drawing.draw_owed(at=fields.get("at", MONDAY))
    return SecondReview.objects.get(decision=decision)


def look(review: SecondReview, *, outcome: str, by: User | None = None, at: datetime = LATER) -> SecondReview:
    """Return it done, whoever would have been given it."""
    by = by or make_reviewer(f"second{review.pk}")
    SecondReview.objects.filter(pk=review.pk).update(
        reviewer=by, taken_at=at, expires_at=at + timedelta(hours=1)
    )
    return second_reviews.give(review, by=by, at=at, outcome=outcome, note="My own view.")


def make_card(*, closed: bool = False, **fields: Any) -> Reconciliation:
    """Return the card about two views that differ."""
    fields.setdefault("by", make_reviewer(f"first{SecondReview.objects.count()}"))
    card = look(make_drawn(**fields), outcome=Outcome.REJECTED).reconciliation
    if closed:
        sam = make_senior(f"sam{card.pk}")
        reconciling.close(
            card, by=sam, at=LATER, ended=Reconciled.STANDS, category="fraud_spam", remark="Both can be read."
        )
    return card

"""Look a second time, blind: take what was drawn, and write down one's own view. The decision never notices."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from audit import ledger
from audit.events import Event
from reviews.domain import care, cases, giving, opinions, severities, slots
from reviews.domain.giving import NotForYou
from reviews.models import Case, Opinion, Reconciliation, SecondReview
from reviews.permissions import knows, may_look_again

_ANYTHING = Q()
_PARTS = (
    "case__program",
    "case__application",
    "revision__guidelines",
    "revision__question_set",
    "decision",
    "golden",
)


class NothingDrawn(Exception):
    def __init__(self) -> None:
        super().__init__(_("No decided case waits for a second look that you could take now."))


class NotYours(Exception):
    """Taken by somebody else meanwhile, or done."""

    def __init__(self) -> None:
        super().__init__(
            _("This second look is not yours (any more); nothing was kept. What you typed is below.")
        )


def mine(user: User, *, lock: bool = False) -> SecondReview | None:
    """Return what this person looks at a second time now."""
    standing = SecondReview.objects.undone().filter(reviewer=user)
    if lock:
        standing = standing.select_for_update(of=("self",))
    return standing.select_related(*_PARTS).first()


@transaction.atomic
def take_next(*, by: User, at: datetime, wanted: Q = _ANYTHING) -> SecondReview:
    """Take the oldest drawn case that this person may be given: by the rules of the queue, and a stranger to it.

    One at a time: asking again returns it, for longer. `wanted` narrows the cases as it narrows the queue. Raises
    NotForYou, slots.TooMany, NothingDrawn.
    """
    if not may(by, Duty.REVIEW_CASES):
        raise NotForYou
    slots.lock(by)
    if standing := mine(by, lock=True):
        if why := care.spared(by, at=at).why(standing.case):  # a break begun since then
            raise NotForYou(why)
        return _lend(standing, by, at)
    slots.free(by, at=at)  # who works on three cases decides those first
    passed: list[int] = []
    while (review := _first_free(by, at, wanted, passed)) is not None:
        passed.append(review.pk)
        if may_look_again(by, review) and giving.may_be_given(by, review.case, at=at):
            _lend(review, by, at)
            ledger.record(Event.SECOND_REVIEW_TAKEN, subject=review, actor=by, at=at)
            return review
    raise NothingDrawn


@transaction.atomic
def give(
    review: SecondReview,
    *,
    by: User,
    at: datetime,
    outcome: str,
    categories: Sequence[str] = (),
    note: str = "",
) -> SecondReview:
    """Write down one's own view of what one has taken; where it differs from the first, a card is opened.

    Twice by the same person is once. Raises NotYours, NotForYou, statements.Incomplete.
    """
    case, _ = cases.locked_decision(review.decision)
    review = (
        SecondReview.objects.select_for_update(of=("self",))
        .select_related("decision", "revision__guidelines", "golden")
        .get(pk=review.pk)
    )
    review.case = case
    if review.reviewer_id == by.pk and review.done_at:
        return review
    if review.reviewer_id != by.pk:
        raise NotYours
    if not may_look_again(by, review):
        raise NotForYou
    opinions.check(review.revision, outcome=outcome, categories=categories, note=note)
    opinion = Opinion.objects.create(
        case=case, revision=review.revision, reviewer=by, outcome=outcome, categories=list(categories),
        note=note.strip(), made_at=at, blind=True,
    )  # fmt: skip
    ledger.record(
        Event.OPINION_GIVEN, subject=opinion, actor=by, at=at, outcome=outcome, blind=True, case=case.pk,
        revision=review.revision.number,
    )  # fmt: skip
    review.opinion, review.done_at = opinion, at
    review.save(update_fields=["opinion", "done_at"])
    ledger.record(Event.SECOND_REVIEW_DONE, subject=review, actor=by, at=at)
    if review.golden is None and outcome != review.decision.outcome:
        card = Reconciliation.objects.create(review=review, opened_at=at)
        ledger.record(Event.RECONCILIATION_OPENED, subject=card, actor="reviews", at=at)
    return review


def _waiting(by: User, at: datetime, wanted: Q) -> QuerySet[SecondReview]:
    """Return what nobody looks at, of cases this person may be given and knows nothing of; the oldest first."""
    kept = giving.kept_from(by, at=at) | knows(by)
    free = Q(reviewer=None) | Q(expires_at__lte=at)
    fit = Case.objects.exclude(kept).filter(
        wanted, severity__lt=severities.SEVERE, expectation_owed=False
    )  # what it may hold is known: looking anew would wait for who has the case
    waiting = SecondReview.objects.undone().filter(free, case__in=fit, revision__erased_at=None)
    return (
        waiting.exclude(golden__marked_by=by)
        .exclude(golden__retired_at__isnull=False)
        .order_by("drawn_at", "pk")
    )


def _first_free(by: User, at: datetime, wanted: Q, passed: Sequence[int]) -> SecondReview | None:
    """Lock the first of these that nobody else has locked."""
    return (
        _waiting(by, at, wanted)
        .exclude(pk__in=passed)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(*_PARTS)
        .first()
    )


def _lend(review: SecondReview, by: User, at: datetime) -> SecondReview:
    review.reviewer, review.taken_at = by, review.taken_at if review.reviewer_id == by.pk else at
    review.expires_at = at + timedelta(minutes=review.case.program.claim_minutes)
    review.save(update_fields=["reviewer", "taken_at", "expires_at"])
    return review

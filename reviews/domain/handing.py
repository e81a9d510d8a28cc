"""Put a case aside, hand it to a named person, take it away: how a claim passes otherwise than by giving it back."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from reviews.domain import cases, claims, giving, slots
from reviews.models import Case, Claim
from reviews.permissions import may_take_away
from reviews.states import ClaimEnd

REASON_MOST = 500  # characters
HOLD_MOST = timedelta(days=14)
HOLDS_MOST = 5  # cases one person has put aside at once
HANDED_FOR = timedelta(hours=4)  # longer than a claim one makes oneself: the other one has to notice first


class BadHold(Exception):
    """Until when is not said, or is too far away, or too much is put aside already."""


class CannotBeGiven(Exception):
    """Not a reviewer, or kept from this case. It does not say by what: that is the person's own matter."""

    def __init__(self, to: User):
        super().__init__(
            _("%(to)s cannot take this case now. Choose somebody else, or give it back to the queue.")
            % {"to": to}
        )


class TooLong(Exception):
    def __init__(self, words: str):
        super().__init__(
            _("At most %(most)s characters; this has %(number)s. Nothing was changed.")
            % {"most": REASON_MOST, "number": grouped(len(words))}
        )


class NothingToTakeAway(Exception):
    def __init__(self) -> None:
        super().__init__(_("Nobody has this case (any more); nothing was changed."))


class NotYoursToTakeAway(Exception):
    """Neither a senior reviewer nor a manager, or somebody with a part in the case."""

    def __init__(self) -> None:
        super().__init__(
            _("A senior reviewer or a manager without a part in the case may take it away, not you.")
        )


@transaction.atomic
def hold(case: Case, *, by: User, at: datetime, until: datetime, reason: str) -> Claim:
    """Put a case aside that one works on: nobody else takes it before `until`, and it does not count among the three.

    Raises claims.HeldBy and NotHeld, SayWhy, TooLong, BadHold.
    """
    words = _said(reason)
    case = cases.locked(case)
    standing = claims.held(case, by=by, at=at)
    if not at < until <= at + HOLD_MOST:
        raise BadHold(
            _("Say until when: after now, and within %(days)s days. Nothing was changed.")
            % {"days": HOLD_MOST.days}
        )
    slots.lock(by)
    aside = Claim.objects.live(at).filter(reviewer=by).exclude(held_at=None).exclude(pk=standing.pk)
    if aside.count() >= HOLDS_MOST:
        raise BadHold(
            _("You have put %(most)s cases aside already. Go on with one of them first.")
            % {"most": HOLDS_MOST}
        )
    standing.held_at, standing.held_reason, standing.expires_at, standing.slot = at, words, until, None
    standing.save(update_fields=["held_at", "held_reason", "expires_at", "slot"])
    ledger.record(
        Event.CASE_HELD, subject=case, actor=by, at=at, reason=ledger.digest(words), until=until.isoformat()
    )
    return standing


@transaction.atomic
def hand_over(case: Case, *, to: User, by: User, at: datetime, note: str = "") -> Claim:
    """Give a case that one has to a named person, who may be given it and has a slot free.

    Raises claims.HeldBy and NotHeld, CannotBeGiven, slots.TooMany, TooLong.
    """
    words = _short(note)
    case = cases.locked(case)
    standing = claims.held(case, by=by, at=at)
    if to.pk == by.pk or not giving.may_be_given(to, case, at=at):
        raise CannotBeGiven(to)
    claims.finish(standing, at=at, ended=ClaimEnd.HANDED_OVER)
    made = Claim.objects.create(
        case=case, reviewer=to, claimed_at=at, expires_at=at + HANDED_FOR,
        slot=slots.free(to, at=at, is_other=True), handed_by=by, handed_note=words,
    )  # fmt: skip
    why = ledger.digest(words) if words else ""
    ledger.record(Event.CASE_HANDED_OVER, subject=case, actor=by, at=at, reason=why, to=ledger.name_of(to))
    return made


@transaction.atomic
def take_away(case: Case, *, by: User, at: datetime, reason: str) -> None:
    """Put a case back into the queue that somebody else has, also what is put aside; for seniors and managers.

    Raises NotYoursToTakeAway, NothingToTakeAway, SayWhy, TooLong.
    """
    words = _said(reason)
    case = cases.locked(case)
    if not may_take_away(by, case):
        raise NotYoursToTakeAway
    standing = case.claims.unreleased().first()
    if standing is None:
        raise NothingToTakeAway
    standing.released_by, standing.release_reason = by, words
    standing.released_at, standing.ended = at, ClaimEnd.FORCED
    standing.save(update_fields=["released_by", "release_reason", "released_at", "ended"])
    claims.let_go(standing, case, by=by, at=at, ended=ClaimEnd.FORCED, why=ledger.digest(words))


def _said(words: str) -> str:
    if not words.strip():
        raise SayWhy
    return _short(words)


def _short(words: str) -> str:
    words = words.strip()
    if len(words) > REASON_MOST:
        raise TooLong(words)
    return words

"""Opinions: what one person thinks of one revision, apart from what is decided."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.models import Revision
from reviews.domain import cases, claims, statements
from reviews.models import Case, Decision, Opinion
from reviews.permissions import may_sign
from reviews.states import CaseState, Outcome

NOTE_MOST = 1000  # characters


class BlindFirst(Exception):
    """Who signs in this program writes down their own view before they see the first one."""

    def __init__(self) -> None:
        super().__init__(_("Write down your own opinion first: what was proposed is shown after that."))


class NothingProposed(Exception):
    """Signed, given back or taken back meanwhile: an opinion now would not be of what waits."""

    def __init__(self) -> None:
        super().__init__(_("This decision waits for nobody (any more): your opinion was not kept."))


def of(reviewer: User, case: Case) -> Opinion | None:
    """Return what this person thinks of the revision under review, if it is written down."""
    return Opinion.objects.filter(reviewer=reviewer, revision=case.revision_id).first()


def is_hidden(decision: Decision, *, from_: User) -> bool:
    """Return whether a proposed decision is kept from this person, who may sign it, until their own opinion is in."""
    return (
        decision.case.program.blind_second
        and decision.signed_at is None
        and may_sign(from_, decision)
        and of(from_, decision.case) is None
    )


def check(revision: Revision, *, outcome: str, categories: Sequence[str], note: str) -> None:
    """Raise statements.Incomplete where what somebody thinks of a revision cannot be kept, by field."""
    problems = {}
    if outcome not in Outcome.values:
        problems["outcome"] = _("Choose what you would decide.")
    if strange := set(categories) - set(statements.names(revision.guidelines_id)):
        problems["categories"] = _("These guidelines have no %(strange)s.") % {
            "strange": ", ".join(sorted(strange))
        }
    if len(note) > NOTE_MOST:
        problems["note"] = _("At most %(most)s characters; this has %(number)s.") % {
            "most": grouped(NOTE_MOST),
            "number": grouped(len(note)),
        }
    if problems:
        raise statements.Incomplete(problems)


@transaction.atomic
def give(
    decision: Decision,
    *,
    by: User,
    at: datetime,
    outcome: str,
    categories: Sequence[str] = (),
    note: str = "",
) -> Opinion:
    """Write down one's own view of what somebody else proposed a decision on; blind where that was hidden.

    The first one stands: asking again returns it. Raises claims.NotForYou, NothingProposed, statements.Incomplete.
    """
    case, decision = cases.locked_decision(decision)
    if not may_sign(by, decision):
        raise claims.NotForYou
    if not decision.waits_for_second or case.state != CaseState.AWAITING_SECOND:
        raise NothingProposed
    check(case.revision, outcome=outcome, categories=categories, note=note)
    blind = is_hidden(decision, from_=by)
    return record(case, by=by, at=at, outcome=outcome, categories=categories, note=note.strip(), blind=blind)


def record(
    case: Case,
    *,
    by: User,
    at: datetime,
    outcome: str,
    categories: Sequence[str] = (),
    reason_code: str = "",
    note: str = "",
    blind: bool = False,
) -> Opinion:
    """Keep a person's view of the revision of a locked case; a blind one is never written over."""
    standing = of(by, case)
    if standing and standing.blind:
        return standing
    opinion = standing or Opinion(case=case, revision_id=case.revision_id, reviewer=by)
    opinion.outcome, opinion.categories, opinion.reason_code = outcome, list(categories), reason_code
    opinion.note, opinion.made_at, opinion.blind = note, at, blind
    opinion.save()
    ledger.record(
        Event.OPINION_GIVEN, subject=opinion, actor=by, at=at, outcome=outcome, blind=blind,
        case=case.pk, revision=case.revision.number,
    )  # fmt: skip
    return opinion

"""Show a letter exactly as it will be sent: the decision is made, told, and all of it taken back.

Whatever a letter says depends on what telling does (the end of access, a place in line), so nothing but the real thing
says it exactly. Only the time is another one: it is told after its recall window.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.models import Letter
from reviews.domain import cases, claims, decisions, telling
from reviews.domain.statements import Statement
from reviews.models import Case, Decision
from reviews.permissions import may_decide


class NobodyToWriteTo(Exception):
    def __init__(self) -> None:
        super().__init__(_("Nobody owns this application, so no letter is sent."))


def of_decision(case: Case, *, by: User, at: datetime, says: Mapping[str, Any]) -> Letter:
    """Return the letter, not kept, that would be sent if this were decided now. Changes nothing.

    Raises claims.NotForYou, HeldBy, NotHeld, statements.Incomplete, NobodyToWriteTo.
    """
    with transaction.atomic():
        case = cases.locked(case)
        if not may_decide(by, case):
            raise claims.NotForYou
        claims.held(case, by=by, at=at)
        made = decisions.propose(case, Statement(**says), by=by, at=at)
        return _taken_back(case, made, at=at)


def of_waiting(decision: Decision, *, at: datetime) -> Letter:
    """Return the letter of a decision that waits to be signed or told. Changes nothing. Raises NobodyToWriteTo."""
    with transaction.atomic():
        case, decision = cases.locked_decision(decision)
        return _taken_back(case, decision, at=at)


def _taken_back(case: Case, decision: Decision, *, at: datetime) -> Letter:
    urgent = bool(decision.emergency_reason)
    decision.told_at = decision.tell_at or telling.due_at(
        case.program, decision.outcome, urgent=urgent, at=at
    )
    letter = telling.take_effect(case, decision, at=decision.told_at)
    transaction.set_rollback(True)
    if letter is None:
        raise NobodyToWriteTo
    return letter

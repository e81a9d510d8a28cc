"""Put right what was told: another decision with the same outcome, other words or conditions, and another letter.

Another outcome is no correction: a refusal is set aside by an appeal (`reversals`), and access is taken away by none.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.events import Event
from reviews.domain import cases, decisions, statements, telling
from reviews.domain.statements import Statement
from reviews.models import Decision
from reviews.permissions import may_correct
from reviews.states import APPROVALS, CaseState, Outcome, SecondPerson


class NotYoursToCorrect(Exception):
    def __init__(self, decision: Decision):
        super().__init__(_("%(people)s, may correct it.") % {"people": decisions.maker_or_senior(decision)})


class NothingToCorrect(Exception):
    """Not told, not the latest, set aside by an appeal, or a question."""

    def __init__(self) -> None:
        super().__init__(
            _("Only the last decision on a case, once it was told and while it counts, is corrected.")
        )


@transaction.atomic
def correct(decision: Decision, said: Statement, *, by: User, at: datetime, token: str = "") -> Decision:
    """Decide again, with the same outcome, in the place of what was told; the applicant gets another letter.

    It waits its recall window, and for a second person where the rule asks for one or one signed the first. An approval
    may gain or lose conditions. Raises NotYoursToCorrect, NothingToCorrect, statements.Incomplete.
    """
    case, decision = cases.locked_decision(decision)
    if not may_correct(by, decision):
        raise NotYoursToCorrect(decision)
    if sent := decisions.sent_before(case, token, by=by):
        return sent
    latest = case.decisions.standing().order_by("-pk").first()
    counts = (
        decision.told_at and decision.overturned_at is None and decision.outcome != Outcome.NEEDS_INFORMATION
    )
    if latest != decision or not counts or case.state != CaseState.DECIDED:
        raise NothingToCorrect
    if said.outcome != decision.outcome and {said.outcome, decision.outcome} != set(APPROVALS):
        raise statements.Incomplete(
            {
                statements.Field.OUTCOME: _(
                    "A correction keeps what was decided; only its words or conditions change."
                )
            }
        )
    made = decisions.propose(
        case, said, by=by, at=at, token=token, supersedes=decision, second=SecondPerson(decision.second)
    )
    if made.second != SecondPerson.NOBODY:
        cases.move(
            case, to=CaseState.AWAITING_SECOND, event=Event.CASE_AWAITS_SECOND, by=by, at=at,
            reason=made.reason_code,
        )  # fmt: skip
    telling.hint(made, at=at)
    return made

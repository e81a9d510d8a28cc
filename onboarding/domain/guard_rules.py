"""Set a program's freeze rules: each change is another version, with who, when and why; none is ever rewritten."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.guards import WITHOUT_WINDOW
from onboarding.domain.programs import AlreadySo, SayWhy
from onboarding.models import GuardRule, Program
from onboarding.models.guard import REASON_MOST, WINDOW_MOST
from onboarding.permissions import may_set_guards
from onboarding.states import GuardKind, GuardMode, Thaw
from outbox import hints

VALUE_MOST, SAMPLE_MOST = 1000.0, 1_000_000_000
MEASURED_BY = ("reviews.tasks.measure_guards", "enforcement.tasks.measure_guards")


class NotYoursToSet(Exception):
    def __init__(self) -> None:
        super().__init__(_("Freeze rules are set by who sets a program's rates."))


class BadRule(Exception):
    """What was asked for is no rule; says what to write instead."""


@dataclass(frozen=True)
class Rule:
    """What a version says; see `GuardRule`."""

    mode: str
    threshold: float
    clear_below: float
    window_days: int
    minimum_sample: int
    thaw: str = Thaw.PERSON


# What the page proposes and the demo switches on. Our own choice: no provider has published such bounds. Samples are
# so large that one event alone does not trip a rule; the lower bound is far enough away that noise does not thaw it.
FIRST: dict[str, Rule] = {
    GuardKind.VIOLATIONS: Rule(GuardMode.ON, 5, 2, 28, 200),  # from the sixth or so of 1,000 on
    GuardKind.LATE: Rule(
        GuardMode.ON, 25, 10, 1, 20
    ),  # admitting more makes more cases: renewals, changes of use
    GuardKind.OVERTURNED: Rule(GuardMode.ON, 30, 15, 90, 10),  # who decides wrongly a third of the time stops
    GuardKind.ERRORS: Rule(GuardMode.ON, 5, 2, 1, 1000, Thaw.RULE),  # capacity comes back by itself
}


@transaction.atomic
def set_rule(
    program: Program, guard: GuardKind, asked: Rule, *, by: User, at: datetime, reason: str
) -> GuardRule:
    """Put another version of a rule in force. A freeze it began stands until it is lifted or thaws.

    Raises NotYoursToSet, SayWhy, BadRule, programs.AlreadySo.
    """
    if not may_set_guards(by):
        raise NotYoursToSet
    why = reason.strip()[:REASON_MOST]
    if not why:
        raise SayWhy
    check(guard, asked)
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    before = GuardRule.objects.filter(program=program, guard=guard).in_force().first()
    if before and _said(before) == asked:
        raise AlreadySo(_("The rule is set like that already."))
    made = GuardRule.objects.create(
        program=program, guard=guard, set_at=at, set_by=by, reason=why, **asdict(asked)
    )
    ledger.record(
        Event.GUARD_RULE_SET, subject=made, actor=by, at=at, reason=ledger.digest(why), program=program.slug,
        guard=guard, before=before.pk if before else None, **asdict(asked),
    )  # fmt: skip
    for task in MEASURED_BY:
        transaction.on_commit(partial(hints.later, task), robust=True)
    return made


def check(guard: GuardKind, asked: Rule) -> None:
    """Raise BadRule where no rule could say this."""
    if not 0 < asked.clear_below < asked.threshold <= VALUE_MOST:
        raise BadRule(
            _(
                "It is green below a figure above 0 and stops from a larger one on, 1,000 at most: "
                "the distance between the two is what keeps it from flapping."
            )
        )
    if not 1 <= asked.window_days <= WINDOW_MOST or not 1 <= asked.minimum_sample <= SAMPLE_MOST:
        raise BadRule(
            _("It looks at 1 to %(most)s days, and at a sample of at least one.") % {"most": WINDOW_MOST}
        )
    if guard in WITHOUT_WINDOW and asked.window_days != 1:
        raise BadRule(_("Open cases are counted as they are now: leave its days at 1."))
    if asked.mode not in GuardMode.values or asked.thaw not in Thaw.values:
        raise BadRule(_("There is no such rule."))


def _said(rule: GuardRule) -> Rule:
    return Rule(rule.mode, rule.threshold, rule.clear_below, rule.window_days, rule.minimum_sample, rule.thaw)

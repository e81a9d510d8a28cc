"""The rate plan: what it gives each week, and when within it. Rows are set here; the formulas are pure.

A plan holds for the weeks that open after it was set. The formulas are published in docs/admission.md.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import AlreadySo, SayWhy
from onboarding.models import PlanShare, Program, RatePlan, Week
from onboarding.models.plan import AMONG_MOST, MOST_RAMP, MOST_RAMP_WEEKS, NO_RAMP
from onboarding.states import Carry, ShareKind, Spread, Stage, Unfilled

MOST_SHARES = 8
MOST_SEATS = 10_000_000  # a week; as rates.MOST_PER_WEEK, which is above this module
HALF_A_DAY, DAY = timedelta(hours=12), timedelta(days=1)


class BadPlan(Exception):
    """Figures that cannot be meant; the message says which and what to do."""


@dataclass(frozen=True)
class Share:
    """`percent` of a week for one cohort: a kind, and which of it (`among`, with commas between)."""

    kind: str
    among: str
    percent: int


@dataclass(frozen=True)
class Rules:
    """What a plan says. `ramp_percent` 150 is half as many again every `ramp_weeks`, up to `ramp_most` a week."""

    ramp_percent: int = NO_RAMP
    ramp_weeks: int = 1
    ramp_most: int | None = None
    carry: str = Carry.NONE
    carry_most: int | None = None
    spread: str = Spread.AT_ONCE
    unfilled: str = Unfilled.OTHERS
    shares: tuple[Share, ...] = ()


WITHOUT = Rules()  # what holds where no plan was ever set


def in_force(program: Program, at: datetime) -> RatePlan | None:
    """Return the plan that holds for a week that opens at this moment."""
    return program.plans.filter(set_at__lte=at).order_by("-set_at", "-id").first()


def rules_of(plan: RatePlan | None) -> Rules:
    """Return what a plan says, its shares in their order; without a plan the rules of before."""
    if plan is None:
        return WITHOUT
    shares = tuple(Share(each.kind, each.among, each.percent) for each in plan.shares.order_by("place"))
    figures = {name: getattr(plan, name) for name in Rules.__dataclass_fields__ if name != "shares"}
    return Rules(**figures, shares=shares)


@transaction.atomic
def set_plan(program: Program, rules: Rules, *, by: User, at: datetime, reason: str) -> RatePlan:
    """Let the weeks that open from now on be made by these rules; the running week stays as it opened.

    Raises SayWhy, BadPlan, AlreadySo.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    if not reason.strip():
        raise SayWhy
    refuse_nonsense(rules)
    if rules == rules_of(in_force(program, at)):
        raise AlreadySo(_("The plan of %(program)s says that already.") % {"program": program})
    figures = asdict(rules)
    shares = figures.pop("shares")
    plan = RatePlan.objects.create(program=program, set_at=at, set_by=by, reason=reason.strip(), **figures)
    PlanShare.objects.bulk_create(
        PlanShare(plan=plan, place=place, **share) for place, share in enumerate(shares, start=1)
    )
    ledger.record(
        Event.PLAN_SET, subject=program, actor=by, at=at, reason=ledger.digest(reason), plan=plan.pk,
        **figures, shares=list(shares),
    )  # fmt: skip
    return plan


def refuse_nonsense(rules: Rules) -> None:
    """Raise BadPlan with a sentence where the figures do not fit together."""
    ramps = rules.ramp_percent != NO_RAMP
    if ramps and not NO_RAMP < rules.ramp_percent <= MOST_RAMP:
        raise BadPlan(_("A ramp multiplies the rate by more than 1 and at most 10."))
    if ramps and (rules.ramp_most is None or not 1 <= rules.ramp_most <= MOST_SEATS):
        raise BadPlan(_("Say at how many people a week the ramp ends."))
    if not 1 <= rules.ramp_weeks <= MOST_RAMP_WEEKS:
        raise BadPlan(_("Between two steps of the ramp lie 1 to %(most)s weeks.") % {"most": MOST_RAMP_WEEKS})
    if rules.carry == Carry.CAPPED and (rules.carry_most is None or not 1 <= rules.carry_most <= MOST_SEATS):
        raise BadPlan(_("Say how many unused seats a week takes over at most."))
    if (not ramps and rules.ramp_most is not None) or (
        rules.carry != Carry.CAPPED and rules.carry_most is not None
    ):
        raise BadPlan(_("A figure is given for a rule that is not chosen; clear it or choose the rule."))
    _refuse_shares(rules.shares)


def _refuse_shares(shares: Sequence[Share]) -> None:
    if len(shares) > MOST_SHARES:
        raise BadPlan(_("A plan has at most %(most)s shares.") % {"most": MOST_SHARES})
    if any(not 1 <= share.percent <= 100 for share in shares) or sum(s.percent for s in shares) > 100:
        raise BadPlan(_("Each share is 1 to 100 percent, and together they are at most 100."))
    if any((share.kind == ShareKind.HAND_PICKED) == bool(share.among) for share in shares):
        raise BadPlan(
            _("Say which: a kind of applicant, countries, a wave. Hand-picked needs nothing further.")
        )
    if any(len(share.among) > AMONG_MOST for share in shares):
        raise BadPlan(_("A share names too many at once; make it two shares."))
    if len({(share.kind, share.among) for share in shares}) < len(shares):
        raise BadPlan(_("Two shares are for the same people; make them one."))


def belongs(kind: str, among: str) -> Q:
    """Return the condition on places in line that are of a cohort; `among` says which, with commas between."""
    if kind == ShareKind.HAND_PICKED:
        return Q(hand_picked=True)
    return Q(**{f"{kind}__in": among.split(",")})


def ramp(rules: Rules) -> tuple[int, int, int | None]:
    """Return what makes one ramp another: changing it begins the ramp anew."""
    return rules.ramp_percent, rules.ramp_weeks, rules.ramp_most


def weekly(rules: Rules, per_week: int, green_weeks: int) -> int:
    """Return what the ramp makes of a rate: rate × percent^n, rounded down, up to its end.

    n counts whole steps of `ramp_weeks` among the weeks it has gone on. A rate above the end of the ramp stays.
    """
    if not per_week or rules.ramp_most is None or per_week >= rules.ramp_most:
        return per_week
    n, raised = green_weeks // rules.ramp_weeks, per_week
    for step in range(1, n + 1):
        raised = per_week * rules.ramp_percent**step // NO_RAMP**step
        if raised >= rules.ramp_most:
            return rules.ramp_most
    return raised


def carried(rules: Rules, unused: int, *, rate: int) -> int:
    """Return how many unused seats a week takes over; a week at rate 0 takes none: it is to let nobody in."""
    if rate == 0 or rules.carry == Carry.NONE:
        return 0
    most = unused if rules.carry_most is None else min(unused, rules.carry_most)
    return max(0, min(most, MOST_SEATS - rate))


def of_share(limit: int, percent: int) -> int:
    """Return a share's seats of a week: its percent of the limit, rounded down."""
    return limit * percent // 100


def released(seats: int, part: tuple[int, int]) -> int:
    """Return how many of `seats` may be given once this part (days begun, days in all) of a week has come.

    Rounded up: of three seats the first is given on the first day.
    """
    begun, days = part
    return -(-seats * begun // days)


def part_of(week: Week, program: Program, at: datetime) -> tuple[int, int]:
    """Return (days begun, days in all) on which this week gives seats, counted in the program's own zone.

    A day is a day of the week: it begins at the hour at which the week does, whatever the clocks do meanwhile, and is
    named after its middle, so that a week from Sunday 23:30 begins with a Monday. Working days are Monday to Friday:
    holidays are not known here. A week without a working day gives its seats daily.
    """
    spread = week.plan.spread if week.plan else Spread.AT_ONCE
    if spread == Spread.AT_ONCE or program.stage == Stage.OPEN:  # there nobody waits for a day
        return 1, 1
    days = _days(week, program)
    if spread == Spread.WORKING_DAYS:
        days = [day for day in days if (day + HALF_A_DAY).weekday() < 5] or days
    begun = sum(day.astimezone(UTC) <= at for day in days)
    return begun, len(days)


def _days(week: Week, program: Program) -> list[datetime]:
    """Return when each day of a week begins, as local wall-clock times."""
    day, found = week.starts_at.astimezone(program.zone), []
    while day.astimezone(UTC) < week.ends_at:
        found.append(day)
        day += DAY  # of aware times: the same hour of the next date
    return found

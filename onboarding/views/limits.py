"""What is left of each limit, and the chart of the last days, for a grant's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement import usage
from enforcement.models import UsageNoticeChoice
from enforcement.models.usage_notice import ALWAYS, LEVELS
from enforcement.usage import Day, Left, Recent
from onboarding import charts
from onboarding.models import Grant, Tier
from onboarding.states import Environment
from onboarding.views.holding import Holding

WIDE = 0.7  # of a day's share of the width
KINDS = ("allowed", "limited", "refused")
SORTS = [  # of limits that an owner sets for a key: kind and span, and how a page says both
    ("requests-minute", gettext_lazy("requests a minute")),
    ("requests-day", gettext_lazy("requests a UTC day")),
    ("tokens-minute", gettext_lazy("tokens a minute")),
    ("tokens-day", gettext_lazy("tokens a UTC day")),
]


@dataclass(frozen=True)
class Allowance:
    """The limits in force for the keys of one environment; `standing` is None while the counts are away.

    `own` is the tier whose limits wait meanwhile, where trial limits apply to the grant.
    """

    environment: str
    tier: Tier
    standing: Left | None
    own: Tier | None = None


@dataclass(frozen=True)
class Part:
    """One colour of one day's column: across in per cent, down in pixels."""

    kind: str
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One day: its parts from the floor up, and where its name stands."""

    day: Day
    middle: float
    name: str
    parts: list[Part]


@dataclass(frozen=True)
class Chart:
    """What the template draws; the table beside it says the same."""

    columns: list[Column]
    ticks: list[tuple[float, int]]
    width: float
    height: int = charts.HEIGHT


def allowances(holding: Holding) -> list[Allowance]:
    """Return the limits in force of each environment this grant has keys in, as the gateway applies them."""
    grant = holding.grant
    tiers = {tier.environment: tier for tier in Tier.objects.filter(program=grant.program)}
    found = []
    for environment in reversed(holding.environments):
        own = tiers[environment]
        trial = tiers.get(Environment.TEST, own) if grant.limited_since else own
        tier = min(trial, own, key=lambda each: each.requests_per_day)
        found.append(Allowance(environment, tier, _standing(holding, tier), own if tier is not own else None))
    return found


def recent(holding: Holding, *, at: datetime, days: int = usage.DAYS) -> Recent:
    """Return the last days of all keys of the grant."""
    return usage.recent(
        [shown.key.key_id for shown in holding.keys if shown.secret and shown.key], at=at, days=days
    )


def notice_levels(grant: Grant) -> list[tuple[int, bool, bool]]:
    """Return each level of a day's limit, whether its letter is wanted, and whether that can be changed."""
    choice = UsageNoticeChoice.objects.filter(grant=grant).first()
    wanted = choice.levels if choice else LEVELS
    return [(level, level in wanted, level != ALWAYS) for level in LEVELS]


def chart(days: Sequence[Day]) -> Chart | None:
    """Return the columns of these days; None where nothing was asked in them."""
    if not any(day.total for day in days):
        return None
    most = charts.round_up(max(day.total for day in days))
    share = 100 / len(days)
    columns = []
    for number, day in enumerate(days):
        x, below, parts = share * (number + (1 - WIDE) / 2), 0, []
        for kind in KINDS:
            if count := getattr(day, kind):
                top = charts.y(below + count, most)
                parts.append(Part(kind, round(x, 2), top, round(charts.y(below, most) - top, 1)))
                below += count
        middle = round(share * (number + 0.5), 2)
        columns.append(Column(day, middle, date_format(day.on, _("j M")), parts))
    return Chart(columns, charts.ticks(most), round(share * WIDE, 2))


def _standing(holding: Holding, tier: Tier) -> Left | None:
    grant = holding.grant
    try:
        return usage.standing(
            str(grant.owner.public_id),
            grant.program.slug,
            tier.environment,  # whose allowance counts, see `projection.Projection.counted`
            per_minute=tier.requests_per_minute,
            per_day=tier.requests_per_day,
        )
    except usage.CountsAway:
        return None

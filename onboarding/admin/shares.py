"""The line by the shares of its weeks, as the board shows it: who waits for which, since when, what was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from onboarding.domain import cohorts
from onboarding.domain.plans import Rules
from onboarding.models import PlanShare, Program, Week


@dataclass(frozen=True)
class Cohort:
    """Those of one share: `given` of the `limit` seats it has this week; both None for everybody else."""

    says: str
    waiting: int
    since: date | None
    given: int | None = None
    limit: int | None = None


def table(program: Program, rules: Rules, week: Week | None) -> list[Cohort]:
    """Return a row for each share of these rules, in its order, and one for everybody else; none without shares."""
    if not rules.shares:
        return []
    names = [str(PlanShare(kind=each.kind, among=each.among, percent=each.percent)) for each in rules.shares]
    held = list(week.shares.select_related("share").order_by("share__place")) if week else []
    figures: Sequence[tuple[int | None, int | None]] = [(None, None)] * len(names)
    if cohorts.same(held, rules.shares):
        figures = [(each.admitted, each.limit) for each in held]
    days = cohorts.days(program, rules.shares)
    found = []
    for number, (name, seats) in enumerate(
        zip([*names, _("Everybody else")], [*figures, (None, None)], strict=True)
    ):
        here = [(day, people[number]) for day, people in days if people[number]]
        found.append(
            Cohort(name, sum(n for _, n in here), min((day for day, _ in here), default=None), *seats)
        )
    return found

"""How many people reached each step from application to key, and how long it took those who did lately."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain import counts, waits
from onboarding.models import Program
from onboarding.states import Step

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Reached:
    """People who came to a step; `wait` is the median time since the step before, in words."""

    name: str
    people: int
    wait: str


def reached(program: Program) -> list[Reached]:
    """Return the steps in order, in three statements that take the same however many people there are."""
    people, lately = counts.steps(program), waits.lately(program)
    return [Reached(step.label, people.get(step, 0), in_words(lately.get(step))) for step in Step]


def in_words(wait: timedelta | None) -> str:
    """Return a length of time in its largest fitting unit, such as "17 days"; nothing for none."""
    if wait is None:
        return ""
    seconds = wait.total_seconds()
    for size in (DAY, HOUR, MINUTE):
        if seconds >= size * (
            2 if size == DAY else 0.96
        ):  # 59 minutes are an hour, 30 hours are not "1.3 days"
            count = round(seconds / size, 1 if seconds < 10 * size else None)
            return _so_many(size, count)
    return _("under a minute")


def _so_many(size: float, count: float) -> str:
    number = 1 if count == 1 else 2  # one and a half of them are many
    if size == DAY:
        says = ngettext("%(count)s day", "%(count)s days", number)
    elif size == HOUR:
        says = ngettext("%(count)s hour", "%(count)s hours", number)
    else:
        says = ngettext("%(count)s minute", "%(count)s minutes", number)
    return says % {"count": f"{count:g}"}

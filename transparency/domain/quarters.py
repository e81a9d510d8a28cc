"""Quarters of a year, in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

NAMED = re.compile(r"(20\d\d)-?Q([1-4])", re.ASCII)


class BadQuarter(Exception):
    def __init__(self, said: str):
        super().__init__(
            _("“%(said)s” is no quarter. Write the year and the quarter, such as 2026Q3.")
            % {"said": said[:20]}
        )


class NotOver(Exception):
    def __init__(self, quarter: "Quarter"):
        day = date_format(quarter.until, _("j F Y"))
        super().__init__(
            _("%(quarter)s is not over before %(day)s, 00:00 UTC.") % {"quarter": quarter.name, "day": day}
        )


@dataclass(frozen=True)
class Quarter:
    """From its first moment to the first one after it."""

    year: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def start(self) -> datetime:
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        return self.after.start

    @property
    def last_day(self) -> date:
        return (self.until - timedelta(days=1)).date()

    @property
    def after(self) -> "Quarter":
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    def __str__(self) -> str:
        return self.name


def named(said: str) -> Quarter:
    """Return the quarter of this name, such as 2026Q3 or 2026-Q3. Raises BadQuarter."""
    found = NAMED.fullmatch(said.strip().upper())
    if found is None:
        raise BadQuarter(said)
    return Quarter(int(found[1]), int(found[2]))


def of(at: datetime) -> Quarter:
    """Return the quarter a moment lies in."""
    at = at.astimezone(UTC)
    return Quarter(at.year, (at.month + 2) // 3)

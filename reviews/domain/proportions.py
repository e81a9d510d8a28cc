"""How sure a share is: n of N with the interval that N allows."""

from dataclasses import dataclass
from math import sqrt

from django.utils.translation import gettext as _

Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Share:
    """`right` of `of`; `low` and `high` are the 95 % Wilson interval, 0 and 1 where there is nothing to go by."""

    right: int
    of: int

    @property
    def low(self) -> float:
        return self._interval[0]

    @property
    def high(self) -> float:
        return self._interval[1]

    @property
    def percent(self) -> int:
        return round(100 * self.right / self.of) if self.of else 0

    @property
    def _interval(self) -> tuple[float, float]:
        """After E. B. Wilson, 1927: it stays within 0 and 1 and holds for small numbers."""
        if not self.of:
            return 0.0, 1.0
        share, z2 = self.right / self.of, Z * Z
        middle = share + z2 / (2 * self.of)
        half = Z * sqrt(share * (1 - share) / self.of + z2 / (4 * self.of**2))
        return max(0.0, (middle - half) / (1 + z2 / self.of)), min(1.0, (middle + half) / (1 + z2 / self.of))

    def __str__(self) -> str:
        if not self.of:
            return _("nothing decided yet")
        return _("%(right)s of %(of)s (%(percent)s %%, %(low)s to %(high)s %%)") % {
            "right": self.right,
            "of": self.of,
            "percent": self.percent,
            "low": f"{100 * self.low:.0f}",
            "high": f"{100 * self.high:.0f}",
        }

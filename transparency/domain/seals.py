"""The ledger's seals as the public reads them: enough to notice a rewritten ledger, and nothing about anybody.

Not published is how many entries a seal covers, and what their hashes are: a guess could be tried on them.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from audit.models import Seal

A_PAGE = 1000


@dataclass(frozen=True)
class Link:
    """One seal of the chain; `previous` is empty for the first."""

    number: int
    sealed_at: str
    previous: str
    hash: str


def chain(*, after: int = 0, most: int = A_PAGE) -> list[Link]:
    """Return the seals that follow number `after`, oldest first, at most so many."""
    found = Seal.objects.filter(number__gt=after).order_by("number")[:most]
    return [_link(seal) for seal in found]


def newest(*, before: int | None = None, most: int = 50) -> list[Link]:
    """Return the newest seals, or the newest before number `before`, the newest first."""
    found = Seal.objects.order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    return [_link(seal) for seal in found[:most]]


def broken(links: list[Link], *, kept: list[Link]) -> str:
    """Return what is wrong with a chain as somebody downloaded it, beside what they kept before; empty when nothing is.

    The recipe of docs/seals.md in code: numbers without a gap, each naming the hash before it, nothing kept missing.
    """
    for before, link in zip([None, *links], links, strict=False):
        if before and (link.number, link.previous) != (before.number + 1, before.hash):
            return _("Seal %(number)s does not follow seal %(before)s.") % {
                "number": link.number,
                "before": before.number,
            }
    known = {link.number: link for link in links}
    for link in kept:
        if known.get(link.number, link) != link:
            return _("Seal %(number)s is not what it was.") % {"number": link.number}
        if links and link.number >= links[0].number and link.number not in known:
            return _("Seal %(number)s is gone.") % {"number": link.number}
    return ""


def _link(seal: Seal) -> Link:
    return Link(seal.number, seal.sealed_at.isoformat(), seal.previous_hash, seal.hash)

"""A case beside all others that one person may see: the near ones, the kin, in a fixed number of statements."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from reviews.domain import kin, precedents
from reviews.domain.kin import Group, Kin
from reviews.domain.precedents import Near
from reviews.models import Case


@dataclass(frozen=True)
class Beside:
    near: Near
    kin: Mapping[Kin, Group]


def of(case: Case, *, hidden: Q) -> Beside:
    """Return what the case is compared with. `hidden` is the condition on cases this person may not see.

    Seven statements at most.
    """
    near, related = precedents.find(case, hidden=hidden), kin.find(case, hidden=hidden)
    cases = precedents.read({*near.alike, *near.similar, *related.shown})
    return Beside(precedents.put_together(case, near, cases), kin.put_together(related, cases))

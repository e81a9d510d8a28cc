"""Conflicts of interest a reviewer declares: kept to themselves, obeyed everywhere; and overrides for single cases."""

import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from accounts.roles import Duty, may
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from onboarding.permissions import has_part_in as has_real_part_in
from reviews.domain import cases
from reviews.domain.optouts import NotAReviewer
from reviews.models import Case, Interest, InterestOverride
from reviews.permissions import may_override
from reviews.states import InterestKind

MOST = 50  # of one person; each is a condition on every list they see
REASON_MOST = 1000  # characters
HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


class BadInterest(Exception):
    """Not an organisation's name or a domain, or too many."""


class CannotOverride(Exception):
    """Says why one case cannot be given to one person by an override."""


def tidy(kind: str, name: str) -> str:
    """Return a name as it is kept: lower case, single blanks; of a domain no @ or scheme. Raises BadInterest."""
    words = " ".join(name.replace("\0", "").lower().split())
    if kind == InterestKind.DOMAIN:
        words = re.sub(r"^(https?://)?(www\.)?(.*@)?", "", words).split("/")[0].rstrip(".")
        if not HOST.fullmatch(words):
            raise BadInterest(_("Write a domain such as example.org."))
    if kind not in InterestKind.values or not words or len(words) > 200:
        raise BadInterest(_("Write the name of an organisation, at most 200 characters."))
    return words


@transaction.atomic
def declare(kind: str, name: str, *, by: User, at: datetime) -> Interest:
    """Declare an interest; one that stands is returned. Raises NotAReviewer, BadInterest."""
    if not may(by, Duty.REVIEW_CASES):
        raise NotAReviewer
    words = tidy(kind, name)
    mine = Interest.objects.live().filter(reviewer=by)
    if mine.count() >= MOST and not mine.filter(kind=kind, name=words).exists():
        raise BadInterest(_("At most %(most)s. Talk to a manager if you need more.") % {"most": MOST})
    made, _is_new = mine.get_or_create(kind=kind, name=words, defaults={"reviewer": by, "declared_at": at})
    return made


@transaction.atomic
def end(interest: Interest, *, by: User, at: datetime) -> None:
    """End an interest of one's own; twice is once. The row stays: that it stood then may matter. NotAReviewer else."""
    if interest.reviewer_id != by.pk:
        raise NotAReviewer
    Interest.objects.live().filter(pk=interest.pk).update(ended_at=at)


@transaction.atomic
def override(case: Case, *, reviewer: User, by: User, at: datetime, reason: str) -> InterestOverride:
    """Let one reviewer take part in one case whatever they declared; the same again changes nothing.

    It says nothing about whether they declared anything. Raises CannotOverride, SayWhy.
    """
    case = cases.locked(case)
    if not may_override(by, case) or by.pk == reviewer.pk:
        raise CannotOverride(
            _("A senior reviewer or a manager without a part in the case does this for somebody else.")
        )
    if not may(reviewer, Duty.REVIEW_CASES):
        raise CannotOverride(_("%(reviewer)s is not a reviewer.") % {"reviewer": reviewer})
    if has_real_part_in(reviewer, case.application):
        raise CannotOverride(
            _("It is %(reviewer)s's own or their organisation's case: nobody can let them decide it.")
            % {"reviewer": reviewer}
        )
    words = reason.replace("\0", "").strip()
    if not words:
        raise SayWhy
    if len(words) > REASON_MOST:
        raise CannotOverride(
            _("A reason has at most %(most)s characters; this has %(number)s.")
            % {"most": grouped(REASON_MOST), "number": grouped(len(words))}
        )
    made, is_new = InterestOverride.objects.get_or_create(
        case=case, reviewer=reviewer, defaults={"reason": words, "given_by": by, "given_at": at}
    )
    if is_new:
        ledger.record(
            Event.OVERRIDE_GIVEN, subject=made, actor=by, at=at, reason=ledger.digest(words), case=case.pk,
            reviewer=ledger.name_of(reviewer),
        )  # fmt: skip
    return made

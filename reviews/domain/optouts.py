"""Choose which categories one takes, set one's own limits, take a break. Only the person does; nobody learns of it.

No row of the ledger tells of it: who read there when somebody chose, and which case went back then, would know what
they chose (ADR). What they hold and are kept from now goes back as if given back.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Duty, may
from reviews.domain import care, cases, claims, slots
from reviews.models import Care, Case, CategoryChoice, Claim
from reviews.permissions import spared_categories
from reviews.states import Blur, CaseState, Choice, ClaimEnd

BATCH = 500


class NotAReviewer(Exception):
    def __init__(self) -> None:
        super().__init__(_("These are the settings of reviewers; you are none."))


class OutOfBounds(Exception):
    """A number beyond what the site allows; says which."""


@transaction.atomic
def settle(
    *,
    by: User,
    at: datetime,
    choices: Mapping[str, tuple[str, int | None]],
    cool_down: int | None = None,
    last_hour: int | None = None,
    blur: str = Blur.LIGHT,
    grey: bool = True,
) -> Care:
    """Write one's own settings: category code -> (choice, minutes a day or None for the site's).

    A category left out is as it was. What one holds and does not take any more goes back to the queue, at once or by
    the payer. Raises NotAReviewer, OutOfBounds.
    """
    row = _locked(by)
    _check(choices, cool_down=cool_down, last_hour=last_hour, blur=blur)
    CategoryChoice.objects.bulk_create(
        [
            CategoryChoice(reviewer=by, category=code, choice=choice, minutes=minutes)
            for code, (choice, minutes) in choices.items()
        ],
        update_conflicts=True,
        unique_fields=["reviewer", "category"],
        update_fields=["choice", "minutes"],
    )
    row.cool_down, row.last_hour, row.blur, row.grey = cool_down, last_hour, blur, grey
    row.reroute_owed = True
    row.save()
    return row


@transaction.atomic
def pause(*, by: User, at: datetime) -> Care:
    """Take a break: nothing is offered until one is back, and what one works on goes back. Twice is once."""
    row = _locked(by)
    if row.paused_at is None:
        row.paused_at, row.reroute_owed = at, True
        row.save(update_fields=["paused_at", "reroute_owed"])
    return row


@transaction.atomic
def resume(*, by: User) -> Care:
    """Be back from a break; twice is once."""
    row = _locked(by)
    row.paused_at = None
    row.save(update_fields=["paused_at"])
    return row


def reroute_owed(*, at: datetime, of: User | None = None) -> int:
    """Put back what reviewers hold and are kept from since they chose, or took a break; return how many cases.

    A payer: may run twice and beside itself. Each case goes back in a transaction of its own, after application and
    case are locked; the promise is kept until nothing is left. A crash leaves the rest owed.
    """
    owed = Care.objects.filter(reroute_owed=True).select_related("reviewer").order_by("pk")
    rows = list((owed.filter(reviewer=of) if of else owed)[:BATCH])
    return sum(_reroute(row.reviewer, at) for row in rows)


def _reroute(reviewer: User, at: datetime) -> int:
    mine = Claim.objects.filter(reviewer=reviewer, released_at=None).values_list("pk", flat=True)
    back = sum(_put_back(pk, reviewer, at) for pk in list(mine))
    _settle_promise(reviewer)
    return back


@transaction.atomic
def _put_back(pk: int, reviewer: User, at: datetime) -> bool:
    case = cases.locked(Case.objects.only("application_id").get(claims=pk))
    standing = case.claims.filter(pk=pk, released_at=None).first()
    if standing is None or case.state != CaseState.CLAIMED or not _is_kept(reviewer, standing):
        return False
    claims.let_go(standing, case, by=reviewer, at=at, ended=ClaimEnd.GIVEN_BACK)
    return True


@transaction.atomic
def _settle_promise(reviewer: User) -> None:
    slots.lock(reviewer)  # nobody is given a case, and nothing is chosen, while we look
    left = Claim.objects.filter(reviewer=reviewer, released_at=None).select_related("case")
    if not any(_is_kept(reviewer, standing) for standing in left):
        Care.objects.filter(reviewer=reviewer).update(reroute_owed=False)


def _is_kept(reviewer: User, standing: Claim) -> bool:
    """Return whether a claim cannot stand: its kind of case was chosen away, or a break began while it is worked on."""
    on_break = care.own(reviewer).paused_at is not None and standing.held_at is None
    codes = spared_categories(reviewer)
    return (
        on_break or Case.objects.filter(Q(severe__has_any_keys=sorted(codes)), pk=standing.case_id).exists()
    )


def _locked(by: User) -> Care:
    if not may(by, Duty.REVIEW_CASES):
        raise NotAReviewer
    slots.lock(by)
    return Care.objects.get_or_create(reviewer=by)[0]


def _check(
    choices: Mapping[str, tuple[str, int | None]],
    *,
    cool_down: int | None,
    last_hour: int | None,
    blur: str,
) -> None:
    rule = care.rule()
    for choice, minutes in choices.values():
        if choice not in Choice.values:
            raise OutOfBounds(_("Choose whether you take cases of a kind."))
        if minutes is not None and not care.LEAST_MINUTES <= minutes <= rule.most_minutes:
            raise OutOfBounds(
                _("Minutes a day lie between %(least_minutes)s and %(most_minutes)s.")
                % {"least_minutes": care.LEAST_MINUTES, "most_minutes": rule.most_minutes}
            )
    if cool_down is not None and not rule.least_cool_down <= cool_down <= 480:
        raise OutOfBounds(
            _("The pause after a severe case lies between %(least_cool_down)s and 480 minutes.")
            % {"least_cool_down": rule.least_cool_down}
        )
    if last_hour is not None and not care.FIRST_HOUR < last_hour <= rule.latest_hour:
        raise OutOfBounds(
            _("The hour lies after %(first_hour)s:00 and at %(latest_hour)s:00 at the latest.")
            % {"first_hour": care.FIRST_HOUR, "latest_hour": rule.latest_hour}
        )
    if blur not in Blur.values:
        raise OutOfBounds(_("Choose how strong the blur is."))

"""Draw which decisions are looked at again: by lot per lane, the first ones of what is new, and golden cases.

A draw is a digest of the decision and the rule's salt, so it comes out the same whenever and however often it is made.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from policies.models import Category, GuidelineVersion
from policies.states import Lane
from reviews.domain import automatic, cases, severities
from reviews.models import Decision, GoldenCase, SecondReview, SecondReviewRule
from reviews.permissions import may_set_shares
from reviews.states import SecondReviewKind

BATCH = 500
LOCK = 0x6761_7465_0011  # advisory lock: one draw at a time, so that "the first five" are five
SHARES = {Lane.REFUSE: 10, Lane.HOLD: 10, Lane.NOTIFY: 5, Lane.MONITOR: 5}  # percent, where nobody set any
GOLDEN_EVERY = timedelta(days=30)
REASON_MOST = 500  # characters


class NotYoursToSet(Exception):
    def __init__(self) -> None:
        super().__init__(_("A senior reviewer sets how many decisions are looked at again."))


class BadShare(Exception):
    """A lane that there is not, or a share that is no percentage; says which."""


def rule(program: Program) -> SecondReviewRule:
    """Return what holds for a program: its latest rule, or the one this product ships."""
    return SecondReviewRule.objects.filter(program=program).first() or shipped(program)


def shipped(program: Program) -> SecondReviewRule:
    """Return what holds for a program for which nobody has set a rule."""
    return SecondReviewRule(program=program, shares=dict(SHARES), salt="")


@transaction.atomic
def set_rule(
    program: Program,
    *,
    shares: Mapping[str, int],
    first_cases: int,
    by: User,
    at: datetime,
    reason: str,
) -> SecondReviewRule:
    """Set the share of each lane, in percent, from the next draw on. Raises NotYoursToSet, SayWhy, BadShare."""
    if not may_set_shares(by):
        raise NotYoursToSet
    if not reason.strip():
        raise SayWhy
    strange = set(shares) - set(Lane.values)
    if strange or not all(0 <= share <= 100 for share in shares.values()) or not 0 <= first_cases <= 100:
        raise BadShare(_("Each lane has a share of 0 to 100 %, and the first cases are 0 to 100."))
    if len(reason) > REASON_MOST:
        raise BadShare(
            _("A reason has at most %(most)s characters; this has %(number)s.")
            % {"most": REASON_MOST, "number": grouped(len(reason))}
        )
    made = SecondReviewRule.objects.create(
        program=program, shares=dict(shares), first_cases=first_cases, reason=reason.strip(), set_by=by, set_at=at
    )  # fmt: skip
    ledger.record(
        Event.SECOND_REVIEW_RULE_SET, subject=made, actor=by, at=at, reason=ledger.digest(made.reason),
        program=program.slug, shares=made.shares, first_cases=first_cases,
    )  # fmt: skip
    return made


def draw_owed(*, at: datetime) -> int:
    """Draw for what was told, and golden cases whose time has come; return how many are looked at again.

    A payer: may run twice and beside itself; each decision in a transaction of its own. A crash leaves the rest owed.
    """
    owed = list(Decision.objects.to_draw().order_by("pk")[:BATCH])
    return sum(_draw(decision, at) for decision in owed) + _draw_golden(at)


@transaction.atomic
def _draw(decision: Decision, at: datetime) -> bool:
    case, decision = cases.locked_decision(decision)
    if not decision.draw_owed:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    decision.draw_owed = False
    decision.save(update_fields=["draw_owed"])
    why = _why(decision)
    if why is None:
        return False
    kind, because = why
    drawn = SecondReview.objects.create(
        case=case, revision=decision.revision, decision=decision, kind=kind, because=because, drawn_at=at
    )
    ledger.record(Event.SECOND_REVIEW_DRAWN, subject=drawn, actor="reviews", at=at, reason=kind)
    return True


def _why(decision: Decision) -> tuple[SecondReviewKind, str] | None:
    """Return why a decision is looked at again, and what is new about it; None where it is not.

    Only the first decision on a case: later ones rest on what was said about it. Never a severe case: nobody is shown
    such a text for a figure.
    """
    case = decision.case
    if case.decisions.filter(pk__lt=decision.pk).exists() or case.severity >= severities.SEVERE:
        return None
    holds = rule(case.program)
    if decision.by_rule_id:
        set_now = automatic.setting(case.program)
        share = set_now.sample if set_now else 100
        return (SecondReviewKind.AUTOMATIC, "") if lot(decision, holds) < share else None
    for key in _new(decision):
        drawn = SecondReview.objects.filter(because=key, case__program=case.program)
        if drawn.count() < holds.first_cases:
            return SecondReviewKind.NEW_CATEGORY, key
    if lot(decision, holds) < holds.shares.get(case.lane, 0):
        return SecondReviewKind.SAMPLE, ""
    return None


def lot(decision: Decision, holds: SecondReviewRule) -> float:
    """Return the number from 0 up to 100 that a decision has drawn under a rule."""
    digest = sha256(f"{holds.salt}:{decision.pk}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100


def _new(decision: Decision) -> list[str]:
    """Return the categories a decision is about that no earlier guidelines had, then the guidelines themselves."""
    about = {*decision.categories, *decision.case.domains}
    earlier = GuidelineVersion.objects.filter(pk__lt=decision.guidelines_id)
    if not earlier.exists():
        return [f"version:{decision.guidelines.version}"]
    known = set(
        Category.objects.filter(guidelines__in=earlier, code__in=about).values_list("code", flat=True)
    )
    return [f"category:{code}" for code in sorted(about - known)] + [f"version:{decision.guidelines.version}"]


def _draw_golden(at: datetime) -> int:
    """Bring back each golden case whose last second review is done and long enough ago."""
    recent = SecondReview.objects.exclude(golden=None).filter(drawn_at__gt=at - GOLDEN_EVERY)
    undone = SecondReview.objects.undone().exclude(golden=None)
    due = GoldenCase.objects.filter(retired_at=None, decision__case__severity__lt=severities.SEVERE)
    due = due.exclude(pk__in=undone.values("golden")).exclude(pk__in=recent.values("golden"))
    return sum(_bring_back(pk, at) for pk in due.order_by("pk").values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _bring_back(pk: int, at: datetime) -> bool:
    golden = GoldenCase.objects.select_for_update(of=("self",)).select_related("decision").get(pk=pk)
    standing = golden.second_reviews.filter(done_at=None).exists()
    if golden.retired_at or standing or golden.second_reviews.filter(drawn_at__gt=at - GOLDEN_EVERY).exists():
        return False
    decision = golden.decision
    drawn = SecondReview.objects.create(
        case_id=decision.case_id, revision_id=decision.revision_id, decision=decision,
        kind=SecondReviewKind.GOLDEN, golden=golden, drawn_at=at,
    )  # fmt: skip
    ledger.record(
        Event.SECOND_REVIEW_DRAWN, subject=drawn, actor="reviews", at=at, reason=SecondReviewKind.GOLDEN
    )
    return True

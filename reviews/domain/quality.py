"""How well the reviews go, as questions about guidelines and queue: nobody is named, and nothing below 5 is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from onboarding.models import Program
from policies.models import Category
from policies.states import Lane
from reviews.domain import agreement
from reviews.domain.agreement import Agreement
from reviews.domain.proportions import Share
from reviews.models import SecondReview
from reviews.states import Outcome

LEAST = 5  # of anything: fewer are not shown
WINDOW = timedelta(days=180)
WEEKS = 8
HASTY = timedelta(seconds=30)

# What a decision is about: what it cites, what its case is about, what the second one cites.
PARAGRAPHS = """
    SELECT about.code, count(*), count(*) FILTER (WHERE decision.overturned_at IS NOT NULL),
        count(*) FILTER (WHERE decision.outcome = 'needs_information'),
        count(*) FILTER (WHERE opinion.outcome <> decision.outcome),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decision.decided_at - kase.opened_at)),
        count(*) FILTER (WHERE card.category = about.code)
    FROM reviews_decision decision JOIN reviews_case kase ON kase.id = decision.case_id
    LEFT JOIN reviews_secondreview review ON review.decision_id = decision.id AND review.golden_id IS NULL
    LEFT JOIN reviews_opinion opinion ON opinion.id = review.opinion_id
    LEFT JOIN reviews_reconciliation card ON card.review_id = review.id
    CROSS JOIN LATERAL (SELECT jsonb_array_elements_text(decision.categories) AS code
        UNION SELECT jsonb_array_elements_text(kase.domains)
        UNION SELECT jsonb_array_elements_text(coalesce(opinion.categories, '[]'))
        UNION SELECT card.category WHERE card.category <> '') AS about
    WHERE decision.told_at >= %s AND decision.by_rule_id IS NULL GROUP BY about.code HAVING count(*) >= %s"""
# Opening is claiming: from then on the page is in front of whoever decides.
HASTE = """
    SELECT date_trunc('week', decision.decided_at)::date AS week, count(*), count(DISTINCT decision.decided_by_id),
        count(*) FILTER (WHERE decision.decided_at - opened.claimed_at < make_interval(secs => %s))
    FROM reviews_decision decision CROSS JOIN LATERAL (SELECT claimed_at FROM reviews_claim claim
        WHERE claim.case_id = decision.case_id AND claim.reviewer_id = decision.decided_by_id
        AND claim.claimed_at <= decision.decided_at ORDER BY claim.id DESC LIMIT 1) AS opened
    WHERE decision.decided_at >= %s GROUP BY week ORDER BY week DESC"""


@dataclass(frozen=True)
class Line:
    """How far first and second views agree: overall, or in one lane; None where there are fewer than 5."""

    name: str
    agreed: Agreement | None


@dataclass(frozen=True)
class Paragraph:
    """A category of the guidelines, and what speaks for rewriting it, out of `n` decisions about it."""

    code: str
    name: str
    n: int
    overturned: int
    asked: int
    differ: int
    median: timedelta
    unclear: int

    @property
    def hours(self) -> int:
        return round(self.median.total_seconds() / 3600)

    @property
    def trouble(self) -> float:
        """Return how often somebody was left in doubt, in each decision about it."""
        return (self.overturned + self.asked + self.differ + self.unclear) / self.n


@dataclass(frozen=True)
class Week:
    """Of the decisions of a week how many were made within 30 seconds of opening: in words, "fewer than 5" if so."""

    begins_on: date
    n: int
    hasty: str


def lines() -> list[Line]:
    """Return the agreement overall and by lane, golden cases aside. One query."""
    done = (
        _done()
        .filter(golden=None, decision__by_rule=None)
        .values_list("case__lane", "decision__outcome", "opinion__outcome")
    )
    pairs = [(lane, (first, second)) for lane, first, second in done]
    return [Line(_("All lanes"), _agreed([pair for _, pair in pairs]))] + [
        Line(str(Lane(lane).label), _agreed([pair for its, pair in pairs if its == lane]))
        for lane in Lane.values
    ]


def automatic(program: Program) -> Share:
    """Return of how many approvals by rules people who looked again would approve too. One query."""
    done = _done().filter(golden=None, decision__by_rule__isnull=False, case__program=program)
    views = list(done.values_list("opinion__outcome", flat=True))
    return Share(sum(outcome == Outcome.APPROVED for outcome in views), len(views))


def golden() -> Agreement | None:
    """Return how far second views agree with what seniors expect of golden cases. One query."""
    done = _done().exclude(golden=None)
    return _agreed(list(done.values_list("golden__expected", "opinion__outcome")))


def paragraphs(*, at: datetime) -> list[Paragraph]:
    """Return the categories by how much they are in doubt, the most doubtful first. Two queries."""
    names = dict(Category.objects.order_by("pk").values_list("code", "name"))
    with connection.cursor() as cursor:
        cursor.execute(PARAGRAPHS, [at - WINDOW, LEAST])
        rows = cursor.fetchall()
    found = [
        Paragraph(
            code, names.get(code, code), n, overturned, asked, differ, timedelta(seconds=median), unclear
        )
        for code, n, overturned, asked, differ, median, unclear in rows
    ]
    return sorted(found, key=lambda paragraph: (-paragraph.trouble, paragraph.code))


def weeks(*, at: datetime) -> list[Week]:
    """Return the last weeks in which 5 people or more decided, the newest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(HASTE, [HASTY.total_seconds(), at - timedelta(weeks=WEEKS)])
        rows = cursor.fetchall()
    return [Week(week, n, few(hasty)) for week, n, people, hasty in rows if min(n, people) >= LEAST]


def _done() -> QuerySet[SecondReview]:
    return SecondReview.objects.filter(done_at__isnull=False)


def _agreed(pairs: Sequence[tuple[str, str]]) -> Agreement | None:
    return agreement.of(pairs, scale=len(Outcome)) if len(pairs) >= LEAST else None


def few(count: int) -> str:
    """Return a count in words where it is so small that it might be somebody's."""
    return _("fewer than %(least)s") % {"least": LEAST} if 0 < count < LEAST else str(count)

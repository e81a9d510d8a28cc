"""Files that reviewers open, and how many cases were decided with none of theirs opened.

A question about the queue: are files asked for that nobody needs, or is there no time to read them? It is counted by
week and category, of 5 people or more, never by person; the rows are ids and times, kept for a year.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from accounts.models import User
from onboarding.models import Attachment
from policies.models import Category
from reviews.domain import exposure, giving
from reviews.domain.quality import LEAST, WEEKS, WINDOW, few
from reviews.models import Case, FileOpening
from reviews.permissions import may_see_case

KEPT = timedelta(days=365)  # longer than any window here: what was opened early counts for a late decision

# Of each decision on a case that had files by then: whether who decided had opened one of them. Not of people whose
# account is gone, and their openings with it, nor of corrections: those rest on what was read before.
DECIDED = """
    SELECT decision.id, decision.decided_by_id AS person, date_trunc('week', decision.decided_at)::date AS week,
        decision.categories, kase.domains, NOT EXISTS (SELECT FROM reviews_fileopening opening
            JOIN onboarding_attachment file ON file.id = opening.attachment_id
            WHERE file.application_id = kase.application_id AND opening.reviewer_id = decision.decided_by_id
            AND opening.opened_at <= decision.decided_at) AS unopened
    FROM reviews_decision decision JOIN reviews_case kase ON kase.id = decision.case_id
    WHERE decision.decided_at >= %s AND decision.decided_by_id IS NOT NULL AND decision.outcome <> 'needs_information'
    AND decision.supersedes_id IS NULL
    AND (SELECT is_active FROM accounts_user person WHERE person.id = decision.decided_by_id)
    AND EXISTS (SELECT FROM onboarding_attachment file WHERE file.application_id = kase.application_id
        AND file.added_at <= decision.decided_at)"""
BY_WEEK = f"""
    SELECT week, count(*), count(*) FILTER (WHERE unopened) FROM ({DECIDED}) AS decided
    GROUP BY week HAVING count(*) >= %s AND count(DISTINCT person) >= %s ORDER BY week DESC"""
BY_CATEGORY = f"""
    SELECT about.code, count(*), count(*) FILTER (WHERE unopened) FROM ({DECIDED}) AS decided
    CROSS JOIN LATERAL (SELECT jsonb_array_elements_text(categories) AS code
        UNION SELECT jsonb_array_elements_text(domains)) AS about
    GROUP BY about.code HAVING count(*) >= %s AND count(DISTINCT person) >= %s
    ORDER BY count(*) FILTER (WHERE unopened)::float / count(*) DESC, about.code"""


@dataclass(frozen=True)
class Unread:
    """Of `n` decided cases that had files, how many were decided with none opened, in words: "fewer than 5" if so."""

    n: int
    unopened: str


@transaction.atomic
def record(file: Attachment, *, case: Case, by: User, at: datetime) -> None:
    """Note that this person opens a file of a case; the first time counts, the others are the same. Raises NotForYou.

    It is no state of the case, so the ledger does not hold it.
    """
    if file.application_id != case.application_id or not may_see_case(by, case):
        raise giving.NotForYou
    if exposure.is_covered(case, by=by, at=at):
        raise giving.NotForYou(_("The text of this case is covered, and so are its files. Open it first."))
    FileOpening.objects.bulk_create(
        [FileOpening(attachment=file, reviewer=by, opened_at=at)], ignore_conflicts=True
    )


def since() -> datetime | None:
    """Return from when on there is something to count: before the first opening on record nobody wrote them down."""
    return FileOpening.objects.aggregate(first=Min("opened_at"))["first"]


def by_week(first: datetime, *, at: datetime) -> Mapping[date, Unread]:
    """Return the last weeks in which 5 people or more decided cases with files, by the day they begin. One query."""
    rows = _rows(BY_WEEK, max(first, at - timedelta(weeks=WEEKS)))
    return {week: Unread(n, few(unopened)) for week, n, unopened in rows}


def by_category(first: datetime, *, at: datetime) -> list[tuple[str, Unread]]:
    """Return the categories of which 5 people or more decided cases with files, the least read first. Two queries."""
    names = dict(Category.objects.order_by("pk").values_list("code", "name"))
    rows = _rows(BY_CATEGORY, max(first, at - WINDOW))
    return [(names.get(code, code), Unread(n, few(unopened))) for code, n, unopened in rows]


def forget_old(*, at: datetime) -> int:
    """Delete what is older than it is kept; return how many rows. Safe to run twice."""
    return FileOpening.objects.filter(opened_at__lt=at - KEPT).delete()[0]


def _rows(query: str, first: datetime) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, [first, LEAST, LEAST])
        return cursor.fetchall()

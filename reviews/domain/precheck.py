"""What usually comes back: how many comparable applications of a program were first asked for more.

Counted from the first told decision on each of the program's latest cases, in one statement. Nothing here decides
anything: the figures warn an applicant before sending.
"""

from dataclasses import dataclass

from django.db import connection

from onboarding.models import Program
from reviews.states import CaseKind, Outcome

LATEST = 2000  # cases looked at: a reviewer's habits of years ago say little about the next answer
LEAST = 20  # comparable decisions below which a share is chance, not habit
WARNS_FROM = 1 / 3  # of them asked for more: from here on it is worth saying
BANDS = ((0, 199), (200, 399), (400, 799), (800, 100_000))  # characters of the description

QUERY = """
    WITH latest AS (
        SELECT id FROM reviews_case WHERE program_id = %(program)s AND kind = %(kind)s ORDER BY id DESC LIMIT %(latest)s
    ), first AS (
        SELECT DISTINCT ON (d.case_id) d.outcome = %(asked)s AS asked,
               char_length(r.answers ->> 'detail') BETWEEN %(least)s AND %(most)s AS as_long,
               jsonb_typeof(r.answers -> 'models') = 'array'
                   AND jsonb_array_length(r.answers -> 'models') >= %(models)s AS all_models
        FROM latest JOIN reviews_decision d ON d.case_id = latest.id JOIN onboarding_revision r ON r.id = d.revision_id
        WHERE d.told_at IS NOT NULL
        ORDER BY d.case_id, d.told_at, d.id
    )
    SELECT count(*) FILTER (WHERE as_long), count(*) FILTER (WHERE as_long AND asked),
           count(*) FILTER (WHERE all_models), count(*) FILTER (WHERE all_models AND asked)
    FROM first"""


@dataclass(frozen=True)
class Share:
    """`asked` of `of` comparable applications were first asked for more."""

    of: int
    asked: int

    @property
    def is_enough(self) -> bool:
        """Return whether there are enough of them to say anything."""
        return self.of >= LEAST

    @property
    def warns(self) -> bool:
        return self.is_enough and self.asked >= WARNS_FROM * self.of

    @property
    def per_cent(self) -> int:
        return round(100 * self.asked / self.of) if self.of else 0


@dataclass(frozen=True)
class History:
    """What became of comparable applications: as long a description, as many models."""

    as_long: Share
    all_models: Share


def band(length: int) -> tuple[int, int]:
    """Return the lengths that count as comparable with this one."""
    return next((low, high) for low, high in BANDS if length <= high or high == BANDS[-1][1])


def history(program: Program, *, detail_length: int, models: int) -> History:
    """Return the shares for a description of this length and for asking for this many models or more."""
    least, most = band(detail_length)
    asked: dict[str, int | str] = {
        "program": program.pk, "kind": CaseKind.APPLICATION, "latest": LATEST, "asked": Outcome.NEEDS_INFORMATION,
        "least": least, "most": most, "models": models,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(QUERY, asked)
        long, long_asked, all_models, all_asked = cursor.fetchone()
    return History(Share(long, long_asked), Share(all_models, all_asked))

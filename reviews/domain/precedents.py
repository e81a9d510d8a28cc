"""The nearest cases that were decided, and whether a decision would differ from them.

Full text finds, trigrams recognise: candidates share the rarest words of the case, as many words as keep the candidates
few whatever the size of the table; the nearest of them are those that share most words, the rare ones counting more.
What a reviewer may not see is not looked at: neither shown nor counted.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext as _

from reviews.domain import likenesses
from reviews.models import Case, Decision
from reviews.states import APPROVALS, CaseState, Outcome

CANDIDATES = 1_000  # as many as the words that are looked for alone are expected to bring
RANKED_MOST = 1_000  # and no more are ranked, whatever was expected
WORDS_MOST = 40  # words that are looked for
PAIRED = 6  # rare words, each too frequent to be looked for alone, of which any two together are looked for
LOOKED_AT = 40  # candidates whose words are compared
FIRST = 3 * LOOKED_AT  # candidates of which it is asked first who may see them, and whether they are decided
SHOWN = 6
ALIKE = 0.3  # from here on a case is near; see docs/adr/0013-precedents.md
TWIN = 0.8  # trigram similarity of two texts of which one was copied from the other
TWIN_WORDS = 0.5  # share of common words from which on it is looked at
COUNTED = 5  # the nearest of them that a decision is measured against
FEWEST = 3  # fewer are no custom
MAJORITY = 0.8  # "4 of 5"

# How often each word occurs is what ANALYZE found; a word it did not list is rarer than the rarest it did.
LISTED = """WITH listed AS MATERIALIZED (
        SELECT one.word, one.share FROM pg_stats,
            unnest(most_common_elems::text::text[], most_common_elem_freqs) AS one (word, share)
        WHERE schemaname = current_schema() AND tablename = 'reviews_likeness' AND attname = 'words'
            AND one.word IS NOT NULL
    ), floor AS (SELECT coalesce(min(share), 0.002) / 2 AS share FROM listed)"""
QUERY = f"""({LISTED}, mine AS (
        SELECT mine.lexeme, coalesce(listed.share, floor.share) AS share, length(mine.lexeme) AS length
        FROM unnest(to_tsvector('english', %(text)s)) AS mine CROSS JOIN floor
        LEFT JOIN listed ON listed.word = mine.lexeme
    ), ordered AS (
        SELECT lexeme, row_number() OVER rare AS place, sum(share) OVER rare AS shares FROM mine
        WINDOW rare AS (ORDER BY share, length DESC, lexeme ROWS UNBOUNDED PRECEDING)
    ), chosen AS (
        SELECT place, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS word, shares
            * (SELECT reltuples FROM pg_class WHERE oid = 'reviews_likeness'::regclass) <= %(alone)s AS alone
        FROM ordered WHERE place <= {WORDS_MOST}
    ), paired AS (SELECT place, word FROM chosen WHERE NOT alone ORDER BY place LIMIT {PAIRED}), parts AS (
        SELECT word AS part FROM chosen WHERE alone OR (SELECT count(*) FROM ordered) = 1
        UNION ALL SELECT one.word || ' & ' || two.word FROM paired one JOIN paired two ON one.place < two.place
    )
    SELECT string_agg(part, ' | ')::tsquery FROM parts)"""
RANKED = f"""WITH asked AS MATERIALIZED (SELECT {QUERY} AS query)
    SELECT case_id FROM (
        SELECT case_id, words FROM reviews_likeness WHERE words @@ (SELECT query FROM asked) LIMIT {RANKED_MOST}
    ) AS found ORDER BY ts_rank(words, (SELECT query FROM asked)) DESC, case_id DESC"""
COMPARED = f"""{LISTED}, mine AS MATERIALIZED (
        SELECT mine.lexeme, -ln(coalesce(listed.share, floor.share)) AS weight
        FROM unnest(to_tsvector('english', %(text)s)) AS mine CROSS JOIN floor
        LEFT JOIN listed ON listed.word = mine.lexeme
    ), summed AS (
        SELECT other.id, sum(-ln(coalesce(listed.share, floor.share))) AS theirs, sum(mine.weight) AS common
        FROM reviews_likeness other CROSS JOIN floor CROSS JOIN LATERAL unnest(other.words) AS word
        LEFT JOIN listed ON listed.word = word.lexeme LEFT JOIN mine ON mine.lexeme = word.lexeme
        WHERE other.case_id = ANY(%(cases)s) GROUP BY other.id
    ), compared AS (
        SELECT id, coalesce(2 * common / nullif(theirs + (SELECT sum(weight) FROM mine), 0), 0) AS share FROM summed
    )
    SELECT other.case_id, compared.share,
        CASE WHEN compared.share >= {TWIN_WORDS} THEN similarity(other.text, %(text)s) ELSE 0 END
    FROM compared JOIN reviews_likeness other ON other.id = compared.id"""


@dataclass(frozen=True)
class Precedent:
    """A decided case, its decision, and how alike the two cases are, from 0 to 1."""

    case: Case
    decision: Decision
    alike: float

    @property
    def percent(self) -> int:
        return round(self.alike * 100)

    @property
    def is_approval(self) -> bool:
        return self.decision.outcome in APPROVALS


@dataclass(frozen=True)
class Custom:
    """How the nearest cases were decided, where that is clear: `number` of `of` were approved, or rejected."""

    is_approval: bool
    number: int
    of: int

    @property
    def counts(self) -> dict[str, int]:
        """Return how many of how many were approved."""
        return {"approved": self.number if self.is_approval else self.of - self.number, "of": self.of}

    def differs(self, outcome: str) -> bool:
        """Return whether a decision would not be as theirs were; a question never is otherwise."""
        return outcome != Outcome.NEEDS_INFORMATION and (outcome in APPROVALS) != self.is_approval

    def __str__(self) -> str:
        said = (
            _("%(number)s of the %(of)s decided cases most like this one were approved")
            if self.is_approval
            else _("%(number)s of the %(of)s decided cases most like this one were rejected")
        )
        return said % {"number": self.number, "of": self.of}


@dataclass(frozen=True)
class Twin:
    """A case of somebody else with nearly the same text."""

    case: Case
    percent: int


@dataclass(frozen=True)
class Near:
    """What is near a case, as far as one person may see it."""

    precedents: Sequence[Precedent] = ()
    twins: Sequence[Twin] = ()

    @property
    def custom(self) -> Custom | None:
        return custom(self.precedents)


@dataclass(frozen=True)
class Found:
    """What was found, by id: how alike the nearest decided cases are, and how similar the texts of twins."""

    alike: Mapping[int, float]
    similar: Mapping[int, float]


def near(case: Case, *, hidden: Q) -> Near:
    """Return the decided cases most like this one, the nearest first, and its twins, whatever became of them.

    `hidden` is the condition on cases this person may not see. Six statements at most, whatever there is to find.
    """
    found = find(case, hidden=hidden)
    return put_together(case, found, read({*found.alike, *found.similar}))


def find(case: Case, *, hidden: Q) -> Found:
    """Return the ids of what is near. Three statements, or four where few of what is most alike are decided."""
    text = likenesses.text_of(case.revision, case.application.title)
    found = _candidates(case, text, hidden)
    if not found:
        return Found({}, {})
    decided = set(_decided(found)[:LOOKED_AT])
    compared = _compared({*decided, *(pk for pk, _ in found[:LOOKED_AT])}, text)
    nearest = sorted(decided & set(compared), key=lambda pk: (-compared[pk][0], -pk))[:SHOWN]
    return Found(
        alike={pk: compared[pk][0] for pk in nearest if compared[pk][0] >= ALIKE},
        similar={pk: similarity for pk, (_, similarity) in compared.items() if similarity >= TWIN},
    )


def put_together(case: Case, found: Found, cases: Mapping[int, Case]) -> Near:
    """Return what was found with the cases as `read` reads them."""
    similar = sorted(found.similar, key=lambda pk: (-found.similar[pk], -pk))
    return Near(
        precedents=[
            Precedent(cases[pk], decision, share)
            for pk, share in found.alike.items()
            if (decision := _final(cases[pk]))
        ],
        twins=[
            Twin(cases[pk], round(found.similar[pk] * 100))
            for pk in similar
            if cases[pk].application.owner_id != case.application.owner_id
        ],
    )


def custom(precedents: Sequence[Precedent]) -> Custom | None:
    """Return what the nearest decided cases have in common; None where they are few or divided."""
    nearest = precedents[:COUNTED]
    approved = sum(precedent.is_approval for precedent in nearest)
    number = max(approved, len(nearest) - approved)
    if len(nearest) < FEWEST or number < MAJORITY * len(nearest):
        return None
    return Custom(approved == number, number, len(nearest))


def _candidates(case: Case, text: str, hidden: Q) -> list[tuple[int, bool]]:
    """Return (case, whether people decided it) of what shares rare words with the text, the most of them first.

    Words alone rank them. Asking of each of two thousand whether it may be seen was most of what a page took; of the
    first ones is enough, or of all where too few of those are decided: what is hidden crowds out nothing among the
    RANKED_MOST that are ranked. Where more match, which of them are ranked is the database's choice.
    """
    with connection.cursor() as cursor:
        cursor.execute(RANKED, {"text": text, "alone": CANDIDATES})
        ranked = [pk for (pk,) in cursor.fetchall() if pk != case.pk]
    found = _seen(ranked[:FIRST], hidden)
    if len(ranked) > FIRST and len(_decided(found)) < LOOKED_AT:
        found += _seen(ranked[FIRST:], hidden)
    return found


def _seen(ranked: Sequence[int], hidden: Q) -> list[tuple[int, bool]]:
    """Return (case, whether people decided it) of those a person may see, in their order.

    What a rule approved is no precedent: it would soon crowd out what people decided, and speak for the rule.
    """
    by_people = Decision.objects.standing().filter(case=OuterRef("pk"), by_rule=None, overturned_at=None)
    by_people = by_people.exclude(outcome=Outcome.NEEDS_INFORMATION)
    counts = Q(state=CaseState.DECIDED) & Exists(by_people)
    seen = Case.objects.filter(pk__in=ranked).exclude(hidden).annotate(counts=counts)
    found = dict(seen.values_list("pk", "counts"))
    return [(pk, found[pk]) for pk in ranked if pk in found]


def _decided(found: Sequence[tuple[int, bool]]) -> list[int]:
    return [pk for pk, counts in found if counts]


def _compared(cases: set[int], text: str) -> dict[int, tuple[float, float]]:
    """Return the share of common words, the rare ones counting more, and the similarity of the texts, by case."""
    with connection.cursor() as cursor:
        cursor.execute(COMPARED, {"cases": list(cases), "text": text})
        return {pk: (float(share), similarity) for pk, share, similarity in cursor.fetchall()}


def read(cases: Collection[int]) -> dict[int, Case]:
    """Return cases by id, each with who is behind it and its standing decisions, the newest first."""
    standing = Decision.objects.standing().order_by("-pk")
    found = Case.objects.filter(pk__in=cases).select_related(
        "application__program", "application__owner__person", "application__owner__organisation"
    )
    found = found.defer("application__answers", "application__facts")
    return {case.pk: case for case in found.prefetch_related(Prefetch("decisions", standing))}


def _final(case: Case) -> Decision | None:
    """Return the decision that counts; a question is none, nor what an appeal set aside, nor what a rule approved."""
    counts = (
        d
        for d in case.decisions.all()
        if d.outcome != Outcome.NEEDS_INFORMATION and not d.overturned_at and d.by_rule_id is None
    )
    return next(counts, None)

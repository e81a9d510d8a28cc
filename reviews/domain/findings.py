"""Findings: a reviewer's verdict on a category, with a note and a passage; the latest of the same person counts."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from onboarding.domain import questions
from onboarding.models import Revision
from policies.models import Category
from reviews.domain import cases, claims, severities
from reviews.models import Case, Finding
from reviews.permissions import may_decide
from reviews.states import Verdict

NOTE_MOST = QUOTE_MOST = 1000  # characters
QUOTED = ("long", "text")  # kinds of questions whose answers people typed in words


class Said(NamedTuple):
    """What a reviewer says of one category. `quoted_in` is the question a passage was marked in, where one knows."""

    verdict: str
    note: str = ""
    quote: str = ""
    quoted_in: str = ""


class Place(NamedTuple):
    """Where a passage stands: the question, and the characters of its answer, the last one not included."""

    question: str
    start: int
    end: int


class BadFinding(Exception):
    """A verdict on a category these guidelines do not have, an unknown verdict, or a note that is too long."""


class NotInTheAnswers(BadFinding):
    """A passage that no answer of this revision holds; `category` is the one it was quoted for."""

    def __init__(self, category: str, quote: str):
        self.category = category
        shown = quote if len(quote) <= 80 else f"{quote[:79]}…"
        super().__init__(
            _("No answer of this revision says “%(shown)s”. Quote it as it stands there.") % {"shown": shown}
        )


@transaction.atomic
def record(case: Case, *, by: User, at: datetime, verdicts: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Write verdicts, category code -> Said, of the person who holds the case.

    Earlier ones of theirs on the same revision are overwritten. A quote is kept with its question and place, and must
    stand in an answer. Raises NotForYou, HeldBy, NotHeld, BadFinding, NotInTheAnswers.
    """
    case = cases.locked(case)
    if not may_decide(by, case):
        raise claims.NotForYou
    claims.held(case, by=by, at=at)
    known = set(
        Category.objects.filter(guidelines=case.revision.guidelines_id).values_list("code", flat=True)
    )
    made = {"case": case, "revision": case.revision, "reviewer": by, "found_at": at}
    found = [_checked(Finding(category=code, **made), Said(*said), known) for code, said in verdicts.items()]
    if any(finding.expectation_owed for finding in found):
        case.expectation_owed = True
        case.save(update_fields=["expectation_owed"])
    return Finding.objects.bulk_create(
        found,
        update_conflicts=True,
        unique_fields=["case", "revision", "reviewer", "category"],
        update_fields=[
            "verdict", "note", "quote", "quoted_in", "quote_start", "quote_end", "found_at", "expectation_owed",
        ],
    )  # fmt: skip


def latest(case: Case) -> dict[str, Finding]:
    """Return the newest finding on each category of the revision under review, whoever made it."""
    found = Finding.objects.filter(case=case, revision=case.revision_id).select_related("reviewer")
    return {finding.category: finding for finding in found.order_by("found_at", "pk")}


def place_of(quote: str, revision: Revision, *, first: str = "") -> Place | None:
    """Return where a passage stands in what was typed, blanks and line ends aside; None where it does not.

    The answer to the question `first` is looked at before the others, which come in the form's order.
    """
    passage = re.compile(r"\s+".join(re.escape(word) for word in quote.split()))
    form = questions.of(revision.question_set)
    keys = [question.key for question in form.questions if question.type in QUOTED]
    for key in sorted(keys, key=lambda key: key != first):
        answer = revision.answers.get(key)
        if isinstance(answer, str) and (there := passage.search(answer)):
            return Place(key, *there.span())
    return None


def _checked(finding: Finding, said: Said, known: set[str]) -> Finding:
    """Fill in a finding, or refuse it."""
    code, revision = finding.category, finding.revision
    if code not in known or said.verdict not in Verdict.values:
        raise BadFinding(
            _("These guidelines have no category %(code)s, or there is no verdict %(verdict)s.")
            % {"code": f"{code!r}", "verdict": f"{said.verdict!r}"}
        )
    for sentence, text, most in (
        (
            _("A note has at most %(most)s characters; yours on %(code)s has %(number)s."),
            said.note,
            NOTE_MOST,
        ),
        (
            _("A quote has at most %(most)s characters; yours on %(code)s has %(number)s."),
            said.quote,
            QUOTE_MOST,
        ),
    ):
        if len(text) > most:
            raise BadFinding(sentence % {"most": grouped(most), "code": code, "number": grouped(len(text))})
    finding.verdict, finding.note = said.verdict, said.note.strip()
    finding.expectation_owed = said.verdict in severities.GRAVE_VERDICTS
    if said.quote.strip():
        place = place_of(said.quote, revision, first=said.quoted_in)
        if place is None:
            raise NotInTheAnswers(code, said.quote.strip())
        finding.quoted_in, finding.quote_start, finding.quote_end = place
        finding.quote = revision.answers[place.question][place.start : place.end][:QUOTE_MOST]
        finding.quote_end = place.start + len(
            finding.quote
        )  # blanks in the answer may be longer than those typed
    return finding

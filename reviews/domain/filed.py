"""What colleagues thought of a case, for its file: notes, opinions, second reviews, what rules suggested.

Nothing here is for somebody from whom a proposal or a decision is kept: `casefile.export` refuses them the whole file.
"""

from datetime import datetime
from typing import Any

from accounts.models import User
from reviews.models import Case, RuleMatch, SecondReview
from reviews.states import CaseState


def by(person: User | None, at: datetime | None, **more: str) -> dict[str, Any] | None:
    """Return who did something and when, with what else is said of it; None where nobody did."""
    return {"by": str(person), "at": at, **more} if person and at else None


def notes(case: Case) -> list[dict[str, Any]]:
    """Return the notes for colleagues, the oldest first."""
    written = case.notes.select_related("author").order_by("pk")
    return [{"by": str(note.author), "at": note.written_at, "text": note.text} for note in written]


def opinions(case: Case) -> list[dict[str, Any]]:
    """Return what each person thought of each revision before it was decided, the oldest first."""
    given = case.opinions.filter(second_review=None).select_related("reviewer", "revision")
    return [
        {
            "revision": opinion.revision.number,
            "by": str(opinion.reviewer),
            "at": opinion.made_at,
            "outcome": opinion.outcome,
            "reason_code": opinion.reason_code,
            "categories": opinion.categories,
            "note": opinion.note,
            "blind": opinion.blind,
        }
        for opinion in given.order_by("made_at", "pk")
    ]


def second_reviews(case: Case) -> list[dict[str, Any]]:
    """Return the second looks at a decided case that are done, with what came of those that differed.

    Not who looks now, nor what waits: whoever is drawn for it may have read the file before. Nothing while the case is
    open again: it is decided anew, by its answers.
    """
    if case.state != CaseState.DECIDED:
        return []
    done = case.second_reviews.filter(done_at__isnull=False).select_related(
        "revision", "reviewer", "opinion", "decision", "reconciliation__closed_by"
    )
    return [_second(review) for review in done.order_by("pk")]


def _second(review: SecondReview) -> dict[str, Any]:
    card, opinion = getattr(review, "reconciliation", None), review.opinion
    return {
        "revision": review.revision.number,
        "kind": review.kind,
        "drawn_at": review.drawn_at,
        "done": by(review.reviewer, review.done_at),
        "outcome": opinion.outcome if opinion else "",
        "categories": opinion.categories if opinion else [],
        "note": opinion.note if opinion else "",
        "decided": review.decision.outcome,
        "reconciled": by(
            card.closed_by, card.closed_at, ended=card.ended, category=card.category, remark=card.remark
        )
        if card
        else None,
    }


def rule_matches(case: Case) -> list[dict[str, Any]]:
    """Return which version of which triage rule fitted which revision, what it suggests, and whether people did so."""
    found = RuleMatch.objects.filter(case=case).select_related("version__rule", "revision").order_by("pk")
    return [
        {
            "revision": match.revision.number,
            "rule": match.version.rule.name,
            "rule_version": match.version.number,
            "condition": match.version.condition,
            "matched_at": match.matched_at,
            "lane": match.version.lane,
            "domains": match.version.domains,
            "due_days": match.version.due_days,
            "questions": match.version.questions,
            "people_did_so": match.was_right,
            "left_to_people_because": match.left_because,
        }
        for match in found
    ]

"""Findings: a reviewer's verdict on a category, with a note; the latest of the same person counts."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from policies.models import Category
from reviews.domain import cases, claims, severities
from reviews.models import Case, Finding
from reviews.permissions import may_decide
from reviews.states import Verdict

NOTE_MOST = 1000  # characters


class BadFinding(Exception):
    """A verdict on a category these guidelines do not have, an unknown verdict, or a note that is too long."""


@transaction.atomic
def record(case: Case, *, by: User, at: datetime, verdicts: Mapping[str, tuple[str, str]]) -> list[Finding]:
    """Write verdicts, category code -> (verdict, note), of the person who holds the case.

    Earlier ones of theirs on the same revision are overwritten. Raises NotForYou, HeldBy, NotHeld, BadFinding.
    """
    case = cases.locked(case)
    if not may_decide(by, case):
        raise claims.NotForYou
    claims.held(case, by=by, at=at)
    known = set(
        Category.objects.filter(guidelines=case.revision.guidelines_id).values_list("code", flat=True)
    )
    for code, (verdict, note) in verdicts.items():
        if code not in known or verdict not in Verdict.values:
            raise BadFinding(
                f"These guidelines have no category {code!r}, or there is no verdict {verdict!r}."
            )
        if len(note) > NOTE_MOST:
            raise BadFinding(
                f"A note has at most {NOTE_MOST:,} characters; yours on {code} has {len(note):,}."
            )
    if any(verdict in severities.GRAVE_VERDICTS for verdict, _ in verdicts.values()):
        case.expectation_owed = True
        case.save(update_fields=["expectation_owed"])
    return Finding.objects.bulk_create(
        [
            Finding(
                case=case, revision=case.revision, reviewer=by, category=code, verdict=verdict, note=note.strip(),
                found_at=at, expectation_owed=verdict in severities.GRAVE_VERDICTS,
            )
            for code, (verdict, note) in verdicts.items()
        ],
        update_conflicts=True,
        unique_fields=["case", "revision", "reviewer", "category"],
        update_fields=["verdict", "note", "found_at", "expectation_owed"],
    )  # fmt: skip


def latest(case: Case) -> dict[str, Finding]:
    """Return the newest finding on each category of the revision under review, whoever made it."""
    found = Finding.objects.filter(case=case, revision=case.revision_id).select_related("reviewer")
    return {finding.category: finding for finding in found.order_by("found_at", "pk")}

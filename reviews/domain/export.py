"""What was decided about a person and said to them, for the copy of everything of theirs.

Only what was told. Who decided, findings, notes, risk and what was given back unsigned are the reviewers' work on the
way there; naming the people would also put them at risk.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Owner, User
from onboarding.domain.export import place_of
from onboarding.models import Attachment
from reviews.models import Decision, InformationRequest

CHUNK = 100


def of_person(user: User) -> dict[str, Any]:
    return {"decisions": _decisions(user), "questions": _questions(user)}


def things_of(user: User) -> list[QuerySet[Any]]:
    return []  # the applications' own history says when something was decided


def _told(user: User) -> QuerySet[Decision]:
    """Return what was decided on the person's own, and on what they applied for where they still belong."""
    theirs = Q(case__application__applicant=user, case__application__owner__in=Owner.objects.of(user))
    mine = Q(case__application__owner__person=user) | theirs
    return Decision.objects.filter(mine, told_at__isnull=False)


def _decisions(user: User) -> Iterator[dict[str, Any]]:
    found = _told(user).select_related("case__application", "guidelines", "revision").order_by("pk")
    for decision in found.iterator(chunk_size=CHUNK):
        yield {
            "application": decision.case.application.number,
            "revision": decision.revision.number,
            "outcome": decision.outcome,
            "reason_code": decision.reason_code,
            "categories": decision.categories,
            "guidelines_version": decision.guidelines.version,
            "explanation": decision.explanation,
            "facts": decision.facts,
            "what_would_change_it": decision.what_would_change,
            "apply_again_after_days": decision.reapply_after_days,
            "never_apply_again": decision.reapply_never,
            "conditions": decision.conditions,
            "decided_at": decision.decided_at,
            "told_at": decision.told_at,
        }


def _questions(user: User) -> Iterator[dict[str, Any]]:
    """Yield what was asked on the person's own applications, and what they answered anywhere."""
    asked = InformationRequest.objects.filter(decision__told_at__isnull=False).filter(
        Q(decision__case__application__owner__person=user) | Q(answered_by=user)
    )
    shown = asked.select_related("decision__case__application").prefetch_related("questions")
    for request in shown.order_by("pk").iterator(CHUNK):
        yield {
            "application": request.decision.case.application.number,
            "question": request.question,
            "made_of": [{"question": one.question, "about": one.about} for one in request.questions.all()],
            "asked_at": request.asked_at,
            "answer_by": request.due_at,
            "answer": request.answer,
            "answered_at": request.answered_at,
            "demo_video": request.video_url,
            "files": [_file(file) for file in request.attachments.kept().select_related("application")],
        }


def _file(file: Attachment) -> dict[str, Any]:
    """Return what is known of a file, and where it lies in the ZIP."""
    return {
        "name": file.name,
        "kind": file.kind,
        "bytes": file.size,
        "sha256": file.sha256,
        "added_at": file.added_at,
        "in_this_archive": place_of(file),
    }

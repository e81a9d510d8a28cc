"""What a person gave to onboarding and what came of it, for the copy of everything of theirs.

What belongs to the person is given in full. Of an organisation's things only what the person did there: what they sent,
and while they belong to it what they started and the keys they opened. The rest is the organisation's, and colleagues
may have written it.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from accounts.domain import erasure
from accounts.models import Owner, User
from onboarding.domain import answers, questions
from onboarding.models import (
    Application,
    Attachment,
    Grant,
    Invitation,
    Key,
    Pick,
    Program,
    Revision,
    ShowcaseEntry,
    WaitlistEntry,
)

CHUNK = 100


def of_person(user: User) -> dict[str, Any]:
    return {
        "applications": _applications(user),
        "asked_by_hand": _picks(user),
        "places_in_line": _places(user),
        "invitations": _invitations(user),
        "grants": _grants(user),
        "keys": _keys(user),
    }


def things_of(user: User) -> list[QuerySet[Any]]:
    own = {"owner__person": user}
    return [
        Application.objects.filter(**own),
        WaitlistEntry.objects.filter(**own),
        Invitation.objects.filter(seat__entry__owner__person=user),
        Grant.objects.filter(**own),
        _keys_of(user),
    ]


def files_of(user: User) -> Iterator[Attachment]:
    """Yield the files of the person's own applications, and those they added to an organisation's."""
    kept = Attachment.objects.kept().filter(Q(application__owner__person=user) | Q(added_by=user))
    yield from kept.select_related("application").order_by("pk").iterator(chunk_size=CHUNK)


def place_of(file: Attachment) -> str:
    """Return where a file lies in the ZIP; its name was cleaned when it was sent, its number keeps names apart."""
    return f"files/{file.application.number}/{file.pk}-{file.name}"


def applications_of(user: User) -> QuerySet[Application]:
    """Return the person's own, those they sent, and those they started for organisations they are still in."""
    started = Q(applicant=user, owner__in=Owner.objects.of(user))
    found = Application.objects.filter(Q(owner__person=user) | started | Q(revisions__submitted_by=user))
    return Application.objects.filter(pk__in=found.values("pk"))


def _applications(user: User) -> Iterator[dict[str, Any]]:
    programs = {program.pk: program for program in Program.objects.prefetch_related("models")}
    sent = Revision.objects.select_related("question_set", "guidelines").order_by("number")
    found = applications_of(user).select_related("owner__organisation", "question_set").order_by("pk")
    found = found.prefetch_related(Prefetch("revisions", sent))
    for application in found.iterator(chunk_size=CHUNK):
        own = application.owner.person_id == user.pk
        program = programs[application.program_id]
        given = {
            "number": application.number,
            "program": program.name,
            "for": str(application.owner.organisation or "yourself"),
            "state": application.state,
            "started_at": application.started_at,
            "saved_at": application.saved_at,
            "submitted_at": application.submitted_at,
            "settled_at": application.settled_at,
        }
        if own:
            given |= {
                "title": application.title,
                "withdrawn_because": application.withdraw_reason,
                "answers": application.answers,
                "imported_facts": application.facts,
                "conditions": application.conditions,
            }
        yield given | {
            "sent": [
                _revision(revision, program)
                for revision in application.revisions.all()
                if own or revision.submitted_by_id == user.pk
            ]
        }


def _revision(revision: Revision, program: Program) -> dict[str, Any]:
    paper = answers.paper(questions.of(revision.question_set), program)
    return {
        "revision": revision.number,
        "sent_at": revision.submitted_at,
        "form_version": revision.question_set.version,
        "guidelines_version": revision.guidelines.version,
        "answers": revision.answers,
        "in_words": [
            {"question": question.question, "answer": answers.in_words(paper, question, given)}
            for question in paper.form.questions
            if not answers.is_empty(given := revision.answers.get(question.key))
        ],
    }


def _picks(user: User) -> Iterator[dict[str, Any]]:
    mine = Pick.objects.filter(Q(taken_by=user) | Q(email__in=erasure.addresses(user))).select_related(
        "program"
    )
    for pick in mine.order_by("pk").iterator(chunk_size=CHUNK):
        yield {
            "program": pick.program.name,
            "email": pick.email,
            "name": pick.name,
            "state": pick.state,
            "asked_at": pick.asked_at,
            "ends_at": pick.expires_at,
            "taken_at": pick.taken_at,
        }


def _places(user: User) -> Iterator[dict[str, Any]]:
    mine = WaitlistEntry.objects.filter(owner__person=user).select_related("program", "application")
    for entry in mine.order_by("pk").iterator(chunk_size=CHUNK):
        yield {
            "program": entry.program.name,
            "application": entry.application.number,
            "state": entry.state,
            "joined_at": entry.joined_at,
            "counts_as": {
                "applicant_type": entry.applicant_type,
                "country": entry.country,
                "wave": entry.wave,
                "hand_picked": entry.hand_picked,
            },
            "moved_ahead_because": entry.priority_reason,
            "on_hold_because": entry.hold_reason,
            "left_at": entry.left_at,
        }


def _invitations(user: User) -> Iterator[dict[str, Any]]:
    mine = Invitation.objects.filter(seat__entry__owner__person=user)
    mine = mine.select_related("seat__entry__application", "seat__entry__program")
    for invitation in mine.order_by("pk").iterator(chunk_size=CHUNK):
        yield {
            "program": invitation.seat.entry.program.name,
            "application": invitation.seat.entry.application.number,
            "state": invitation.state,
            "offered_at": invitation.offered_at,
            "told_at": invitation.told_at,
            "letter_sent_at": invitation.delivered_at,
            "declined_because": invitation.decline_reason,
            "expires_at": invitation.expires_at,
            "answered_at": invitation.answered_at,
        }


def _grants(user: User) -> Iterator[dict[str, Any]]:
    mine = Grant.objects.filter(owner__person=user).select_related("program", "application", "tier")
    mine = mine.prefetch_related("showcase_entries")
    for grant in mine.order_by("pk").iterator(chunk_size=CHUNK):
        yield {
            "id": grant.public_id,
            "program": grant.program.name,
            "application": grant.application.number,
            "state": grant.state,
            "tier": grant.tier.name,
            "models": grant.models_allowed,
            "conditions": grant.conditions,
            "given_at": grant.given_at,
            "expires_at": grant.expires_at,
            "suspended_at": grant.suspended_at,
            "suspended_because": grant.suspend_reason,
            "end_users_kept_out": grant.end_users_kept_out,
            "ended_at": grant.ended_at,
            "showcase": [
                {name: getattr(entry, name) for name in (*ShowcaseEntry.WORDS, "state", "decline_reason")}
                | {"offered_at": entry.offered_at}
                for entry in grant.showcase_entries.all()
            ],
        }


def _keys_of(user: User) -> QuerySet[Key]:
    """Return the person's own keys, and those they opened of organisations they are still in."""
    opened = Q(opened_by=user, grant__owner__in=Owner.objects.of(user))
    return Key.objects.filter(Q(grant__owner__person=user) | opened)


def _keys(user: User) -> Iterator[dict[str, Any]]:
    """Yield keys without their hashes: who holds one could guess at the secret."""
    rows = _keys_of(user).select_related("grant__program").prefetch_related("secrets").order_by("pk")
    for key in rows.iterator(chunk_size=CHUNK):
        yield {
            "id": key.key_id,
            "program": key.grant.program.name,
            "name": key.name,
            "environment": key.environment,
            "state": key.state,
            "secrets": [
                {
                    "hint": secret.hint,
                    "shown_at": secret.minted_at,
                    "ended_at": secret.ended_at or secret.expires_at,
                }
                for secret in key.secrets.all()
            ],
            "issued_at": key.issued_at,
            "opened_at": key.opened_at,
            "suspended_at": key.suspended_at,
            "last_used_at": key.last_used_at,
            "expires_at": key.expires_at,
            "ended_at": key.ended_at,
        }

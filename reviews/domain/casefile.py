"""The case file: everything a decision on one case rested on, in one piece, as it stands in the rows.

Whoever may see the case may take it, and the ledger says who did. What is sealed stays sealed; what somebody has typed
and not sent is not in it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import answers, questions
from onboarding.models import Attachment, Revision
from outbox.models import Letter
from policies.models import Category
from reviews.domain import cases, exposure, filed, giving, opinions
from reviews.domain import questions as asking
from reviews.models import Case, Decision, InformationRequest
from reviews.permissions import may_see_case

FORMAT, VERSION = "gatehouse.case", 1


@transaction.atomic
def export(case: Case, *, by: User, at: datetime) -> dict[str, Any]:
    """Return the whole case and record that this person took it. Raises giving.NotForYou."""
    case = cases.locked(case)
    if not may_see_case(by, case):
        raise giving.NotForYou
    if exposure.is_covered(case, by=by, at=at):
        raise giving.NotForYou(
            _("The text of this case is covered. Open it first; the file holds all of it.")
        )
    if any(opinions.is_hidden(one, from_=by) for one in case.decisions.unsigned().filter(told_at=None)):
        raise giving.NotForYou(
            _("Write down your own opinion first; the file holds the one that was proposed.")
        )
    file = _of(case, reader=by, at=at)
    ledger.record(Event.CASE_EXPORTED, subject=case, actor=by, at=at, revision=case.revision.number)
    return file


def _of(case: Case, *, reader: User, at: datetime) -> dict[str, Any]:
    decisions = _decisions(case)
    findings = list(case.findings.select_related("reviewer", "revision").order_by("pk"))
    revisions = list(
        case.application.revisions.select_related("question_set", "guidelines").order_by("number")
    )
    cited = {finding.category for finding in findings} | set(case.domains)
    cited |= {code for decision in decisions for code in decision.categories}
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_at": at,
        "made_by": str(reader),
        "case": _case(case),
        "application": _application(case),
        "revisions": [_revision(revision, case) for revision in revisions],
        "files": [_file(file) for file in Attachment.objects.filter(application=case.application_id)],
        "findings": [
            {
                "revision": finding.revision.number,
                "by": str(finding.reviewer),
                "at": finding.found_at,
                "category": finding.category,
                "verdict": finding.verdict,
                "quote": finding.quote,
                "quoted_in": finding.quoted_in,
                "note": finding.note,
            }
            for finding in findings
        ],
        "decisions": _told(decisions),
        "opinions": filed.opinions(case),
        "second_reviews": filed.second_reviews(case),
        "notes": filed.notes(case),
        "rule_matches": filed.rule_matches(case),
        "guidelines": _guidelines(
            [*(r.guidelines for r in revisions), *(d.guidelines for d in decisions)], cited
        ),
        "thread": [_asked(request) for request in asking.thread(case.application)],
        "timeline": _timeline(case, decisions),
    }


def _case(case: Case) -> dict[str, Any]:
    return {
        "kind": case.kind,
        "program": case.program.name,
        "state": case.state,
        "lane": case.lane,
        "domains": case.domains,
        "risk_score": case.risk_score,
        "risk_level": case.risk_level,
        "revision": case.revision.number,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "decided_at": case.decided_at,
    }


def _application(case: Case) -> dict[str, Any]:
    application = case.application
    return {
        "number": application.number,
        "title": application.title,
        "state": application.state,
        "owner": str(application.owner) if application.owner else "",
        "submitted_at": application.submitted_at,
        "imported_facts": application.facts,
        "conditions": application.conditions,
        "withdrawn_because": application.withdraw_reason,
        "something_is_sealed": application.sealed.exists(),
    }


def _revision(revision: Revision, case: Case) -> dict[str, Any]:
    """Return a revision with its answers, each under its question as its own version of the form asked it."""
    return {
        "number": revision.number,
        "sent_at": revision.submitted_at,
        "form_version": revision.question_set.version,
        "guidelines_version": revision.guidelines.version,
        "lane": revision.lane,
        "lane_reasons": revision.lane_reasons,
        "domains": revision.domains,
        "risk_score": revision.risk_score,
        "risk_level": revision.risk_level,
        "risk_parts": revision.risk_parts,
        "erased_at": revision.erased_at,
        "answers": [] if revision.erased_at else _answers(revision, case),
    }


def _answers(revision: Revision, case: Case) -> list[dict[str, Any]]:
    form, application = questions.of(revision.question_set), case.application
    paper = answers.paper(form, case.program, application.kind, in_production=application.is_about_production)
    put = {question.key for question in answers.Reading(paper, revision.answers).asked()}
    found = []
    for question in form.questions:
        given = revision.answers.get(question.key)
        if is_empty := answers.is_empty(given):
            given = None
        if question.key in put or not is_empty:
            words = "" if is_empty else answers.in_words(paper, question, given)
            found.append(
                {"key": question.key, "question": question.question, "answer": given, "in_words": words}
            )
    return found


def _file(file: Attachment) -> dict[str, Any]:
    return {
        "name": file.name,
        "kind": file.kind,
        "bytes": file.size,
        "sha256": file.sha256,
        "added_at": file.added_at,
        "erased_at": file.erased_at,
    }


def _decisions(case: Case) -> list[Decision]:
    people = ("decided_by", "signed_by", "returned_by", "recalled_by", "overturned_by", "reapply_allowed_by")
    found = case.decisions.select_related(*people, "by_rule__rule", "guidelines", "revision", "request")
    return list(found.order_by("pk"))


def _told(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Return each decision, with its place among them: the next one says so which one it superseded."""
    letters = _letters(Decision, [decision.pk for decision in decisions])
    places = {decision.pk: place for place, decision in enumerate(decisions, 1)}
    return [
        {
            "number": places[decision.pk],
            "supersedes": places[decision.supersedes_id] if decision.supersedes_id else None,
            "revision": decision.revision.number,
            "guidelines_version": decision.guidelines.version,
            "outcome": decision.outcome,
            "reason_code": decision.reason_code,
            "reasons_version": decision.reasons_version,
            "categories": decision.categories,
            "explanation": decision.explanation,
            "facts": decision.facts,
            "what_would_change": decision.what_would_change,
            "apply_again_after_days": decision.reapply_after_days,
            "never_apply_again": decision.reapply_never,
            "conditions": decision.conditions,
            "why_different": decision.why_different,
            "beside": decision.beside,
            "question": decision.request.question if hasattr(decision, "request") else "",
            "second_person": decision.second,
            "decided": filed.by(decision.decided_by, decision.decided_at),
            "decided_at": decision.decided_at,
            "approved_by_rule": str(decision.by_rule) if decision.by_rule else None,
            "signed": filed.by(decision.signed_by, decision.signed_at),
            "returned": filed.by(decision.returned_by, decision.returned_at, why=decision.return_reason),
            "recalled": filed.by(decision.recalled_by, decision.recalled_at, why=decision.recall_reason),
            "overturned": filed.by(decision.overturned_by, decision.overturned_at),
            "applying_again_allowed": filed.by(decision.reapply_allowed_by, decision.reapply_allowed_at),
            "told_at_once_because": decision.emergency_reason,
            "tell_at": decision.tell_at,
            "told_at": decision.told_at,
            "letters": letters.get(str(decision.pk), []),
        }
        for decision in decisions
    ]


def _letters(
    model: type[Decision] | type[InformationRequest], ids: list[int]
) -> dict[str, list[dict[str, Any]]]:
    """Return subject's number -> the letters about it, byte for byte as they were kept to be sent."""
    found: dict[str, list[dict[str, Any]]] = {}
    about = Letter.objects.filter(
        about_type=model._meta.label_lower, about_id__in=[str(pk) for pk in ids], passing=False
    )
    for letter in about.order_by("pk"):
        found.setdefault(letter.about_id, []).append(
            {
                "kind": letter.kind,
                "subject": letter.subject,
                "text": letter.text,
                "html": letter.html,
                "sha256": hashlib.sha256(letter.text.encode()).hexdigest(),
                "due_at": letter.due_at,
                "sent_at": letter.sent_at,
                "recalled_at": letter.recalled_at,
            }
        )
    return found


def _guidelines(versions: Iterable[Any], cited: set[str]) -> list[dict[str, Any]]:
    """Return what the guidelines say of the categories the case is about, in each version it was judged under."""
    by_pk = {version.pk: version for version in versions}
    texts: dict[int, list[Mapping[str, Any]]] = {pk: [] for pk in sorted(by_pk)}
    for category in Category.objects.filter(guidelines__in=by_pk, code__in=cited).order_by("position", "pk"):
        texts[category.guidelines_id].append(
            {
                "code": category.code,
                "name": category.name,
                "kind": category.kind,
                "lane": category.lane,
                "definition": category.definition,
                "may_be_approved": category.example_allowed,
                "never": category.example_disallowed,
            }
        )
    return [
        {"version": by_pk[pk].version, "sha256": by_pk[pk].text_hash, "categories": found}
        for pk, found in texts.items()
    ]


def _asked(request: InformationRequest) -> dict[str, Any]:
    return {
        "question": request.question,
        "asked": filed.by(request.decision.decided_by, request.asked_at),
        "answer_by": request.due_at,
        "reminded_at": request.reminded_at,
        "reminded_last_at": request.reminded_last_at,
        "overdue_at": request.overdue_at,
        "answer": request.answer,
        "answered": filed.by(request.answered_by, request.answered_at),
        "demo_video": request.video_url,
        "files": [_file(file) for file in request.attachments.all()],
    }


def _timeline(case: Case, decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Return the ledger's rows about the case, its application and its decisions, in the ledger's own order."""
    about = Q(subject_type=ledger.kind_of(case), subject_id=str(case.pk))
    about |= Q(subject_type=ledger.kind_of(case.application), subject_id=str(case.application_id))
    ids = [str(decision.pk) for decision in decisions]
    about |= Q(subject_type=Decision._meta.label_lower, subject_id__in=ids)
    rows = list(LedgerEntry.objects.filter(about).order_by("pk"))
    numbers = {row.actor[5:] for row in rows if row.actor.startswith("user:")}
    names = {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=numbers)}
    return [
        {
            "sequence": row.pk,
            "at": row.at,
            "event": row.event,
            "says": Event(row.event).label if row.event in Event.values else row.event,
            "about": f"{row.subject_type} {row.subject_id}",
            "by": names.get(row.actor, row.actor),
            "reason": row.reason,
            "details": row.details,
        }
        for row in rows
    ]

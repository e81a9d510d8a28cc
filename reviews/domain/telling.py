"""Tell decisions: only then they take effect, with the letter that says them. A payer."""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.languages import spoken
from audit import ledger
from audit.events import Event
from onboarding.domain import applications, grants, notices
from onboarding.models import Application, Grant, Program
from outbox import hints, letters
from outbox.models import Letter
from reviews.domain import cases, conditions, reasons, rejections, statements
from reviews.models import Case, Decision, InformationRequest
from reviews.states import APPROVALS, Outcome

log = logging.getLogger(__name__)

BATCH = 500
ANSWER_WITHIN = timedelta(days=30)
TRIAGE = "triage"  # who acts where a rule approved


def tell_owed(*, at: datetime) -> int:
    """Tell the decisions that are due: move the application, ask the question, write the letter; return how many.

    One transaction each: all of it happens or none. May run twice and beside itself: the row is locked and looked at
    again. A decision that cannot be told stays owed, is logged, and does not hold up the others.
    """
    cases.close_withdrawn(at=at)
    told = 0
    for pk in list(
        Decision.objects.to_tell(at).order_by("tell_at", "pk").values_list("pk", flat=True)[:BATCH]
    ):
        try:
            told += _tell(pk, at)
        except Exception:  # whatever one application's rows hold must not stop the letters of the others
            log.exception("Decision %s could not be told; it stays owed.", pk)
    return told


def told_for(application: Application) -> QuerySet[Decision]:
    """Return the told decisions on an application, newest first, each with its question if there is one."""
    told = Decision.objects.filter(case__application=application).exclude(told_at=None)
    return told.select_related("request", "guidelines", "case__program").order_by("-told_at", "-pk")


def due_at(program: Program, outcome: str, *, urgent: bool, at: datetime) -> datetime:
    """Return when a decision that is final at `at` is told: after the program's window, at once in an emergency."""
    if urgent:
        return at
    refused = outcome == Outcome.REJECTED
    return at + timedelta(minutes=program.refusal_recall_minutes if refused else program.recall_minutes)


def hint(decision: Decision, *, at: datetime) -> None:
    """Have a decision that is due told soon; the sweep tells it anyway."""
    if decision.tell_at and decision.tell_at <= at:
        transaction.on_commit(partial(hints.later, "reviews.tasks.tell_owed"), robust=True)


@transaction.atomic
def _tell(pk: int, at: datetime) -> bool:
    case, decision = cases.locked_decision(Decision.objects.only("case_id").get(pk=pk))
    if decision.told_at or decision.tell_at is None or decision.tell_at > at:
        return False  # told, or taken back, while we waited for the lock
    decision.told_at = at
    decision.save(update_fields=["told_at"])
    ledger.record(
        Event.DECISION_TOLD, subject=decision, actor="reviews", at=at, reason=decision.reason_code,
        outcome=decision.outcome,
    )  # fmt: skip
    take_effect(case, decision, at=at)
    return True


def take_effect(case: Case, decision: Decision, *, at: datetime) -> Letter | None:
    """Do what telling a decision does beside saying so: move the application, write the letter; return that.

    The preview calls it too, and takes all of it back. None where there is nobody to write to.
    """
    by: ledger.Actor = decision.decided_by or TRIAGE
    why, application = decision.reason_code, case.application
    if decision.is_correction:
        _put_right(application, decision, by, at)
    elif decision.outcome in APPROVALS:
        applications.approve(application, conditions=decision.conditions, by=by, at=at, reason=why)
    elif decision.outcome == Outcome.REJECTED:
        applications.reject(application, by=by, at=at, reason=why)
    else:
        applications.ask(application, by=by, at=at, reason=why)
        _ask(decision, at)
    letter = _write_letter(case, decision, at)
    if letter is not None:
        decision.letter, decision.template_version = letter, letters.version_of(letter.kind)
        decision.save(update_fields=["letter", "template_version"])
    return letter


def _put_right(application: Application, decision: Decision, by: ledger.Actor, at: datetime) -> None:
    """Put a correction of what was told in force: of an approval its conditions, of a rejection only its words."""
    if decision.outcome in APPROVALS:
        was = applications.recondition(application, conditions=decision.conditions)
        grants.recondition(application, was=was, by=by, at=at)


def _ask(decision: Decision, at: datetime) -> None:
    """Start the applicant's time: it runs from the telling, never from before."""
    InformationRequest.objects.filter(decision=decision).update(asked_at=at, due_at=at + ANSWER_WITHIN)


def _access(application: Application) -> dict[str, object]:
    """Return what a letter says of the access a request was about, as the telling of its decision left it."""
    if application.grant_id is None:
        return {"ends_at": None, "live_key_owed": False}
    grant = Grant.objects.only("expires_at", "key_owed", "key_environment").get(pk=application.grant_id)
    return {"ends_at": grant.expires_at, "live_key_owed": grant.live_key_owed}


def _write_letter(case: Case, decision: Decision, at: datetime) -> Letter | None:
    application = case.application
    reader = notices.reader_of(application)
    if reader is None:  # an imported row that nobody owns: there is nobody to write to
        return None
    names = statements.names(decision.guidelines_id)
    request = InformationRequest.objects.filter(decision=decision).first()
    again = rejections.reapply_at(decision) if decision.outcome == Outcome.REJECTED else None
    with letters.read_in(spoken(reader.language), reader.time_zone):
        return letters.write_one(
            f"reviews/{decision.outcome}",
            to=reader.email,
            at=at,
            about=decision,
            once=f"decision:{decision.pk}",
            corrects_at=decision.corrects_at,
            by_rule=decision.by_rule_id is not None,
            name=str(reader),
            title=application.title,
            number=application.number,
            asked=application.kind,
            **_access(application),
            program=case.program.name,
            version=decision.guidelines.version,
            clauses=[names.get(code, code) for code in decision.categories],
            cited=_cited(decision, names),
            explanation=reasons.read(decision.reason_code, decision.explanation),
            facts=decision.facts,
            what_would_change=decision.what_would_change,
            conditions=[
                {"category": names.get(c["category"], c["category"]), "text": conditions.read(c)}
                for c in decision.conditions
            ],
            never=again == rejections.NEVER,
            reapply_at=again if again and again != rejections.NEVER else None,
            reapply_now=bool(again and again <= at),
            question=request.question if request else "",
            answer_by=request.due_at if request else None,
            url=settings.BASE_URL + reverse("application", args=[application.number]),
            appeal_days=case.program.appeal_days,
            appeal_url=settings.BASE_URL + reverse("appeal", args=[application.number]),
            reinstatement_url=settings.BASE_URL + reverse("reinstatement", args=[application.number]),
            answer_url=settings.BASE_URL + reverse("answer", args=[application.number]),
            guidelines_url=_page("guidelines_version", decision.guidelines.version),
        )


def _cited(decision: Decision, names: dict[str, str]) -> list[dict[str, str]]:
    """Return the categories a decision rests on, each with the text it was made under."""
    version = decision.guidelines.version
    return [
        {"name": names[code], "url": _page("guidelines_category", version, code)}
        for code in decision.categories
        if code in names
    ]


def _page(name: str, *args: str) -> str:
    return settings.BASE_URL + reverse(name, args=args)

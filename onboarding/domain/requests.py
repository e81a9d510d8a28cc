"""Requests about a grant: production review, change of use, renewal.

Each is a small application of its own: the same form, case, decision and letters. Only what its approval does
differs: it changes the grant it is about, and nobody's place in line.
"""

from collections.abc import Mapping
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may_act_for
from audit import ledger
from audit.events import Event
from onboarding.domain import answers, drafts, grants, questions, sealing, terms
from onboarding.domain.answers import USE_CHANGED
from onboarding.domain.questions import Form
from onboarding.domain.steps import UNDER_WAY
from onboarding.models import Application, Grant
from onboarding.states import (
    LIVE_GRANT_STATES,
    OPEN_APPLICATION_STATES,
    ApplicationKind,
    Environment,
)

Kind = ApplicationKind
RENEWAL_OPENS = timedelta(days=90)  # before the end


class NotPossible(Exception):
    """A request cannot be made, or not sent, as things are; the sentence says why."""


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("Only the holder of this access or somebody of the same organisation may do this.")
        )


@transaction.atomic
def start(
    grant: Grant, *, kind: ApplicationKind, by: User, at: datetime, not_before: datetime | None = None
) -> Application:
    """Start a request about a grant, filled in with what is approved; with one open already, return that.

    `not_before` comes from a rejection of the same kind. Raises NotYours, NotPossible.
    """
    grant = (
        Grant.objects.select_for_update(of=("self",))  # two first clicks make one request
        .select_related("program", "owner", "tier", "revision", "application")
        .get(pk=grant.pk)
    )
    if not may_act_for(by, grant.owner):
        raise NotYours
    if found := grant.requests.filter(kind=kind, state__in=OPEN_APPLICATION_STATES).first():
        return found
    if why := why_not(grant, kind, at=at, not_before=not_before):
        raise NotPossible(why)
    question_set = questions.current()
    filled = prefilled(grant, questions.of(question_set), kind)
    if grant.application.applicant_id != by.pk:
        filled |= drafts.known(grant.owner, by)
    request = Application.objects.create(
        kind=kind,
        grant=grant,
        program=grant.program,
        owner=grant.owner,
        applicant=by,
        question_set=question_set,
        answers=filled,
        title=drafts.title_of(filled) or grant.application.title,
        started_at=at,
    )
    ledger.record(
        Event.APPLICATION_STARTED, subject=request, actor=by, at=at,
        program=grant.program.slug, kind=str(kind), grant=grant.pk,
    )  # fmt: skip
    return request


def why_not(grant: Grant, kind: ApplicationKind, *, at: datetime, not_before: datetime | None = None) -> str:
    """Return why this kind of request cannot be made now; empty when it can."""
    if grant.state not in LIVE_GRANT_STATES or grant.expires_at <= at:
        return _("This access has ended. Apply again if you still need it.")
    if not_before and not_before > at:
        return _too_early(grant, not_before)
    if kind == Kind.PRODUCTION and not grant.program.production_review:
        return _("This program has no production review: its access is for production already.")
    if kind == Kind.PRODUCTION and grant.tier.environment == Environment.LIVE:
        return _("This access is for production already.")
    if kind == Kind.RENEWAL and at < terms.ends_at(grant) - RENEWAL_OPENS:
        opens = (terms.ends_at(grant) - RENEWAL_OPENS).astimezone(grant.program.zone)
        return _("A renewal can be asked for from %(when)s, ninety days before the end.") % {
            "when": date_format(opens, _("j F Y, H:i T"))
        }
    return ""


def _too_early(grant: Grant, not_before: datetime) -> str:
    if not_before.year == MAXYEAR:
        return _("After the last decision you cannot ask for this again.")
    when = date_format(not_before.astimezone(grant.program.zone), _("j F Y, H:i T"))
    return _("After the last decision you can ask for this again from %(when)s.") % {"when": when}


def prefilled(grant: Grant, form: Form, kind: ApplicationKind) -> dict[str, Any]:
    """Return the approved answers that a request starts with: without what must be said anew, and secrets."""
    approved = grant.revision.answers if grant.revision else {}
    found = {
        question.key: approved[question.key]
        for question in form.questions
        if question.key in approved and question.type != "secret_text" and not question.requests
    }
    if kind == Kind.AMENDMENT:
        found[USE_CHANGED] = "yes"
    paper = _paper(form, kind, grant)
    anew = [q.key for q in form.questions if q.type == "tick" and paper.is_put(q, found)]
    return {key: value for key, value in found.items() if key not in anew}


def changes(application: Application, given: Mapping[str, Any]) -> list[str]:
    """Return the questions whose answers are others than the approved ones, in the form's order."""
    if application.grant is None or application.grant.revision is None:
        return []
    approved = application.grant.revision.answers
    form = questions.of(application.question_set)
    return [
        question.key
        for question in form.questions
        if not question.requests
        and question.type not in ("tick", "secret_text")
        and given.get(question.key) != approved.get(question.key)
    ]


def about_to_be_sent(application: Application, *, at: datetime) -> None:
    """Look at a locked draft before it is sent: what the pages did not put is what is approved now.

    Raises NotPossible.
    """
    grant = _locked_grant(application)
    if why := why_not(grant, Kind(application.kind), at=at):
        raise NotPossible(why)
    changed = application.answers.get(USE_CHANGED) == "yes"
    replaces = grants.replaces_use(application.kind, application.answers)
    if replaces and (other := other_change(application)):
        raise NotPossible(
            _(
                "Another request to change this use is with us: %(number)s. Wait for its decision, or withdraw it."
            )
            % {"number": other.number}
        )
    if changed and _is_outdated(application, grant):
        raise NotPossible(
            _(
                "The approved use changed since you began, so what is filled in here is older than it. "
                "Nothing was sent. Withdraw this request and start it anew."
            )
        )
    if not changed:
        form = questions.of(application.question_set)
        paper = _paper(form, Kind(application.kind), grant)
        kept = {
            question.key: application.answers[question.key]
            for question in form.questions
            if question.key in application.answers and paper.is_put(question, application.answers)
        }
        application.answers = prefilled(grant, form, Kind(application.kind)) | kept


def other_change(application: Application) -> Application | None:
    """Return another request under way whose approval would put another use in force, by what was sent of it."""
    others = Application.objects.filter(grant=application.grant_id, state__in=UNDER_WAY)
    for other in others.exclude(pk=application.pk).order_by("pk"):  # one of each kind at most
        if grants.replaces_use(other.kind, other.revisions.latest("number").answers):
            return other
    return None


def _is_outdated(application: Application, grant: Grant) -> bool:
    """Return whether another use was approved since the request was filled in with the use before it."""
    if grant.revision is None:
        return False
    approved_at = grant.revision.application.settled_at
    return approved_at is not None and approved_at > application.started_at


def _paper(form: Form, kind: ApplicationKind, grant: Grant) -> answers.Paper:
    return answers.Paper(form, questions.gates(kind, in_production=grant.is_in_production), {}, kind)


def sent(application: Application, *, by: ledger.Actor, at: datetime) -> None:
    """A renewal is with us: access goes on until it is decided, even past the end, for a bounded time."""
    if application.kind == Kind.RENEWAL:
        grants.hold_over(_locked_grant(application), by=by, at=at)


def approved(application: Application, *, by: ledger.Actor, at: datetime) -> None:
    """The approval of a locked request is told: the grant changes. Raises grants.IllegalMove."""
    sealing.owe_wiping(application)
    change = CHANGES.get(Kind(application.kind))
    if change is not None:
        change(_locked_grant(application), request=application, by=by, at=at)


def settled_against(application: Application, *, by: ledger.Actor, at: datetime) -> None:
    """A request was refused or taken back: the grant stays as it was approved."""
    sealing.owe_wiping(application)
    if application.kind == Kind.RENEWAL:
        grants.end_hold_over(_locked_grant(application), by=by, at=at)


def access_ends_at(application: Application) -> datetime | None:
    """Return when the access ends that a renewal was about, as it stands now; None for everything else."""
    if application.kind != Kind.RENEWAL or application.grant_id is None:
        return None
    return Grant.objects.values_list("expires_at", flat=True).get(pk=application.grant_id)


CHANGES = {
    Kind.PRODUCTION: grants.raise_to_production,
    Kind.AMENDMENT: grants.amend,
    Kind.RENEWAL: grants.renew,
}


def _locked_grant(application: Application) -> Grant:
    assert application.grant_id is not None, "only requests come here"
    return grants.locked(application.grant_id)

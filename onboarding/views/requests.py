"""What can be asked about access that was given: offers for the pages, and the start of a request."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.permissions import may_act_for
from audit import clock
from onboarding.domain import acknowledgements, drafts, requests, rule_notices, terms
from onboarding.models import Application, Grant
from onboarding.states import (
    LIVE_GRANT_STATES,
    OPEN_APPLICATION_STATES,
    ApplicationKind,
    ApplicationState,
    Environment,
)
from policies.models import GuidelineVersion, ProgramRule
from reviews.domain import rejections

KINDS = (ApplicationKind.PRODUCTION, ApplicationKind.AMENDMENT, ApplicationKind.RENEWAL)
WORDS = {
    ApplicationKind.PRODUCTION: _("Ask for production"),
    ApplicationKind.AMENDMENT: _("Change the use"),
    ApplicationKind.RENEWAL: _("Renew"),
}


@dataclass(frozen=True)
class Ask:
    """One kind of request: open already, or possible now."""

    kind: str
    words: str
    open: Application | None = None

    @property
    def is_draft(self) -> bool:
        return self.open is not None and self.open.state == ApplicationState.DRAFT


@dataclass
class Offer:
    """What can be asked about one grant, and what is asked of its holders."""

    asks: list[Ask] = field(default_factory=list)
    is_trial: bool = False
    ends_at: datetime | None = None
    renewal_due: bool = False
    acknowledge: GuidelineVersion | None = None
    limits_at: datetime | None = None
    rules: list[ProgramRule] = field(default_factory=list)
    is_first: bool = False  # what this page is for: its button is the filled one

    @property
    def is_urgent(self) -> bool:
        return self.acknowledge is not None or self.renewal_due


def attach(grants: Iterable[Grant], user: User, *, at: datetime) -> None:
    """Give each grant its `offer`; the same few queries for any number of grants."""
    grants = list(grants)
    living = [grant for grant in grants if grant.state in LIVE_GRANT_STATES and grant.expires_at > at]
    version = acknowledgements.asked_for() if living else None
    due = acknowledgements.waiting((grant.owner_id for grant in living), version)
    opened: dict[int, dict[str, Application]] = {}
    for request in Application.objects.filter(
        grant__in=[grant.pk for grant in living], state__in=OPEN_APPLICATION_STATES
    ).only("number", "kind", "state", "grant"):
        opened.setdefault(request.grant_id, {})[request.kind] = request
    rules = rule_notices.waiting(living)
    for grant in grants:
        grant.offer = _offer(grant, opened.get(grant.pk, {}), at) if grant in living else Offer()
        grant.offer.rules = rules.get(grant.pk, [])
        if version and grant.pk in due:
            grant.offer.acknowledge = version
            grant.offer.limits_at = acknowledgements.limits_at(grant, version, at=at)


def emphasise(grants: Iterable[Grant]) -> None:
    """Mark the first offer that will not wait."""
    if first := next((grant.offer for grant in grants if grant.offer.is_urgent), None):
        first.is_first = True


def _offer(grant: Grant, opened: dict[str, Application], at: datetime) -> Offer:
    asks = [
        Ask(str(kind), str(WORDS[kind]), opened.get(kind))
        for kind in KINDS
        if kind in opened or not requests.why_not(grant, kind, at=at)
    ]
    return Offer(
        asks=sorted(asks, key=lambda ask: ask.kind != ApplicationKind.RENEWAL),
        is_trial=grant.program.production_review and grant.tier.environment == Environment.TEST,
        ends_at=terms.ends_at(grant),
        renewal_due=any(ask.kind == ApplicationKind.RENEWAL and not ask.open for ask in asks),
    )


@require_POST
@login_required
def start(request: HttpRequest, public_id: UUID, kind: str) -> HttpResponse:
    """Start a request about a grant, or go on with the one that is open; only a POST does."""
    rows = Grant.objects.select_related("owner", "program")
    grant = get_object_or_404(rows, public_id=public_id)
    if kind not in KINDS or not may_act_for(request.user, grant.owner):
        raise Http404
    chosen = ApplicationKind(kind)
    try:
        started = requests.start(
            grant,
            kind=chosen,
            by=request.user,
            at=clock.now(),
            not_before=rejections.reapply_from(grant.owner, grant.program, kind=chosen),
        )
    except requests.NotPossible as refused:
        messages.error(request, str(refused))
        return redirect("access")
    if started.state == ApplicationState.DRAFT:
        return redirect("apply_section", started.number, drafts.first_section(started))
    return redirect("application", started.number)

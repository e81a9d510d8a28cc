"""Asked by hand to apply for a program by invitation only: the page that the link in the letter opens."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit import clock
from onboarding.domain import picks
from onboarding.models import Pick
from onboarding.states import PickState, Stage

REFUSALS = (picks.ForAnotherAddress, picks.IsOver, picks.ProgramHasEnded)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what somebody was asked; let whoever proved that address take it up.

    Opening it changes nothing, however often: a scanner that follows every link burns nothing.
    """
    pick = picks.find(token)
    if pick is None:
        raise Http404
    if request.method != "POST":
        return _page(request, pick)
    if not request.user.is_authenticated:
        return redirect("picked", token=token)
    try:
        pick = picks.take(pick, by=request.user, at=clock.now())
    except REFUSALS as refusal:
        return _page(request, pick, problem=str(refusal), status=409)
    messages.success(request, _("You can apply for %(program)s now.") % {"program": pick.program})
    return redirect("apply", pick.program.slug)


def _page(request: HttpRequest, pick: Pick, *, problem: str = "", status: int = 200) -> HttpResponse:
    user, now = request.user, picks.standing(pick, at=clock.now())
    is_taker = user.is_authenticated and pick.state == PickState.TAKEN and pick.taken_by_id == user.pk
    over = "" if now == PickState.ASKED or is_taker else str(picks.IsOver(now))
    if not over and pick.program.stage == Stage.CLOSED:
        over = str(picks.ProgramHasEnded(pick.program))
    shown = {
        "pick": pick,
        "program": pick.program,
        "over": over,
        "is_taker": is_taker,
        "is_mine": user.is_authenticated and picks.is_for(user, pick),
        "problem": "" if problem == over else problem,
        "come_back_to": request.path,
    }
    return render(request, "onboarding/picked.html", shown, status=status)

"""The guidelines, for everybody to read and for signed-in people to accept."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from audit import clock
from onboarding.domain import acknowledgements
from policies.domain import acceptances, guidelines
from policies.domain.guidelines import NoGuidelines
from policies.models import CategoryKind, GuidelineVersion
from policies.states import VersionState


@require_safe
def current(request: HttpRequest) -> HttpResponse:
    """Show the version in force; say so plainly where there is none yet."""
    try:
        return _shown(request, guidelines.in_force())
    except NoGuidelines:
        return render(request, "policies/guidelines_none.html", status=404)


@require_safe
def version(request: HttpRequest, version: str) -> HttpResponse:
    """Show one public version."""
    return _shown(request, _public(version))


@login_required
@require_POST
def accept(request: HttpRequest, version: str) -> HttpResponse:
    """Keep that this person accepted the version in force; only a POST does."""
    chosen = _public(version)
    if chosen.state not in (VersionState.PUBLISHED, VersionState.EFFECTIVE):
        messages.warning(
            request, f"Version {chosen.version} is not in force. Read and accept the one that is."
        )
        return redirect("guidelines")
    if request.POST.get("text_hash") != chosen.text_hash:
        messages.warning(request, "The text has changed since you opened this page. Read it again, please.")
        return redirect("guidelines")
    at = clock.now()
    acceptances.accept(
        request.user,
        document=acceptances.GUIDELINES,
        version=chosen.version,
        text_hash=chosen.text_hash,
        at=at,
    )
    acknowledgements.restore_for(request.user, at=at)
    messages.success(request, f"You accepted the usage guidelines, version {chosen.version}.")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "guidelines")


def _public(version: str) -> GuidelineVersion:
    found = GuidelineVersion.objects.public().filter(version=version).first()
    if found is None:
        raise Http404
    return found


def _shown(request: HttpRequest, chosen: GuidelineVersion) -> HttpResponse:
    categories = list(chosen.categories.all())
    person = request.user
    shown = {
        "version": chosen,
        "in_force": chosen.state == VersionState.EFFECTIVE,
        "prohibited": [part for part in categories if part.kind == CategoryKind.PROHIBITED],
        "scrutiny": [part for part in categories if part.kind == CategoryKind.SCRUTINY],
        "usual": list(chosen.usual_uses.all()),
        "versions": list(GuidelineVersion.objects.public().defer("source")),
        "accepted": person.is_authenticated and acceptances.accepted(person, chosen),
        "back": request.GET.get("next", ""),
    }
    return render(request, "policies/guidelines_detail.html", shown)

"""The guidelines, for everybody to read and compare, and for signed-in people to accept."""

from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit import clock
from onboarding.domain import acknowledgements
from policies import markdown
from policies.domain import acceptances, changes, guidelines
from policies.domain.guidelines import NoGuidelines
from policies.models import Category, CategoryKind, Consultation, GuidelineVersion
from policies.states import ConsultationState, VersionState


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


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """List every public version, newest first, each with what it changed; any two can be compared."""
    rows = list(GuidelineVersion.objects.public().defer("source"))
    told = [row for row in rows if row.published_at]
    told.sort(key=lambda row: (row.published_at, row.pk))
    older = {row.pk: before for before, row in pairwise(told)}
    listed = [{"version": row, "before": older.get(row.pk) or _latest(row, told)} for row in rows]
    shown = {
        "listed": listed,
        "versions": rows,
        "older": rows[1].version if len(rows) > 1 else "",
        "newer": rows[0].version if rows else "",
    }
    return render(request, "policies/guidelines_versions.html", shown)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Lead to what differs between the two versions that were chosen."""
    older, newer = (_public(request.GET.get(name, "").replace("\0", "")) for name in ("from", "to"))
    return redirect("guidelines_changes", newer.version, older.version)


@require_safe
def differences(request: HttpRequest, version: str, older: str) -> HttpResponse:
    """Show what differs between two versions, word by word, category by category."""
    new, old = _public(version), _public(older)
    shown = {"version": new, "older": old, "changes": changes.between(old, new)}
    return render(request, "policies/guidelines_changes.html", shown)


@require_safe
def category(request: HttpRequest, version: str, code: str) -> HttpResponse:
    """Show one category of one version, and in which versions it was changed."""
    chosen = _public(version)
    rows = Category.objects.filter(code=code, guidelines__in=GuidelineVersion.objects.public())
    found = {row.guidelines_id: row for row in rows.select_related("guidelines").defer("guidelines__source")}
    if chosen.pk not in found:
        raise Http404
    part = found[chosen.pk]
    shown = {
        "version": chosen,
        "part": part,
        "consultation": _consultation(chosen),
        "taxonomies": changes.taxonomies(part),
        "history": changes.history(list(GuidelineVersion.objects.told().defer("source")), found),
    }
    return render(request, "policies/category_detail.html", shown)


@login_required
@require_POST
def accept(request: HttpRequest, version: str) -> HttpResponse:
    """Keep that this person accepted the version in force; only a POST does."""
    chosen = _public(version)
    if chosen.state not in (VersionState.PUBLISHED, VersionState.EFFECTIVE):
        messages.warning(
            request,
            _("Version %(version)s is not in force. Read and accept the one that is.")
            % {"version": chosen.version},
        )
        return redirect("guidelines")
    if request.POST.get("text_hash") != chosen.text_hash:
        messages.warning(
            request, _("The text has changed since you opened this page. Read it again, please.")
        )
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
    messages.success(
        request,
        _("You accepted the usage guidelines, version %(version)s.") % {"version": chosen.version},
    )
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "guidelines")


def _public(version: str) -> GuidelineVersion:
    found = GuidelineVersion.objects.public().filter(version=version).defer("source").first()
    if found is None:
        raise Http404
    return found


def _latest(row: GuidelineVersion, told: list[GuidelineVersion]) -> GuidelineVersion | None:
    """Return what a version in consultation is compared with: the latest that was published."""
    return told[-1] if told and row.published_at is None else None


def _shown(request: HttpRequest, chosen: GuidelineVersion) -> HttpResponse:
    categories = list(chosen.categories.defer("triggers", "maps"))
    person = request.user
    shown = {
        "version": chosen,
        "in_force": chosen.state == VersionState.EFFECTIVE,
        "sections": [{"part": part, "shown": markdown.rendered(part.text)} for part in chosen.sections.all()],
        "prohibited": [part for part in categories if part.kind == CategoryKind.PROHIBITED],
        "scrutiny": [part for part in categories if part.kind == CategoryKind.SCRUTINY],
        "usual": list(chosen.usual_uses.all()),
        "versions": list(GuidelineVersion.objects.public().defer("source")[:RECENT]),
        "before": guidelines.before(chosen),
        "accepted": person.is_authenticated and acceptances.accepted(person, chosen),
        "back": request.GET.get("next", ""),
        "consultation": _consultation(chosen),
    }
    return render(request, "policies/guidelines_detail.html", shown)


def _consultation(chosen: GuidelineVersion) -> dict[str, Any] | None:
    """Return the consultation on a version and where it stands, once it is announced."""
    told = Consultation.objects.filter(guidelines=chosen).exclude(state=ConsultationState.PREPARED)
    found = told.defer("source").first()
    return {"asked": found, "phase": found.phase(clock.now())} if found else None


RECENT = 6  # versions beside the text; all of them have a page of their own

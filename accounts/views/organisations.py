"""Organisations, for their members: who belongs, in which role, which domains are proved."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.domain import domains, memberships, organisations, ownership
from accounts.forms import InviteForm, OrganisationForm
from accounts.models import MemberRole, Membership, Organisation, OrganisationDomain, OwnershipOffer
from accounts.permissions import may_manage, may_see
from accounts.views import joining
from audit import clock

PAGE = 50
REFUSALS = (
    memberships.NotAMember, memberships.LastOwner, memberships.AccountIsClosed, ownership.OneAtATime,
    ownership.NotToOneself, ownership.OfferIsOver, ownership.NotYours,
    domains.NoAddressThere, domains.MailForEverybody, domains.NotVerified,
)  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List one's organisations and found another."""
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = organisations.found(
            form.cleaned_data["name"], form.cleaned_data["website"], by=request.user, at=clock.now()
        )
        messages.success(
            request, _("%(organisation)s was created. You are its first owner.") % {"organisation": made}
        )
        return redirect("organisation", number=made.pk)
    mine = request.user.memberships.select_related("organisation").order_by("organisation__name")
    shown = {"form": form, "memberships": mine}
    return render(request, "accounts/organisation_list.html", shown, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def detail(request: HttpRequest, number: int) -> HttpResponse:
    """Show an organisation to its members, and let an owner invite somebody."""
    organisation = of_member(request, number)
    manages = may_manage(request.user, organisation)
    if request.method == "POST" and not manages:
        raise PermissionDenied(str(organisations.NotAnOwner(organisation)))
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and joining.invited(request, organisation, form):
        return redirect("organisation", number=organisation.pk)
    status = 422 if form.errors else 200
    return render(
        request,
        "accounts/organisation_detail.html",
        _shown(request, organisation, form if manages else None),
        status=status,
    )


def _shown(request: HttpRequest, organisation: Organisation, form: InviteForm | None) -> dict[str, Any]:
    after = request.GET.get("after", "")
    found = list(
        organisation.memberships.select_related("user")
        .filter(pk__gt=int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0)
        .order_by("pk")[: PAGE + 1]
    )
    manages, proved = form is not None, domains.of(organisation)
    return {
        "organisation": organisation,
        "memberships": found[:PAGE],
        "more_url": f"?after={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "mine": organisation.memberships.get(user=request.user),
        "form": form,
        "invitations": joining.open_of(organisation) if manages else [],
        "offer": ownership.live_of(organisation),
        "domains": proved,
        "claimable": domains.to_claim(request.user, proved) if manages else [],
    }


@login_required
@require_POST
def leave(request: HttpRequest, number: int) -> HttpResponse:
    """Leave an organisation."""
    organisation = of_member(request, number)
    said = _("You left %(organisation)s.") % {"organisation": organisation}
    done = attempt(
        request, lambda: memberships.leave(organisation, by=request.user, at=clock.now()), said=said
    )
    return redirect("organisations") if done else redirect("organisation", number=number)


@login_required
@require_POST
def member(request: HttpRequest, number: int, pk: int, verb: str) -> HttpResponse:
    """Change a member's role, remove them, or offer them one's place as an owner."""
    organisation = of_owner(request, number)
    found = get_object_or_404(Membership.objects.select_related("user"), pk=pk, organisation=organisation)
    name, at, by = str(found.user), clock.now(), request.user
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "owner": (
            lambda: memberships.change_role(found, to=MemberRole.OWNER, by=by, at=at),
            _("%(person)s is an owner now.") % {"person": name},
        ),
        "member": (
            lambda: memberships.change_role(found, to=MemberRole.MEMBER, by=by, at=at),
            _("%(person)s is a member now.") % {"person": name},
        ),
        "remove": (
            lambda: memberships.remove(found, by=by, at=at),
            _("%(person)s was removed and can no longer act for %(organisation)s.")
            % {"person": name, "organisation": organisation},
        ),
        "offer": (
            lambda: ownership.offer(found, by=by, at=at),
            _("We wrote to %(person)s. You stay an owner until they take over.") % {"person": name},
        ),
    }
    if verb not in acts:
        raise Http404
    act, said = acts[verb]
    attempt(request, act, said=said)
    if not may_see(request.user, organisation):
        return redirect("organisations")
    return redirect("organisation", number=number)


@login_required
@require_POST
def ownership_answer(request: HttpRequest, number: int, pk: int, verb: str) -> HttpResponse:
    """Take over, decline, or take an offer back."""
    organisation = of_member(request, number)
    found = get_object_or_404(
        OwnershipOffer.objects.select_related("organisation"), pk=pk, organisation=organisation
    )
    acts: dict[str, tuple[Callable[..., Any], str]] = {
        "take": (
            ownership.take,
            _("You are an owner of %(organisation)s now.") % {"organisation": organisation},
        ),
        "decline": (ownership.decline, _("You declined. Nothing else was changed.")),
        "withdraw": (ownership.withdraw, _("The offer was withdrawn.")),
    }
    if verb not in acts:
        raise Http404
    act, said = acts[verb]
    attempt(request, lambda: act(found, by=request.user, at=clock.now()), said=said)
    return redirect("organisation", number=number)


@login_required
@require_POST
def domain(request: HttpRequest, number: int) -> HttpResponse:
    """Verify a domain at which one reads mail."""
    organisation = of_owner(request, number)
    wanted = request.POST.get("domain", "")[:253]
    attempt(
        request,
        lambda: domains.verify(organisation, wanted, by=request.user, at=clock.now()),
        said=_("%(domain)s is shown as verified.") % {"domain": wanted},
    )
    return redirect("organisation", number=number)


@login_required
@require_POST
def domain_end(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Show a domain no longer."""
    organisation = of_owner(request, number)
    found = get_object_or_404(OrganisationDomain, pk=pk, organisation=organisation)
    attempt(
        request,
        lambda: domains.give_up(found, by=request.user, at=clock.now()),
        said=_("%(domain)s is no longer shown.") % {"domain": found.domain},
    )
    return redirect("organisation", number=number)


def of_member(request: HttpRequest, number: int) -> Organisation:
    """Return the organisation, for one of its members; for anybody else it is not there."""
    organisation = Organisation.objects.filter(pk=number).first()
    if organisation is None or not may_see(request.user, organisation):
        raise Http404
    return organisation


def of_owner(request: HttpRequest, number: int) -> Organisation:
    """Return the organisation, for one of its owners; a member is told that they may not."""
    organisation = of_member(request, number)
    if not may_manage(request.user, organisation):
        raise PermissionDenied(str(organisations.NotAnOwner(organisation)))
    return organisation


def attempt(request: HttpRequest, act: Callable[[], Any], *, said: str) -> bool:
    """Do something; say that it was done, or why not. Return whether it was."""
    try:
        act()
    except REFUSALS as problem:
        messages.error(request, str(problem))
        return False
    except organisations.NotAnOwner as problem:  # they ceased to be one since the page was shown
        raise PermissionDenied(str(problem)) from problem
    messages.success(request, said)
    return True

"""Invitations into an organisation: asked by an owner on its page, answered on a page of their own."""

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.domain import joining, organisations
from accounts.forms import InviteForm
from accounts.models import MemberRole, Organisation, OrganisationInvitation
from accounts.permissions import may_manage, may_see
from accounts.states import JoinState
from audit import clock

SHOWN = 10  # of those that are over
NOT_ASKED = (
    organisations.AlreadyAMember, joining.AlreadyInvited, joining.TooManyOpen, joining.DeclinedLately,
    joining.EnoughLetters,
)  # fmt: skip


def open_of(organisation: Organisation) -> list[OrganisationInvitation]:
    """Return the invitations that wait for an answer, newest first, and the last few that had one."""
    of_here = organisation.invitations.select_related("invited_by").order_by("-pk")
    return [*of_here.live(), *of_here.exclude(state=JoinState.INVITED)[:SHOWN]]


def invited(request: HttpRequest, organisation: Organisation, form: InviteForm) -> bool:
    """Invite the address the form names; say on the form why not. Nothing is said of who has an account."""
    if not form.is_valid():
        return False
    if not ratelimit.consume(request, action="invite_member", user=request.user):
        form.add_error("email", _("That is many addresses in one hour. Go on later."))
        return False
    email = form.cleaned_data["email"]
    try:
        joining.invite(
            organisation,
            email=email,
            role=MemberRole(form.cleaned_data["role"]),
            by=request.user,
            at=clock.now(),
        )
    except NOT_ASKED as problem:
        form.add_error("email", str(problem))
        return False
    except organisations.NotAnOwner as problem:
        raise PermissionDenied(str(problem)) from problem
    messages.success(
        request, _("We wrote to %(email)s. They belong to it once they accept.") % {"email": email}
    )
    return True


@login_required
@require_POST
def act(request: HttpRequest, number: int, pk: int, verb: str) -> HttpResponse:
    """Send an invitation again, or revoke it."""
    organisation = Organisation.objects.filter(pk=number).first()
    if organisation is None or not may_see(request.user, organisation):
        raise Http404
    if not may_manage(request.user, organisation):
        raise PermissionDenied(str(organisations.NotAnOwner(organisation)))
    invitation = get_object_or_404(
        OrganisationInvitation.objects.select_related("organisation"), pk=pk, organisation=organisation
    )
    acts = {
        "resend": (joining.resend, _("We wrote to %(email)s again. The link before is dead.")),
        "revoke": (joining.revoke, _("The invitation of %(email)s was revoked.")),
    }
    if verb not in acts:
        raise Http404
    do, said = acts[verb]
    try:
        do(invitation, by=request.user, at=clock.now())
    except (
        joining.InvitationIsOver,
        joining.TooSoon,
        joining.DeclinedLately,
        joining.EnoughLetters,
    ) as problem:
        messages.error(request, str(problem))
    except organisations.NotAnOwner as problem:
        raise PermissionDenied(str(problem)) from problem
    else:
        messages.success(request, said % {"email": invitation.email})
    return redirect("organisation", number=number)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to whoever has its link; let the person whose address was asked answer it.

    Opening it changes nothing, however often: a scanner that follows every link burns nothing.
    """
    invitation = joining.find(token)
    if invitation is None:
        raise Http404
    if request.method == "POST" and request.user.is_authenticated:
        return _answer(request, invitation)
    if request.method == "POST":
        return redirect("join", token=token)
    return _page(request, invitation)


def _answer(request: HttpRequest, invitation: OrganisationInvitation) -> HttpResponse:
    refused = (
        joining.ForAnotherAddress, joining.InvitationIsOver, joining.StaffJoinThemselves,
        organisations.AlreadyAMember,
    )  # fmt: skip
    at, organisation = clock.now(), invitation.organisation
    try:
        if "decline" in request.POST:
            joining.decline(invitation, by=request.user, at=at)
            messages.success(
                request, _("You declined to join %(organisation)s.") % {"organisation": organisation}
            )
            return redirect("organisations")
        if "accept" not in request.POST:
            return _page(request, invitation, status=422)
        joining.accept(invitation, by=request.user, at=at)
    except refused as problem:
        return _page(request, invitation, problem=str(problem), status=409)
    messages.success(request, _("You can act for %(organisation)s now.") % {"organisation": organisation})
    return redirect("organisation", number=organisation.pk)


def _page(
    request: HttpRequest, invitation: OrganisationInvitation, *, problem: str = "", status: int = 200
) -> HttpResponse:
    user = request.user
    shown = {
        "invitation": invitation,
        "is_over": invitation.state != JoinState.INVITED or invitation.expires_at <= clock.now(),
        "is_mine": user.is_authenticated and joining.is_for(user, invitation),
        "problem": problem,
        "come_back_to": request.path,
    }
    return render(request, "accounts/join.html", shown, status=status)

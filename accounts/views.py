"""Organisations, for their members."""

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.domain import organisations, people
from accounts.domain.organisations import AlreadyAMember, NotAnOwner, StaffJoinThemselves
from accounts.forms import MemberForm, OrganisationForm
from accounts.models import Organisation
from accounts.permissions import may_add_member, may_see
from audit import clock

NOBODY = "Nobody with this confirmed address has an account here. Ask them to sign up first."


@login_required
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List one's organisations and found another."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = organisations.found(
            form.cleaned_data["name"], form.cleaned_data["website"], by=request.user, at=clock.now()
        )
        messages.success(request, f"{made} was created. You are its first owner.")
        return redirect("organisation", number=made.pk)
    mine = request.user.memberships.select_related("organisation").order_by("organisation__name")
    return render(request, "accounts/organisation_list.html", {"form": form, "memberships": mine})


@login_required
@require_http_methods(["GET", "POST"])
def detail(request: HttpRequest, number: int) -> HttpResponse:
    """Show an organisation to its members, and let an owner add one."""
    organisation = Organisation.objects.filter(pk=number).first()
    if organisation is None or not may_see(request.user, organisation):
        raise Http404
    may_add = may_add_member(request.user, organisation)
    if request.method == "POST" and not may_add:
        raise PermissionDenied(str(NotAnOwner(organisation)))
    form = MemberForm(request.POST or None)
    if request.method == "POST" and _added(request, organisation, form):
        return redirect("organisation", number=organisation.pk)
    shown = {
        "organisation": organisation,
        "memberships": organisation.memberships.select_related("user").order_by("since_at", "pk"),
        "form": form if may_add else None,
    }
    return render(request, "accounts/organisation_detail.html", shown)


def _added(request: HttpRequest, organisation: Organisation, form: MemberForm) -> bool:
    """Add the person the form names; say on the form why not."""
    if not form.is_valid():
        return False
    if not ratelimit.consume(request, action="add_member", user=request.user):
        form.add_error("email", "That is many addresses in one hour. Go on later.")
        return False
    found = people.with_verified(form.cleaned_data["email"])
    if found is None:
        form.add_error("email", NOBODY)
        return False
    try:
        organisations.add_member(organisation, found, by=request.user, at=clock.now())
    except (AlreadyAMember, StaffJoinThemselves) as problem:
        form.add_error("email", str(problem))
        return False
    messages.success(request, f"{found} can now act for {organisation}.")
    return True

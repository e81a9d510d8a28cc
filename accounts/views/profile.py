"""One's own account: name, zone and language; where one is signed in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions
from accounts.domain import people
from accounts.forms import ProfileForm
from audit import clock


@login_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show and change what a person says about themselves."""
    user = request.user
    now = {"full_name": user.full_name, "time_zone": user.time_zone, "language": user.language}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        changed = people.describe(user, **(now | form.cleaned_data), by=user, at=clock.now())
        with translation.override(changed.language):
            messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Show where one is signed in; a POST ends every session but this one."""
    this = request.session.session_key
    if request.method == "POST":
        sessions.end_others(request.user, this=this)
        messages.success(request, _("You are signed out everywhere else."))
        return redirect("usersessions_list")
    found = sessions.live_of(request.user, this=this, at=clock.now())
    return render(request, "usersessions/usersession_list.html", {"sessions": found})


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session."""
    if not sessions.end(request.user, pk, this=request.session.session_key):
        raise Http404
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")

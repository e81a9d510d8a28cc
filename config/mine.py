"""Your data: read what is kept and why, take a copy of everything, delete the account.

These pages are the composition root's because they call every app.
"""

from datetime import datetime
from tempfile import TemporaryFile
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.domain import erasure
from accounts.domain.erasure import HandOverFirst, StaffStay
from accounts.models import User
from audit import clock
from enforcement.domain import archive, leaving


class ConfirmForm(forms.Form):
    """The person types their own address: nobody does that by accident."""

    address = forms.CharField(
        max_length=254,
        label=gettext_lazy("Type the e-mail address of this account"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["address"].help_text = user.email

    def clean_address(self) -> str:
        typed = self.cleaned_data["address"].strip().lower()
        if typed != self.user.email:
            raise forms.ValidationError(_("This is not the address of this account."))
        return typed


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Say what is kept and why: to anybody, also to those whose account is gone."""
    return render(request, "accounts/my_data.html")


@require_POST
@login_required
@reauthentication_required
@cache_control(no_store=True)
def copy(request: HttpRequest) -> HttpResponseBase:
    """Answer everything of one's own as a ZIP."""
    if not ratelimit.consume(request, action="my_copy", user=request.user):
        messages.error(request, _("You took several copies within the hour. Take the next one later."))
        return render(request, "accounts/my_data.html", status=429)
    return packed(_person(request), at=clock.now())


def packed(user: User, *, at: datetime) -> FileResponse:
    """Return everything of a person's own as a ZIP, written to a file first so that memory stays the same."""
    file = TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    try:
        archive.write(user, file, by=user, at=at)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    answer = FileResponse(
        file, as_attachment=True, filename=f"gatehouse-{at:%Y-%m-%d}.zip", content_type="application/zip"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "POST"])
@login_required
@reauthentication_required(allow_get=True)
def delete(request: HttpRequest) -> HttpResponse:
    """Say exactly what deleting the account does; do it for whoever types the account's address."""
    user = _person(request)
    form = ConfirmForm(request.POST or None, user=user)
    problem, status = erasure.hindrance(user), 200
    if request.method == "POST" and problem is None and form.is_valid():
        try:
            leaving.ask(user, by=user, at=clock.now())
        except (StaffStay, HandOverFirst) as error:  # became so a moment ago
            problem = error
        else:
            logout(request)
            messages.success(
                request, _("Your account is closed and is being deleted. A last letter says so.")
            )
            return redirect("my_data")
    if request.method == "POST":
        status = 409 if problem else 422
    shown = {"form": form, "problem": problem, "must_hand_over": isinstance(problem, HandOverFirst)}
    return render(request, "accounts/delete_account.html", shown, status=status)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "signed in, as the decorators saw to"
    return request.user

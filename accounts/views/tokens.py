"""Personal tokens of the self-service API: make one, see it once, look them over, revoke."""

from datetime import timedelta

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.domain import tokens
from accounts.models import Token
from accounts.scopes import Scope
from audit import clock

SHOWN = 50
LASTS = {
    30: gettext_lazy("30 days"),
    90: gettext_lazy("90 days"),
    180: gettext_lazy("180 days"),
    365: gettext_lazy("a year"),
}


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=tokens.NAME_MOST,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What uses it, such as: status board."),
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("What it may be used for"),
        help_text=gettext_lazy("It never reaches further than you do yourself."),
    )
    days = forms.TypedChoiceField(
        choices=list(LASTS.items()), coerce=int, initial=90, label=gettext_lazy("Ends after")
    )


@login_required
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)
@cache_control(private=True, no_store=True)
@sensitive_variables("secret")
def index(request: HttpRequest) -> HttpResponse:
    """List my tokens; make another for whoever just proved who they are: its secret is in that one response."""
    at, secret, made = clock.now(), None, None
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made, secret = tokens.make(
                request.user,
                name=said["name"],
                scopes=said["scopes"],
                expires_at=at + timedelta(days=said["days"]),
                at=at,
            )
        except tokens.BadToken as refused:
            form.add_error(None, str(refused))
        else:
            form = TokenForm()
    mine = Token.objects.filter(user=request.user).order_by("revoked_at", "-pk")
    context = {
        "form": form,
        "made": made,
        "secret": secret,
        "live": list(mine.live(at)[:SHOWN]),
        "over": list(mine.exclude(pk__in=mine.live(at).values("pk")).order_by("-pk")[:SHOWN]),
        "scopes": dict(Scope.choices),
    }
    return render(request, "accounts/token_list.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token at once; others' are not there."""
    token = get_object_or_404(Token, pk=pk)
    try:
        tokens.revoke(token, by=request.user, at=clock.now())
    except tokens.NotYours as refused:
        raise Http404 from refused
    messages.success(request, _("“%(name)s” is revoked: it works nowhere any more.") % {"name": token.name})
    return redirect("tokens")

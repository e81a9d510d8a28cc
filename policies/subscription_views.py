"""Letters about published guidelines: ask for them, confirm, end them. Nobody needs an account."""

from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from audit import clock
from policies.domain import subscriptions
from policies.domain.subscriptions import LinkIsOver


class SubscribeForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("You get a letter with a link first; nothing else is sent before you use it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        max_length=254,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Take an address and write to it; the answer is the same whether it was known or not."""
    form = SubscribeForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "policies/subscribe.html", {"form": form}, status=status)
    if not ratelimit.consume(request, action="subscribe"):
        form.add_error(None, _("Too many addresses were sent from here. Wait an hour, then try again."))
        return render(request, "policies/subscribe.html", {"form": form}, status=429)
    subscriptions.ask(form.cleaned_data["email"], language=get_language() or "", at=clock.now())
    messages.success(
        request,
        _("If this address does not get our letters yet, one with a link to confirm is on its way to it."),
    )
    return redirect("guidelines_subscribe")


@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link is of; only a POST confirms or ends anything: mail scanners follow links."""
    at = clock.now()
    try:
        if request.method != "POST":
            return _page(request, subscriptions.find(token, at=at).confirmed_at is not None)
        if request.POST.get("do") == "confirm":
            subscriptions.confirm(token, at=at)
            messages.success(request, _("You get a letter from now on whenever guidelines are published."))
            return redirect("guidelines_subscription", token)
        subscriptions.end(token, at=at)
    except LinkIsOver:
        raise Http404 from None
    messages.success(request, _("You get no more letters about guidelines. Your address is deleted."))
    return redirect("guidelines_subscribe")


@csrf_exempt  # a mail program posts here, with nothing of our session: RFC 8058. The token is the permission.
@require_http_methods(["GET", "HEAD", "POST"])
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """End a subscription on the one POST of a mail program; a person who follows the link is shown the page."""
    if request.method != "POST":
        return redirect("guidelines_subscription", token)
    try:
        subscriptions.end(token, at=clock.now())
    except LinkIsOver:
        raise Http404 from None
    return HttpResponse(_("You get no more letters about guidelines.") + "\n", content_type="text/plain")


def _page(request: HttpRequest, confirmed: bool) -> HttpResponse:
    answer = render(request, "policies/subscription.html", {"confirmed": confirmed})
    answer["Referrer-Policy"] = (
        "same-origin"  # its address is its key; with none, browsers post "Origin: null"
    )
    return answer

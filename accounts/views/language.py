"""The language a visitor reads in; people who signed in choose theirs in their profile."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Offer the languages; a POST keeps the chosen one in a cookie and goes back to where the visitor was."""
    if request.user.is_authenticated:
        return redirect("profile")
    if request.method == "POST":
        return set_language(request)
    back = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    return render(request, "accounts/language.html", {"languages": settings.LANGUAGES, "next": back})

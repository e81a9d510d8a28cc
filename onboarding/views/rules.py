"""A program's own rules: acknowledged by whoever reads them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import clock
from policies.domain import acceptances, program_rules
from policies.models import ProgramRule


@login_required
@require_POST
def acknowledge(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Keep that this person acknowledged a rule; only a POST does."""
    rule = get_object_or_404(ProgramRule.objects.standing(), program=slug, number=number)
    acceptances.accept(
        request.user,
        document=program_rules.document(rule),
        version=str(rule.number),
        text_hash=rule.text_hash,
        at=clock.now(),
    )
    messages.success(request, _("You acknowledged the rule “%(title)s”.") % {"title": rule.title})
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back) if safe else redirect("program", slug)

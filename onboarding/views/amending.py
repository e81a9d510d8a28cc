"""Begin to change what was sent, and drop the changes; the form's own pages do the rest."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import clock
from onboarding.domain import amending, applications, questions
from onboarding.views import status


@require_POST
@login_required
def begin(request: HttpRequest, number: str) -> HttpResponse:
    """Open the sent answers for changes and go to the form."""
    application = status.visible(request.user, number)
    try:
        application = amending.begin(application, by=request.user, at=clock.now())
    except (amending.TooLate, applications.NotYours) as refused:
        messages.error(request, str(refused))
        return redirect("application", number)
    first = questions.of(application.question_set).sections[0]
    return redirect("apply_section", number, first.key)


@require_POST
@login_required
def discard(request: HttpRequest, number: str) -> HttpResponse:
    """Drop the unsent changes."""
    application = status.visible(request.user, number)
    if application.amending_since is not None:
        amending.discard(application, by=request.user)
        messages.success(request, _("Your unsent changes are gone. What you sent before stands."))
    return redirect("application", number)

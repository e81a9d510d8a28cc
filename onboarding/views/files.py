"""The files of an application, for those who sent it; reviewers have their own door in the admin."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from onboarding.models import Attachment
from onboarding.views import status, uploads


@login_required
@require_safe
def download(request: HttpRequest, number: str, token: str) -> HttpResponseBase:
    """Hand out one file; to everybody else it is not there."""
    application = status.visible(request.user, number)
    return uploads.download(get_object_or_404(Attachment, application=application, token=token))

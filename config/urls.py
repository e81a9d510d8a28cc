"""Every address of the pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, include, path
from django_rq.urls import get_admin_urlpatterns, get_api_urlpatterns
from rq.exceptions import NoSuchJobError

from accounts.roles import Duty, may
from config import api, health, mine


def for_importers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a page of the job queue to those who import: django-rq itself asks for no duty and no second factor.

    What it does not know it answers with 500; here that is a page that is not there.
    """

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may(request.user, Duty.IMPORT_APPLICATIONS):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except (NoSuchJobError, LookupError, AttributeError, ValueError, ImproperlyConfigured) as error:
            raise Http404 from error

    return admin.site.admin_view(asked)


jobs = [
    *(
        URLPattern(each.pattern, for_importers(each.callback), name=each.name)
        for each in get_api_urlpatterns()
    ),
    *get_admin_urlpatterns(view_wrapper=for_importers),
]
urlpatterns = [
    path("", include("onboarding.urls")),
    path("", include("reviews.urls")),
    path("", include("enforcement.urls")),
    path("", include("policies.urls")),
    path("", include("transparency.urls")),
    path("accounts/data/", mine.show, name="my_data"),
    path("accounts/data/copy/", mine.copy, name="my_copy"),
    path("accounts/delete/", mine.delete, name="delete_account"),
    path("accounts/", include("accounts.urls.account")),
    path("accounts/", include("allauth.urls")),
    path("organisations/", include("accounts.urls.organisations")),
    path("api/", include(api.urlpatterns)),
    path("admin/jobs/", include((jobs, "django_rq"))),
    path("admin/", admin.site.urls),
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

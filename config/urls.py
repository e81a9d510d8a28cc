"""Every address of the pages; what stays stable is in the contract (docs/contract.md)."""

from django.contrib import admin
from django.urls import include, path

from config import health

urlpatterns = [
    path("", include("onboarding.urls")),
    path("", include("reviews.urls")),
    path("", include("policies.urls")),
    path("accounts/", include("allauth.urls")),
    path("organisations/", include("accounts.urls")),
    path("admin/jobs/", include("django_rq.urls")),
    path("admin/", admin.site.urls),
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
]

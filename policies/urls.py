"""Addresses of policies."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.http import require_safe

from policies import comment_views, consultation_views, subscription_views, views
from policies.feeds import GuidelinesFeed


class VersionConverter(StringConverter):
    """A semantic version, such as 1.0.0 or 2.0.0-draft.1."""

    regex = r"[0-9A-Za-z.+-]+"


register_converter(VersionConverter, "version")

ASKED = "guidelines/<version:version>/consultation/"
consultation_urls = [
    path(ASKED, consultation_views.consultation, name="consultation"),
    path(f"{ASKED}comments.csv", consultation_views.as_csv, name="consultation_csv"),
    path(f"{ASKED}comments.json", consultation_views.as_json, name="consultation_json"),
    path(f"{ASKED}text.yaml", consultation_views.text, name="consultation_text"),
    path(f"{ASKED}invited/<str:token>/", consultation_views.invited, name="consultation_invited"),
    path(f"{ASKED}yours/", comment_views.mine, name="consultation_mine"),
    path(f"{ASKED}yours/<str:token>/", comment_views.yours, name="consultation_yours"),
    path(f"{ASKED}<slug:number>/", consultation_views.comment, name="consultation_comment"),
]

urlpatterns = [
    path("guidelines/", views.current, name="guidelines"),
    path("guidelines/versions/", views.versions, name="guidelines_versions"),
    path("guidelines/compare/", views.compare, name="guidelines_compare"),
    path("guidelines/feed/", require_safe(GuidelinesFeed()), name="guidelines_feed"),
    path("guidelines/subscribe/", subscription_views.subscribe, name="guidelines_subscribe"),
    path(
        "guidelines/subscription/<slug:token>/",
        subscription_views.subscription,
        name="guidelines_subscription",
    ),
    path(
        "guidelines/subscription/<slug:token>/end/",
        subscription_views.one_click,
        name="guidelines_subscription_end",
    ),
    path("guidelines/<version:version>/", views.version, name="guidelines_version"),
    path("guidelines/<version:version>/accept/", views.accept, name="guidelines_accept"),
    path(
        "guidelines/<version:version>/changes-since/<version:older>/",
        views.differences,
        name="guidelines_changes",
    ),
    *consultation_urls,
    path("guidelines/<version:version>/<slug:code>/", views.category, name="guidelines_category"),
]

"""Addresses of policies."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from policies import views


class VersionConverter(StringConverter):
    """A semantic version, such as 1.0.0 or 2.0.0-draft.1."""

    regex = r"[0-9A-Za-z.+-]+"


register_converter(VersionConverter, "version")

urlpatterns = [
    path("guidelines/", views.current, name="guidelines"),
    path("guidelines/<version:version>/", views.version, name="guidelines_version"),
    path("guidelines/<version:version>/accept/", views.accept, name="guidelines_accept"),
]

"""Addresses of policies."""

from django.urls import path

from policies import views

urlpatterns = [
    path("guidelines/", views.current, name="guidelines"),
    path("guidelines/<str:version>/", views.version, name="guidelines_version"),
    path("guidelines/<str:version>/accept/", views.accept, name="guidelines_accept"),
]

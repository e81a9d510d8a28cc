"""Addresses of accounts."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.index, name="organisations"),
    path("<int:number>/", views.detail, name="organisation"),
]

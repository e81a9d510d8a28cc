"""Addresses of reviews on the applicant's side; the desk is in the admin."""

from django.urls import path

from reviews import views

urlpatterns = [
    path("applications/<slug:number>/answer/", views.answer, name="answer"),
]

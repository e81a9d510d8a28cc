"""Addresses of organisations."""

from django.urls import path

from accounts.views import joining, organisations

urlpatterns = [
    path("", organisations.index, name="organisations"),
    path("join/<str:token>/", joining.page, name="join"),
    path("<int:number>/", organisations.detail, name="organisation"),
    path("<int:number>/leave/", organisations.leave, name="organisation_leave"),
    path("<int:number>/members/<int:pk>/<slug:verb>/", organisations.member, name="organisation_member"),
    path("<int:number>/invitations/<int:pk>/<slug:verb>/", joining.act, name="organisation_invitation"),
    path(
        "<int:number>/ownership/<int:pk>/<slug:verb>/",
        organisations.ownership_answer,
        name="organisation_ownership",
    ),
    path("<int:number>/domains/", organisations.domain, name="organisation_domain"),
    path("<int:number>/domains/<int:pk>/end/", organisations.domain_end, name="organisation_domain_end"),
]

"""Addresses of enforcement on the applicant's side; the senior reviewers' pages are in the admin."""

from django.urls import path

from enforcement import views

urlpatterns = [
    path(f"applications/<slug:number>/{kind}/", views.against, {"kind": kind}, name=kind)
    for kind in ("appeal", "reinstatement")
] + [
    path(
        f"applications/<slug:number>/{kind}/withdraw/",
        views.withdraw,
        {"kind": kind},
        name=f"{kind}_withdraw",
    )
    for kind in ("appeal", "reinstatement")
]

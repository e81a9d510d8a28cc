"""Addresses of enforcement on the applicant's side; the senior reviewers' pages are in the admin."""

from django.urls import path

from enforcement import leak_views, views, webhook_views

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
urlpatterns += [
    path("access/sanctions/<slug:number>/", views.sanction, name="sanction"),
    path("access/sanctions/<slug:number>/withdraw/", views.sanction_withdraw, name="sanction_withdraw"),
    path("access/<uuid:public_id>/problem/", views.problem, name="problem"),
    path("report/", views.report, name="report"),
    path("report/<slug:receipt>/", views.report_receipt, name="report_receipt"),
    path("access/webhooks/", webhook_views.index, name="webhooks"),
    path("access/webhooks/<int:pk>/", webhook_views.detail, name="webhook"),
    path("access/webhooks/<int:pk>/rotate/", webhook_views.rotate, name="webhook_rotate"),
    path("access/webhooks/<int:pk>/stop/", webhook_views.stop, name="webhook_stop"),
    path("access/webhooks/<int:pk>/resume/", webhook_views.resume, name="webhook_resume"),
    path("access/webhooks/<int:pk>/messages/<int:message>/again/", webhook_views.again, name="webhook_again"),
    path("leaks/report/", leak_views.report, name="leak_report"),
]

"""Addresses of the applicant's side."""

from django.urls import path

from onboarding.views import (
    access,
    amending,
    apply,
    autosave,
    files,
    key_acts,
    picked,
    programs,
    requests,
    status,
    used,
)

urlpatterns = [
    path("", programs.index, name="home"),
    path("programs/<slug:slug>/", programs.detail, name="program"),
    path("apply/<slug:slug>/", apply.start, name="apply"),
    path("asked/<str:token>/", picked.page, name="picked"),
    path("applications/", status.index, name="applications"),
    path("applications/<slug:number>/", status.detail, name="application"),
    path("applications/<slug:number>/form/<slug:section>/", apply.section, name="apply_section"),
    path("applications/<slug:number>/form/<slug:section>/save/", autosave.save, name="apply_save"),
    path("applications/<slug:number>/check/", apply.check, name="apply_check"),
    path("applications/<slug:number>/submit/", apply.submit, name="apply_submit"),
    path("applications/<slug:number>/amend/", amending.begin, name="amend"),
    path("applications/<slug:number>/amend/discard/", amending.discard, name="amend_discard"),
    path("applications/<slug:number>/files/<slug:token>/", files.download, name="application_file"),
    path("applications/<slug:number>/withdraw/", status.withdraw, name="withdraw"),
    path("applications/<slug:number>/leave/", status.leave, name="leave"),
    path("applications/<slug:number>/invitation/", status.answer_invitation, name="invitation"),
    path("access/", access.index, name="access"),
    path("access/<uuid:public_id>/", access.detail, name="grant"),
    path("access/<uuid:public_id>/notices/", used.choose, name="usage_notices"),
    path("access/<uuid:public_id>/usage.csv", used.file, name="grant_usage"),
    path("access/<uuid:public_id>/keys/", key_acts.ask, name="key_ask"),
    path("access/<uuid:public_id>/ask/<slug:kind>/", requests.start, name="request"),
    path("access/keys/<slug:key_id>/open/", access.open_key, name="key_open"),
    path("access/keys/<slug:key_id>/rotate/", access.rotate_key, name="key_rotate"),
    path("access/keys/<slug:key_id>/rename/", key_acts.rename, name="key_rename"),
    path("access/keys/<slug:key_id>/limit/", key_acts.limit, name="key_limit"),
    path("access/keys/<slug:key_id>/<slug:verb>/", key_acts.act, name="key_act"),
]

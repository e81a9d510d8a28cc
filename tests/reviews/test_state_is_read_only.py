"""State is read-only in every admin form: found by looking at the whole registry, so that no new one is forgotten."""

import pytest
from django.contrib import admin
from django.test import RequestFactory

from tests.factories import make_user

OURS = ("audit", "outbox", "accounts", "policies", "onboarding", "reviews", "enforcement", "transparency")
STATE = ("state", "stage", "outcome", "lane", "second", "version", "tell_at", "told_at")


def changeable():
    """Return every (admin, field) whose form would let a superuser assign what only a command may."""
    request = RequestFactory().get("/admin/")
    request.user = make_user("root", is_staff=True, is_superuser=True)
    for model, shown in admin.site._registry.items():
        if model._meta.app_label not in OURS:
            continue
        if not (shown.has_add_permission(request) or shown.has_change_permission(request)):
            continue
        read = set(shown.get_readonly_fields(request))
        for name in shown.get_form(request, change=True).base_fields:
            if name not in read and (name in STATE or name.endswith(("_at", "_by", "_owed"))):
                yield f"{model._meta.label}.{name}"


@pytest.mark.django_db
def test_no_admin_form_assigns_a_state():
    assert list(changeable()) == []


@pytest.mark.django_db
def test_the_case_and_everything_on_it_is_changed_by_commands_alone():
    request = RequestFactory().get("/admin/")
    request.user = make_user("root", is_staff=True, is_superuser=True)
    wrong = [
        model._meta.label
        for model, shown in admin.site._registry.items()
        if model._meta.app_label == "reviews"
        and model._meta.model_name in ("case", "decision", "claim", "opinion", "informationrequest")
        and (
            shown.has_add_permission(request)
            or shown.has_change_permission(request)
            or shown.has_delete_permission(request)
            or shown.actions
        )
    ]

    assert wrong == []

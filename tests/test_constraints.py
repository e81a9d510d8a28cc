"""The database says no too: found by looking at every model, so that a new one cannot be forgotten."""

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import CheckConstraint, Q

OURS = ("audit", "outbox", "accounts", "policies", "onboarding", "reviews", "enforcement", "transparency")
MODELS = [model for app in OURS for model in apps.get_app_config(app).get_models() if model._meta.managed]


def named(condition: Q) -> set[str]:
    """Return the fields a condition names, however deep."""
    found = set()
    for child in condition.children:
        found |= named(child) if isinstance(child, Q) else {child[0].split("__")[0]}
    return found


def pairs() -> list[tuple[type[models.Model], str, str]]:
    """Return each `<verb>_at` that may be empty and has a `<verb>_by` beside it."""
    found = []
    for model in MODELS:
        fields = {field.name: field for field in model._meta.concrete_fields}
        for name, field in fields.items():
            by = f"{name.removesuffix('_at')}_by"
            if name.endswith("_at") and by in fields and (field.null or fields[by].null):
                found.append((model, name, by))
    return found


def test_there_are_pairs_to_look_at():
    assert len(pairs()) >= 6


@pytest.mark.parametrize(("model", "at", "by"), pairs(), ids=lambda value: getattr(value, "__name__", value))
def test_who_and_when_are_there_together_or_not_at_all(model, at, by):
    """Where the time is always there, an empty `_by` means that a machine did it; nothing needs to be refused."""
    if not model._meta.get_field(at).null:
        return

    checks = [check for check in model._meta.constraints if isinstance(check, CheckConstraint)]
    assert [check.name for check in checks if {at, by} <= named(check.condition)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_choice_is_a_constraint_too(model):
    """Django checks choices in forms only: `.update()` walks around them."""
    checks = [check for check in model._meta.constraints if isinstance(check, CheckConstraint)]
    constrained = set().union(*(named(check.condition) for check in checks)) if checks else set()
    missing = [
        field.name
        for field in model._meta.concrete_fields
        if field.choices and model._meta.label not in FREE_CHOICES and field.name not in constrained
    ]

    assert missing == []


FREE_CHOICES = {
    "audit.LedgerEntry",  # rows outlive the list of events; nothing but ledger.record writes them
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_state_moves_by_its_table_in_the_database_too(model):
    fields = [
        name
        for name in ("state", "stage")
        if any(field.name == name for field in model._meta.concrete_fields)
    ]
    triggers = {trigger.name for trigger in getattr(model._meta, "triggers", [])}

    assert [name for name in fields if f"{name}_moves_by_the_table" not in triggers] == []


@pytest.mark.django_db
def test_every_declared_trigger_is_installed_and_on():
    """All but those that refuse TRUNCATE, which the test database has switched off to be cleaned up."""
    declared = {
        (model._meta.db_table, trigger.get_pgid(model))
        for model in MODELS
        for trigger in getattr(model._meta, "triggers", [])
        if trigger.name != "no_truncate"
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
               WHERE NOT t.tgisinternal AND t.tgenabled = 'O'"""
        )
        installed = set(cursor.fetchall())

    assert declared - installed == set()


@pytest.mark.django_db
def test_every_constraint_is_in_the_database_and_valid():
    declared = {constraint.name for model in MODELS for constraint in model._meta.constraints}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE convalidated UNION SELECT indexname FROM pg_indexes"
        )
        present = {name for (name,) in cursor.fetchall()}

    assert declared - present == set()

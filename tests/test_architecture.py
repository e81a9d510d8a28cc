"""Rules of the house that a machine can hold."""

import ast
import re
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings

from audit.events import Event

ROOT = Path(__file__).resolve().parent.parent
APPS = ["audit", "outbox", "accounts", "policies", "onboarding", "reviews", "enforcement", "transparency"]
SOURCES = [
    path
    for app in [*APPS, "config", "devstack", "demo"]
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]
DOORS = {"views", "admin", "forms", "urls", "api"}
JUNK = {"utils.py", "helpers.py", "common.py", "constants.py", "exceptions.py", "misc.py"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def is_door(path: Path) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return bool(DOORS & set(parts)) or "management" in parts


def test_imports_point_left():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_nothing_imports_a_door_but_doors():
    wrong = [
        (str(path.relative_to(ROOT)), name)
        for path in SOURCES
        if not is_door(path) and path.parts[-2] not in ("config",)
        for name in imported(path)
        if name.split(".")[0] in APPS and DOORS & set(name.split(".")[1:2])
    ]

    assert wrong == []


def test_the_domain_reads_no_clock_no_request_and_no_settings_at_import():
    wrong = []
    for path in SOURCES:
        if "domain" not in path.parts:
            continue
        text = path.read_text()
        if (
            re.search(r"\b(timezone\.now|datetime\.now|datetime\.utcnow|clock\.now)\(", text)
            or "HttpRequest" in text
        ):
            wrong.append(str(path.relative_to(ROOT)))

    assert wrong == []


def test_state_is_assigned_only_in_the_domain():
    assigns = re.compile(r"\.(state|stage)\s*=(?!=)|\.update\([^)]*\bstate=")
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "domain" not in path.parts
        and path.name not in {"projection.py", "invariants.py"}
        and assigns.search(path.read_text())
    ]

    assert wrong == []


def test_every_event_is_recorded_by_the_product():
    """Many are recorded through a table of events, so their name is looked for, not the call."""
    told = "".join(path.read_text() for path in SOURCES if path.name != "events.py")

    assert [event.name for event in Event if f"Event.{event.name}" not in told] == []


def test_only_the_outbox_sends_mail():
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.parent.name != "outbox"
        and any(name.startswith("django.core.mail") for name in imported(path))
    ]

    assert wrong == []


def test_there_is_no_junk_drawer_and_no_file_over_400_lines():
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name in JUNK or path.read_text().count("\n") > 400
    ]

    assert wrong == []


def test_every_hint_and_every_beat_names_a_task_that_exists():
    current_app.loader.import_default_modules()
    hinted = {
        name for path in SOURCES for name in re.findall(r"hints\.later,\s*\"([\w.]+)\"", path.read_text())
    } | set(current_app.conf.beat_schedule)

    assert hinted - set(current_app.tasks) == set()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("task_ignore_result", True),
        ("worker_prefetch_multiplier", 1),
    ],
)
def test_celery_keeps_a_killed_workers_tasks(setting, value):
    assert getattr(current_app.conf, setting) == value


def test_celery_gives_back_a_dead_workers_tasks_soon():
    options = current_app.conf.broker_transport_options

    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)


def test_celery_keeps_its_database_connection_between_tasks():
    assert settings.CELERY_DB_REUSE_MAX == 1000  # Celery's Django fixup reads this name, in capitals only


def test_every_model_that_holds_what_people_typed_says_which_fields():
    typed = {"answers", "answer", "question", "facts", "explanation", "note", "full_name", "email"}
    wrong = [
        f"{model._meta.label}.{field.name}"
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if field.concrete and field.name in typed and field.name not in getattr(model, "PERSONAL_FIELDS", ())
    ]

    assert wrong == []

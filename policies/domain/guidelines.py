"""Guideline versions: loaded as drafts, published with notice, in force one at a time."""

import hashlib
import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from audit import ledger
from audit.events import Event
from policies.domain import severities
from policies.domain import source as files
from policies.domain.source import BadGuidelines, CategorySource, GuidelinesSource, ScrutinySource
from policies.models import Category, CategoryKind, GuidelineVersion, UsualUse
from policies.states import TRANSITIONS, VersionState

__all__ = ["BadGuidelines", "IllegalMove", "NoGuidelines", "VersionTaken"]

SHIPPED = Path(__file__).resolve().parent.parent / "content" / "guidelines.yaml"
ACKNOWLEDGE_WITHIN = 30  # days after a material change is in force, where its text does not say
LOCK = 0x6761_7465_0002  # advisory lock: one change of guidelines at a time


class NoGuidelines(Exception):
    def __init__(self) -> None:
        super().__init__("No usage guidelines are in force. Load some: `manage.py load_guidelines FILE`.")


class VersionTaken(Exception):
    def __init__(self, version: GuidelineVersion):
        super().__init__(
            f"Guidelines {version.version} are here already, with another text. Give the new text a new version."
        )


class IllegalMove(Exception):
    def __init__(self, version: GuidelineVersion, to: VersionState):
        super().__init__(
            f"{version} is {version.get_state_display().lower()}; it cannot become {to.label.lower()}."
        )


def in_force() -> GuidelineVersion:
    """Return the version in force. Raises NoGuidelines."""
    version = GuidelineVersion.objects.filter(state=VersionState.EFFECTIVE).first()
    if version is None:
        raise NoGuidelines
    return version


def shipped() -> dict[str, Any]:
    """Return the guidelines a fresh site starts with, as loaded from the file in this app."""
    return json.loads(_shipped())


@transaction.atomic
def load(source: dict[str, Any], *, by: ledger.Actor, at: datetime) -> GuidelineVersion:
    """Load a file's content as a draft; the first of a fresh site is in force at once.

    Loading the same text again changes nothing and returns the version it made. Raises BadGuidelines, VersionTaken.
    """
    checked, kept = files.check(source), json.loads(json.dumps(source, default=str))
    text_hash = hashlib.sha256(_canonical(kept).encode()).hexdigest()
    _wait_for_turn()
    if known := GuidelineVersion.objects.filter(version=checked.version).first():
        if known.text_hash != text_hash:
            raise VersionTaken(known)
        return known
    fresh = not GuidelineVersion.objects.exists()
    version = GuidelineVersion.objects.create(
        version=checked.version, material=checked.material, text_hash=text_hash, source=kept, loaded_at=at
    )
    Category.objects.bulk_create(_categories(version, checked))
    UsualUse.objects.bulk_create(
        UsualUse(guidelines=version, code=use.id, text=use.text, lane=use.lane)
        for use in checked.almost_always_approved
    )
    ledger.record(
        Event.GUIDELINES_LOADED,
        subject=version,
        actor=by,
        at=at,
        version=version.version,
        text_hash=text_hash,
    )
    if fresh:
        publish(version, effective_at=at, by=by, at=at)
        put_in_force(at=at, by=by)
        version.refresh_from_db()
    return version


@transaction.atomic
def publish(
    version: GuidelineVersion, *, effective_at: datetime | None = None, by: ledger.Actor, at: datetime
) -> GuidelineVersion:
    """Publish a draft; it comes into force by itself at `effective_at`, or after the days its own text asks for.

    Raises IllegalMove.
    """
    version = GuidelineVersion.objects.select_for_update().get(pk=version.pk)
    version.published_at = at
    version.effective_at = effective_at or at + timedelta(days=version.source.get("effective_after_days", 15))
    if version.material and GuidelineVersion.objects.filter(published_at__isnull=False).exists():
        days = version.source.get("acknowledge_within_days", ACKNOWLEDGE_WITHIN)
        version.acknowledge_by = version.effective_at + timedelta(days=days)  # the first text changes nothing
    _move(version, VersionState.PUBLISHED, Event.GUIDELINES_PUBLISHED, by, at)
    return version


@transaction.atomic
def put_in_force(*, at: datetime, by: ledger.Actor = "beat") -> list[GuidelineVersion]:
    """Put in force the published versions whose time has come, oldest first, each superseding the one before.

    A payer: may run twice and beside itself. Prefers a version in force late to two in force at once.
    """
    _wait_for_turn()
    due = GuidelineVersion.objects.filter(state=VersionState.PUBLISHED, effective_at__lte=at)
    moved = list(due.order_by("effective_at", "id").select_for_update())
    for version in moved:
        for old in GuidelineVersion.objects.filter(state=VersionState.EFFECTIVE).select_for_update():
            old.superseded_at = at
            _move(old, VersionState.SUPERSEDED, Event.GUIDELINES_SUPERSEDED, by, at)
        _move(version, VersionState.EFFECTIVE, Event.GUIDELINES_EFFECTIVE, by, at)
    return moved


def _move(version: GuidelineVersion, to: VersionState, event: Event, by: ledger.Actor, at: datetime) -> None:
    if to not in TRANSITIONS[version.state]:
        raise IllegalMove(version, to)
    version.state = to
    version.save(update_fields=["state", "published_at", "effective_at", "acknowledge_by", "superseded_at"])
    ledger.record(event, subject=version, actor=by, at=at, version=version.version)


def _categories(version: GuidelineVersion, checked: GuidelinesSource) -> list[Category]:
    kinds: list[tuple[CategoryKind, CategorySource]] = [
        *((CategoryKind.PROHIBITED, part) for part in checked.prohibited),
        *((CategoryKind.SCRUTINY, part) for part in checked.extra_scrutiny),
    ]
    return [
        Category(
            guidelines=version,
            code=part.id,
            kind=kind,
            position=position,
            name=part.name,
            definition=part.definition,
            lane=part.lane,
            severity=severities.usual(part.id, kind) if part.severity is None else part.severity,
            example_allowed=part.example_allowed,
            example_disallowed=part.example_disallowed,
            triggers=part.triggers,
            default_conditions=part.default_conditions if isinstance(part, ScrutinySource) else [],
            approval_months=part.approval_months if isinstance(part, ScrutinySource) else 12,
            maps=part.maps,
        )
        for position, (kind, part) in enumerate(kinds, start=1)
    ]


def _wait_for_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _canonical(source: dict[str, Any]) -> str:
    return json.dumps(source, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@cache
def _shipped() -> str:
    return json.dumps(files.read(SHIPPED.read_bytes()))

"""Guideline versions: written as drafts, approved, published with notice by another, in force one at a time."""

import hashlib
import json
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from audit import ledger
from audit.events import Event
from outbox import hints
from policies.domain import consultations, severities
from policies.domain import source as files
from policies.domain.marked import unkeepable
from policies.domain.source import BadGuidelines, CategorySource, GuidelinesSource, ScrutinySource
from policies.models import Category, CategoryKind, GuidelineVersion, Section, UsualUse
from policies.states import TRANSITIONS, VersionState

__all__ = [
    "BadGuidelines",
    "IllegalMove",
    "NoGuidelines",
    "NotApproved",
    "SamePerson",
    "Stale",
    "TooSoon",
    "VersionTaken",
]

SHIPPED = Path(__file__).resolve().parent.parent / "content" / "guidelines.yaml"
ACKNOWLEDGE_WITHIN = 30  # days after a material change is in force, where its text does not say
NOTICE = 15  # days between publishing and coming into force, where the text does not say
LAST_YEAR = 2100  # beyond it a slip of the keyboard, and the calendar ends in every zone but one
MOVED = (
    "state", "published_at", "published_by", "effective_at", "acknowledge_by", "superseded_at",
)  # fmt: skip
LOCK = 0x6761_7465_0002  # advisory lock: one change of guidelines at a time


class NoGuidelines(Exception):
    def __init__(self) -> None:
        super().__init__(_("No usage guidelines are in force. Load some: `manage.py load_guidelines FILE`."))


class VersionTaken(Exception):
    def __init__(self, version: GuidelineVersion):
        super().__init__(
            _("Guidelines %(version)s are here already, with another text. Give the new text a new version.")
            % {"version": version.version}
        )


class IllegalMove(Exception):
    def __init__(self, version: GuidelineVersion, to: VersionState):
        super().__init__(
            _("Version %(version)s is “%(state)s”; it cannot become “%(to)s”.")
            % {"version": version.version, "state": version.get_state_display(), "to": to.label}
        )


class Stale(Exception):
    """The draft is not what the person looked at any more."""

    def __init__(self, version: GuidelineVersion):
        self.version = version
        super().__init__(
            _(
                "Version %(version)s was changed after you opened this page. Look at what it says now; nothing of "
                "yours was kept."
            )
            % {"version": version.version}
        )


class NotApproved(Exception):
    def __init__(self, version: GuidelineVersion):
        super().__init__(
            _("Version %(version)s is not approved as it stands. A second person approves it first.")
            % {"version": version.version}
        )


class SamePerson(Exception):
    def __init__(self, version: GuidelineVersion):
        super().__init__(
            _("You approved version %(version)s; somebody else publishes it.") % {"version": version.version}
        )


class OutOfTurn(Exception):
    """A date of coming into force that cannot be: before a published version's, or beyond the calendar."""


class TooSoon(Exception):
    def __init__(self, version: GuidelineVersion, earliest: datetime):
        super().__init__(
            ngettext(
                "The text of %(version)s gives %(days)s day's notice: it comes into force on %(when)s at the earliest.",
                "The text of %(version)s gives %(days)s days' notice: it comes into force on %(when)s at the earliest.",
                notice(version).days,
            )
            % {
                "version": version.version,
                "days": notice(version).days,
                "when": date_format(localtime(earliest), _("j F Y, H:i T")),
            }
        )


def in_force() -> GuidelineVersion:
    """Return the version in force. Raises NoGuidelines."""
    version = GuidelineVersion.objects.filter(state=VersionState.EFFECTIVE).first()
    if version is None:
        raise NoGuidelines
    return version


def before(version: GuidelineVersion) -> GuidelineVersion | None:
    """Return what was published before this version: what a reader compares it with; for a draft, the latest."""
    told = GuidelineVersion.objects.told().exclude(pk=version.pk)
    if version.published_at is not None:
        told = told.filter(
            Q(published_at__lt=version.published_at) | Q(published_at=version.published_at, pk__lt=version.pk)
        )
    return told.defer("source").first()


def shipped() -> dict[str, Any]:
    """Return the guidelines a fresh site starts with, as loaded from the file in this app."""
    return json.loads(_shipped())


@transaction.atomic
def load(source: dict[str, Any], *, by: ledger.Actor, at: datetime) -> GuidelineVersion:
    """Load a file's content as a draft; the first of a fresh site is in force at once.

    Loading the same text again changes nothing and returns the version it made. Raises BadGuidelines, VersionTaken.
    """
    checked, kept, text_hash = _read(source)
    _wait_for_turn()
    if known := GuidelineVersion.objects.filter(version=checked.version).first():
        if known.text_hash != text_hash:
            raise VersionTaken(known)
        return known
    fresh = not GuidelineVersion.objects.exists()
    version = GuidelineVersion.objects.create(
        version=checked.version, material=checked.material, text_hash=text_hash, source=kept, loaded_at=at
    )
    _write_parts(version, checked)
    _tell(version, Event.GUIDELINES_LOADED, by, at, text_hash=text_hash)
    if fresh:
        version.published_at = version.effective_at = at  # nobody is bound yet: no notice, no second person
        _move(version, VersionState.PUBLISHED, Event.GUIDELINES_PUBLISHED, by, at)
        put_in_force(at=at, by=by)
        version.refresh_from_db()
    return version


@transaction.atomic
def edit(
    version: GuidelineVersion, *, source: dict[str, Any], seen: str, by: User, at: datetime
) -> GuidelineVersion:
    """Put another text in place of a draft's; an approval it had is void. The same text again changes nothing.

    `seen` is the hash of the text the person began with. Raises BadGuidelines, IllegalMove, Stale, VersionTaken.
    """
    checked, kept, text_hash = _read(source)
    _wait_for_turn()
    version = _locked(version)
    if version.state != VersionState.DRAFT:
        raise IllegalMove(version, VersionState.DRAFT)
    if seen != version.text_hash:
        raise Stale(version)
    if taken := GuidelineVersion.objects.filter(version=checked.version).exclude(pk=version.pk).first():
        raise VersionTaken(taken)
    if text_hash == version.text_hash:
        return version
    voided = version.approved_at is not None
    version.version, version.material = checked.version, checked.material
    version.source, version.text_hash = kept, text_hash
    version.edited_at, version.edited_by = at, by
    version.approved_at, version.approved_by = None, None
    version.save()
    for part in (Category, Section, UsualUse):
        part.objects.filter(guidelines=version).delete()
    _write_parts(version, checked)
    _tell(version, Event.GUIDELINES_EDITED, by, at, text_hash=text_hash, approval_voided=voided)
    return version


@transaction.atomic
def consult(version: GuidelineVersion, *, by: User, at: datetime) -> GuidelineVersion:
    """Show a draft to everybody; its text rests until it is a draft again. Raises IllegalMove."""
    version = _locked(version)
    _move(version, VersionState.CONSULTATION, Event.GUIDELINES_CONSULTED, by, at)
    return version


@transaction.atomic
def redraft(version: GuidelineVersion, *, by: User, at: datetime) -> GuidelineVersion:
    """Take a version out of consultation, to write on it. Raises IllegalMove, consultations.IsOpen."""
    version = _locked(version)
    consultations.must_rest(version, at=at)
    _move(version, VersionState.DRAFT, Event.GUIDELINES_REDRAFTED, by, at)
    return version


@transaction.atomic
def approve(version: GuidelineVersion, *, seen: str, by: User, at: datetime) -> GuidelineVersion:
    """Approve the text as it stands, for somebody else to publish; `seen` is the hash of what was read.

    Approving again, or after another, puts this person in their place. Raises IllegalMove, Stale.
    """
    version = _locked(version)
    if VersionState.PUBLISHED not in TRANSITIONS[version.state]:
        raise IllegalMove(version, VersionState.PUBLISHED)
    if seen != version.text_hash:
        raise Stale(version)
    version.approved_at, version.approved_by = at, by
    version.save(update_fields=["approved_at", "approved_by"])
    _tell(version, Event.GUIDELINES_APPROVED, by, at, text_hash=version.text_hash)
    return version


@transaction.atomic
def publish(
    version: GuidelineVersion, *, effective_at: datetime | None = None, by: User, at: datetime
) -> GuidelineVersion:
    """Publish what another person approved; it comes into force by itself after its notice, or at a later time given.

    Raises IllegalMove, NotApproved, SamePerson, OutOfTurn, TooSoon, consultations.IsOpen.
    """
    _wait_for_turn()
    version = _locked(version)
    if VersionState.PUBLISHED not in TRANSITIONS[version.state]:
        raise IllegalMove(version, VersionState.PUBLISHED)
    consultations.must_rest(version, at=at)
    if version.approved_by_id is None:
        raise NotApproved(version)
    if version.approved_by_id == by.pk:
        raise SamePerson(version)
    earliest = at + notice(version)
    _must_follow(version, effective_at or earliest)
    if effective_at is not None and effective_at < earliest:
        raise TooSoon(version, earliest)
    version.published_at, version.published_by = at, by
    version.effective_at = effective_at or earliest
    if version.material and GuidelineVersion.objects.told().exists():
        days = version.source.get("acknowledge_within_days", ACKNOWLEDGE_WITHIN)
        version.acknowledge_by = version.effective_at + timedelta(days=days)  # the first text changes nothing
    _move(version, VersionState.PUBLISHED, Event.GUIDELINES_PUBLISHED, by, at)
    transaction.on_commit(partial(hints.later, "policies.tasks.tell_subscribers"), robust=True)
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


def _locked(version: GuidelineVersion) -> GuidelineVersion:
    return GuidelineVersion.objects.select_for_update().get(pk=version.pk)


def _must_follow(version: GuidelineVersion, effective_at: datetime) -> None:
    """Refuse a date by which a text with a lower number would come into force over one with a higher."""
    if effective_at.year > LAST_YEAR:
        raise OutOfTurn(_("Give a date before the year %(year)s.") % {"year": LAST_YEAR + 1})
    for other in GuidelineVersion.objects.filter(state=VersionState.PUBLISHED, effective_at__isnull=False):
        assert other.effective_at is not None
        if (_number(other) < _number(version)) != (other.effective_at <= effective_at):
            raise OutOfTurn(
                _(
                    "Version %(version)s is published already and comes into force on %(when)s: the lower number would "
                    "follow the higher."
                )
                % {"version": other.version, "when": date_format(localtime(other.effective_at), _("j F Y"))}
            )


def _number(version: GuidelineVersion) -> tuple[int, ...]:
    return tuple(map(int, version.version.split(".")))


def notice(version: GuidelineVersion) -> timedelta:
    """Return how long a text is public before it is in force; not at all is not possible."""
    days = version.source.get("effective_after_days", NOTICE)
    return timedelta(days=days) or timedelta(minutes=1)


def _move(version: GuidelineVersion, to: VersionState, event: Event, by: ledger.Actor, at: datetime) -> None:
    if to not in TRANSITIONS[version.state]:
        raise IllegalMove(version, to)
    version.state = to
    version.save(update_fields=MOVED)
    _tell(version, event, by, at)


def _tell(version: GuidelineVersion, event: Event, by: ledger.Actor, at: datetime, **more: Any) -> None:
    ledger.record(event, subject=version, actor=by, at=at, version=version.version, **more)


def _read(source: dict[str, Any]) -> tuple[GuidelinesSource, dict[str, Any], str]:
    """Return a text checked, as it is kept, and its hash. Raises BadGuidelines."""
    checked, text = files.check(source), json.dumps(source, default=str)
    kept = json.loads(text)
    if unkeepable(text):
        raise BadGuidelines(
            [_("A character of the text cannot be kept: NUL, or half of a pair. Take it out.")]
        )
    return checked, kept, hashlib.sha256(_canonical(kept).encode()).hexdigest()


def _write_parts(version: GuidelineVersion, checked: GuidelinesSource) -> None:
    Section.objects.bulk_create(
        Section(guidelines=version, code=part.id, position=position, title=part.title, text=part.text)
        for position, part in enumerate(checked.sections, start=1)
    )
    Category.objects.bulk_create(_categories(version, checked))
    UsualUse.objects.bulk_create(
        UsualUse(guidelines=version, code=use.id, text=use.text, lane=use.lane)
        for use in checked.almost_always_approved
    )


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

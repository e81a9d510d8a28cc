"""Exports of the queue: asked for, begun, finished, downloaded, failed, dropped. What is in them the desk knows.

A worker holds what it runs, see `onboarding.domain.runs`. A job delivered twice finds nothing left to do; a run that is
repeated writes over the same file.
"""

from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain import runs
from reviews.models import QueueExport
from reviews.states import QUEUE_EXPORT_TRANSITIONS, Exported, QueueExportState

KEPT = timedelta(days=3)
BATCH = 100
WORKER_STOPPED = gettext_noop("The worker stopped half way. Ask for it again.")


class NothingToTake(Exception):
    """Not written yet, deleted, or somebody else's."""

    def __init__(self) -> None:
        super().__init__(_("There is no such file for you, or not any more."))


class IllegalMove(Exception):
    def __init__(self, export: QueueExport, to: QueueExportState):
        super().__init__(
            _("This export is “%(state)s”; it cannot become “%(to)s”.")
            % {"state": export.get_state_display().lower(), "to": str(to.label).lower()}
        )


@transaction.atomic
def ask(*, by: User, at: datetime, query: str, what: str = Exported.QUEUE) -> QueueExport:
    """Note that somebody wants the queue as these filters (a page's query string) narrow it, or a program's line."""
    export = QueueExport.objects.create(asked_by=by, asked_at=at, query=query, what=what)
    ledger.record(Event.EXPORT_ASKED, subject=export, actor=by, at=at)
    return export


@transaction.atomic
def ask_again(export: QueueExport, *, by: User, at: datetime) -> QueueExport:
    """Let a failed export wait for the worker once more; one that waits does already. Raises IllegalMove."""
    export = QueueExport.objects.select_for_update().get(pk=export.pk)
    if export.state != QueueExportState.WAITING:
        export.problem = ""
        _move(export, to=QueueExportState.WAITING, event=Event.EXPORT_ASKED, by=by, at=at)
    return export


@transaction.atomic
def begin(export_id: int, *, by: ledger.Actor, at: datetime) -> QueueExport | None:
    """Start a waiting export, for whoever holds it; None where nothing is asked of a worker any more."""
    found = QueueExport.objects.select_for_update(of=("self",)).select_related("asked_by")
    export = found.get(pk=export_id)
    if export.state == QueueExportState.RUNNING:  # we hold it, so its worker is dead
        _fail(export, WORKER_STOPPED, by=by, at=at)
        _move(export, to=QueueExportState.WAITING, event=Event.EXPORT_ASKED, by=by, at=at)
    if export.state != QueueExportState.WAITING:
        return None
    export.rows, export.total, export.problem, export.finished_at = 0, 0, "", None
    _move(export, to=QueueExportState.RUNNING, event=Event.EXPORT_STARTED, by=by, at=at)
    return export


def tell_progress(export: QueueExport, *, rows: int, total: int) -> None:
    """Write how far a running export is, for the person who watches it."""
    QueueExport.objects.filter(pk=export.pk).update(rows=rows, total=total)


@transaction.atomic
def finish(
    export: QueueExport, file: BinaryIO, *, rows: int, sha256: str, by: ledger.Actor, at: datetime
) -> QueueExport:
    """Keep what was written, at the one place this export has."""
    export = QueueExport.objects.select_for_update().get(pk=export.pk)
    default_storage.delete(export.stored_as)  # of a run that died
    default_storage.save(export.stored_as, File(file))
    export.rows = export.total = rows
    export.sha256, export.finished_at = sha256, at
    _move(export, to=QueueExportState.DONE, event=Event.EXPORT_FINISHED, by=by, at=at, rows=rows)
    return export


@transaction.atomic
def take(export: QueueExport, *, by: User, at: datetime) -> QueueExport:
    """Record that who asked for a file downloads it: each time, for it leaves the house. Raises NothingToTake."""
    export = QueueExport.objects.select_for_update().get(pk=export.pk)
    if export.asked_by_id != by.pk or export.state != QueueExportState.DONE:
        raise NothingToTake
    ledger.record(Event.EXPORT_TAKEN, subject=export, actor=by, at=at, rows=export.rows, sha256=export.sha256)
    return export


@transaction.atomic
def fail(export: QueueExport, problem: str, *, by: ledger.Actor, at: datetime) -> QueueExport:
    """Say why an export stopped."""
    export = QueueExport.objects.select_for_update().get(pk=export.pk)
    _fail(export, problem, by=by, at=at)
    return export


@transaction.atomic
def notice_lost(export: QueueExport, *, by: ledger.Actor, at: datetime) -> QueueExport:
    """Fail an export whose worker is dead; leave every other as it is."""
    export = QueueExport.objects.select_for_update().get(pk=export.pk)
    if export.state == QueueExportState.RUNNING and not runs.is_held(runs.Kind.QUEUE_EXPORT, export.pk):
        _fail(export, WORKER_STOPPED, by=by, at=at)
    return export


def drop_old(*, at: datetime) -> int:
    """Delete the files that were kept long enough, and the words they were searched by; return how many.

    Safe to run twice and beside itself: the file goes first, so a crash deletes it once more and loses no promise.
    """
    old = QueueExport.objects.filter(asked_at__lte=at - KEPT).exclude(state=QueueExportState.DROPPED)
    return sum(_drop(pk, at) for pk in list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _drop(pk: int, at: datetime) -> bool:
    export = QueueExport.objects.select_for_update().get(pk=pk)
    if export.state == QueueExportState.RUNNING and not runs.is_held(runs.Kind.QUEUE_EXPORT, pk):
        _fail(export, WORKER_STOPPED, by="reviews", at=at)
    if export.state in (QueueExportState.RUNNING, QueueExportState.DROPPED):
        return False
    default_storage.delete(export.stored_as)
    export.query = ""
    _move(export, to=QueueExportState.DROPPED, event=Event.EXPORT_DROPPED, by="reviews", at=at)
    return True


def _fail(export: QueueExport, problem: str, *, by: ledger.Actor, at: datetime) -> None:
    export.problem, export.finished_at = problem[:300], at
    _move(export, to=QueueExportState.FAILED, event=Event.EXPORT_FAILED, by=by, at=at, rows=export.rows)


def _move(
    export: QueueExport,
    *,
    to: QueueExportState,
    event: Event,
    by: ledger.Actor,
    at: datetime,
    **figures: Any,
) -> None:
    if to not in QUEUE_EXPORT_TRANSITIONS[export.state]:
        raise IllegalMove(export, to)
    export.state = to
    export.save()
    ledger.record(event, subject=export, actor=by, at=at, **figures)

"""A report's way: asked for, counted, reviewed by a second person, published. A correction is a new version."""

import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.models import Seal
from transparency.domain import days, figures, quarters
from transparency.domain.quarters import NotOver, Quarter
from transparency.models import Report
from transparency.permissions import may_drop, may_make_reports, may_publish, may_review
from transparency.states import REPORT_TRANSITIONS, ReportState

LOCK = 0x6761_7465_0041  # advisory lock: one publishing at a time, so that versions are counted without a gap


class NotSealed(Exception):
    def __init__(self, quarter: Quarter):
        super().__init__(
            _(
                "The ledger is not sealed beyond the end of %(quarter)s yet. Wait for the next hourly seal, or run "
                "`manage.py seal_ledger`."
            )
            % {"quarter": quarter.name}
        )


class NotTaken(Exception):
    def __init__(self, quarter: Quarter, seal: Seal):
        super().__init__(
            _(
                "Not every figure of %(quarter)s is under seal %(seal)s of the ledger yet: what is counted day by "
                "day, up to %(last)s, is taken an hour after midnight and sealed within the next. Wait, or run "
                "`manage.py build_report`, which takes and seals it."
            )
            % {
                "quarter": quarter.name,
                "seal": seal.number,
                "last": date_format(quarter.last_day, _("j F Y")),
            }
        )


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else has to do this: who counted a report does not review it, and who reviewed it does not "
                "publish it."
            )
        )


class SayWhy(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("A report of this quarter is published. Say in a sentence why it is counted again.")
        )


class IllegalMove(Exception):
    def __init__(self, report: Report, to: ReportState):
        super().__init__(
            _("The report of %(quarter)s is “%(state)s”; it cannot become “%(to)s”.")
            % {
                "quarter": report.quarter,
                "state": report.get_state_display().lower(),
                "to": str(to.label).lower(),
            }
        )


def published(quarter: str = "") -> Any:
    """Return what is published, the newest first; of one quarter where one is named."""
    found = Report.objects.filter(state=ReportState.PUBLISHED).order_by("-quarter", "-version")
    return found.filter(quarter=quarter) if quarter else found


@transaction.atomic
def ask(
    quarter: Quarter, *, by: User | None, at: datetime, why: str = "", seal: Seal | None = None
) -> Report:
    """Ask for a count of a quarter up to a seal, the newest unless one is named. `by` is None for the command.

    Raises NotOver, NotSealed, NotTaken, SayWhy; nothing was written then.
    """
    if at < quarter.until:
        raise NotOver(quarter)
    seal = seal or Seal.objects.filter(sealed_at__gte=quarter.until).order_by("-number").first()
    if seal is None or seal.sealed_at < quarter.until:
        raise NotSealed(quarter)
    if not days.are_sealed(quarter, seal):
        raise NotTaken(quarter, seal)
    if published(quarter.name).exists() and not why.strip():
        raise SayWhy
    made = Report.objects.create(
        quarter=quarter.name, seal=seal, why=why.strip()[:1000], asked_at=at, asked_by=by
    )
    _record(Event.REPORT_ASKED, made, by or "command", at, quarter=quarter.name, seal=seal.number)
    return made


@transaction.atomic
def ask_again(report: Report, *, by: User, at: datetime) -> Report:
    """Let one that stopped wait for a worker once more; one that waits or is being counted stays as it is.

    The caller puts it into the queue: a worker that finds another one at it leaves it alone. Raises NotForYou,
    IllegalMove.
    """
    report = _locked(report.pk)
    if not may_make_reports(by):
        raise NotForYou
    if report.state in (ReportState.WAITING, ReportState.RUNNING):
        return report
    report.problem, report.done, report.total = "", 0, 0
    _move(report, ReportState.WAITING)
    _record(Event.REPORT_ASKED, report, by, at, quarter=report.quarter, seal=report.seal.number)
    return report


@transaction.atomic
def begin(pk: int) -> Report | None:
    """Take a report that waits, or whose worker died: the caller holds its run. None where it is done with."""
    report = _locked(pk)
    if report.state == ReportState.RUNNING:  # we hold the run, so whoever had it is dead
        return report
    return _move(report, ReportState.RUNNING) if report.state == ReportState.WAITING else None


def build(report: Report, *, at: datetime) -> Report:
    """Count it and keep it as a draft, with what differs from the version before. Raises what counting raises."""

    def told(done: int, total: int) -> None:
        Report.objects.filter(pk=report.pk).update(done=done, total=total)

    text = figures.count(quarters.named(report.quarter), report.seal, told=told)
    with transaction.atomic():
        report = _locked(report.pk)
        report.body, report.digest, report.built_at = text, figures.digest(text), at
        last = published(report.quarter).first()
        report.changes = differences(last.body, text) if last else []
        _move(report, ReportState.DRAFT)
        _record(Event.REPORT_BUILT, report, "report", at, quarter=report.quarter, digest=report.digest)
    return report


@transaction.atomic
def fail(report: Report, problem: str, *, at: datetime) -> None:
    """Keep why it stopped; another may be asked for."""
    report = _locked(report.pk)
    if report.state == ReportState.RUNNING:
        report.problem = problem[:300]
        _move(report, ReportState.FAILED)
        _record(Event.REPORT_FAILED, report, "report", at)


@transaction.atomic
def review(report: Report, *, by: User, at: datetime) -> Report:
    """Vouch for a draft as a second person. Raises NotForYou, IllegalMove."""
    report = _locked(report.pk)
    _must_be(report, ReportState.REVIEWED)
    if not may_review(by, report):
        raise NotForYou
    report.reviewed_at, report.reviewed_by = at, by
    _move(report, ReportState.REVIEWED)
    _record(Event.REPORT_REVIEWED, report, by, at, digest=report.digest)
    return report


@transaction.atomic
def publish(report: Report, *, by: User, at: datetime) -> Report:
    """Publish a reviewed report for good, as the next version of its quarter. Raises NotForYou, IllegalMove, SayWhy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    report = _locked(report.pk)
    _must_be(report, ReportState.PUBLISHED)
    if not may_publish(by, report):
        raise NotForYou
    last = published(report.quarter).aggregate(last=Max("version"))["last"] or 0
    if last and not report.why:
        raise SayWhy
    before = published(report.quarter).first()
    report.changes = differences(before.body, report.body) if before else []
    report.version, report.published_at, report.published_by = last + 1, at, by
    _move(report, ReportState.PUBLISHED)
    _record(
        Event.REPORT_PUBLISHED, report, by, at,
        quarter=report.quarter, version=report.version, digest=report.digest, seal=report.seal.number,
    )  # fmt: skip
    return report


@transaction.atomic
def drop(report: Report, *, by: User, at: datetime) -> Report:
    """Throw a draft away; it stays for the staff to see. Raises NotForYou, IllegalMove."""
    report = _locked(report.pk)
    _must_be(report, ReportState.DROPPED)
    if not may_drop(by, report):
        raise NotForYou
    _move(report, ReportState.DROPPED)
    _record(Event.REPORT_DROPPED, report, by, at)
    return report


def differences(was: str, now: str) -> list[dict[str, Any]]:
    """Return each published figure that differs between two texts; None where one of them has none."""
    old, new = (dict(flat(json.loads(text))) for text in (was, now))
    return [
        {"metric": key[0], "figure": key[1], "was": old.get(key), "now": new.get(key)}
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def flat(said: dict[str, Any]) -> list[tuple[tuple[str, str], Any]]:
    """Return every figure of a report as ((metric, figure), value), in its order."""
    found: list[tuple[tuple[str, str], Any]] = []
    for metric in said["metrics"]:
        for table in metric["tables"]:
            found += [
                ((metric["id"], f"{table['id']}/{cell['id']}"), cell["value"]) for cell in table["cells"]
            ]
            if table["adds_up"]:
                found.append(((metric["id"], f"{table['id']}/total"), table["total"]))
        found += [((metric["id"], f"share/{share['id']}"), share["value"]) for share in metric["shares"]]
        measures = metric.get("measures", {"columns": [], "rows": []})
        for row in measures["rows"]:
            found += [
                ((metric["id"], f"{row['id']}/{column['id']}"), value)
                for column, value in zip(measures["columns"], row["values"], strict=True)
            ]
        for number, row in enumerate(metric.get("list", {"rows": []})["rows"], start=1):
            found.append(
                ((metric["id"], f"list/{number}"), json.dumps(row, ensure_ascii=False, sort_keys=True))
            )
    return found


def _locked(pk: int) -> Report:
    return Report.objects.select_for_update(of=("self",)).select_related("seal").get(pk=pk)


def _must_be(report: Report, to: ReportState) -> None:
    if to not in REPORT_TRANSITIONS[report.state]:
        raise IllegalMove(report, to)


def _move(report: Report, to: ReportState) -> Report:
    _must_be(report, to)
    report.state = to
    report.save()
    return report


def _record(event: Event, report: Report, by: ledger.Actor, at: datetime, **details: Any) -> None:
    ledger.record(event, subject=report, actor=by, at=at, **details)

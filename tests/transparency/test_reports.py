"""A report's way to the public, and that nothing leads back: by verbs, by the ORM, by SQL, in the admin."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import translation

from audit import ledger, seals
from audit.events import Event
from audit.models import LedgerEntry
from enforcement.domain import days as usage_days
from enforcement.models import UsageHour, UsageMark
from tests.factories import MONDAY, make_application, make_key, make_reviewer
from tests.transparency.making import IN_IT, THIRD, axel, make_draft, make_published, paul, pia, seal_all
from transparency import jobs
from transparency.domain import days, figures, quarters, reports
from transparency.models import Report
from transparency.states import REPORT_TRANSITIONS, ReportState

pytestmark = pytest.mark.django_db


def events(report: Report) -> list[str]:
    return list(ledger.of(report).values_list("event", flat=True))


def test_a_report_is_published_by_three_steps_and_two_people_each_in_the_ledger():
    report = make_published()

    assert (report.state, report.version) == ("published", 1)
    assert report.digest == figures.digest(report.body)
    assert events(report) == [
        Event.REPORT_ASKED, Event.REPORT_BUILT, Event.REPORT_REVIEWED, Event.REPORT_PUBLISHED,
    ]  # fmt: skip


def test_who_asked_for_it_does_not_review_it():
    with pytest.raises(reports.NotForYou):
        reports.review(make_draft(by=pia()), by=pia(), at=MONDAY)


def test_who_reviewed_it_does_not_publish_it():
    draft = reports.review(make_draft(), by=paul(), at=MONDAY)

    with pytest.raises(reports.NotForYou):
        reports.publish(draft, by=paul(), at=MONDAY)


def test_neither_a_reviewer_of_cases_nor_an_auditor_publishes():
    draft = reports.review(make_draft(), by=pia(), at=MONDAY)

    for somebody in (make_reviewer(), axel()):
        with pytest.raises(reports.NotForYou):
            reports.publish(draft, by=somebody, at=MONDAY)


def test_the_database_wants_two_people_too():
    draft = make_draft(by=pia())

    with pytest.raises(DatabaseError, match="second_person"), transaction.atomic():
        Report.objects.filter(pk=draft.pk).update(state="reviewed", reviewed_at=MONDAY, reviewed_by=pia())


@pytest.mark.parametrize(
    "change",
    [
        lambda pk: Report.objects.filter(pk=pk).update(why="Better so."),
        lambda pk: Report.objects.filter(pk=pk).update(changes=[]),
        lambda pk: Report.objects.filter(pk=pk).update(state="dropped"),
        lambda pk: Report.objects.get(pk=pk).save(),
        lambda pk: Report.objects.get(pk=pk).delete(),
        lambda pk: _sql("UPDATE transparency_report SET body = body || ' ' WHERE id = %s", pk),
        lambda pk: _sql("UPDATE transparency_report SET version = 7 WHERE id = %s", pk),
        lambda pk: _sql("DELETE FROM transparency_report WHERE id = %s", pk),
    ],
)
def test_what_is_published_changes_by_no_path(change):
    report = make_published()

    with pytest.raises(DatabaseError), transaction.atomic():
        change(report.pk)

    assert Report.objects.get(pk=report.pk).digest == report.digest


def _sql(statement: str, pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [pk])


def test_the_admin_offers_no_way_to_change_one():
    report, client = make_published(), Client()
    client.force_login(pia())

    places = [f"/admin/transparency/report/{report.pk}/{page}/" for page in ("change", "delete")]
    answers = [client.post(place, {"body": "x", "post": "yes"}).status_code for place in places]

    assert (answers, Report.objects.get().body) == ([403, 403], report.body)


def test_the_figures_of_a_draft_do_not_change_either():
    draft = make_draft()

    with pytest.raises(DatabaseError), transaction.atomic():
        Report.objects.filter(pk=draft.pk).update(body="{}", digest=figures.digest("{}"))


def test_a_digest_that_is_not_that_of_the_figures_is_refused():
    make_draft()
    waiting = reports.ask(THIRD, by=None, at=MONDAY)

    with pytest.raises(DatabaseError, match="digest"), transaction.atomic():
        Report.objects.filter(pk=waiting.pk).update(body="{}", digest="0" * 64)


@pytest.mark.parametrize(
    ("state", "to"),
    [(old, new) for old in ReportState.values for new in ReportState.values
     if new not in REPORT_TRANSITIONS[old] and new != old and old in ("waiting", "draft")],
)  # fmt: skip
def test_the_database_refuses_every_step_that_is_not_in_the_table(state, to):
    report = make_draft()
    if state == "waiting":
        report = reports.ask(THIRD, by=None, at=MONDAY)

    with pytest.raises(DatabaseError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(state=to)


def test_a_correction_is_a_new_version_with_a_reason_and_what_changed():
    first = make_published()
    for _ in range(9):
        make_application(at=IN_IT, state="submitted")
    later = MONDAY + timedelta(days=1)

    second = make_published(why="Nine applications had been left out.", at=later)

    assert (second.version, Report.objects.get(pk=first.pk).version) == (2, 1)
    changed = {(c["metric"], c["figure"]): (c["was"], c["now"]) for c in second.changes}
    assert changed["apps_received", "kind/total"] == (None, 10)


def test_a_correction_without_a_reason_is_refused():
    make_published()

    with pytest.raises(reports.SayWhy):
        reports.ask(THIRD, by=pia(), at=MONDAY)


def test_a_quarter_that_is_not_over_is_not_counted():
    with pytest.raises(quarters.NotOver, match="is not over before 1 January 2027"):
        reports.ask(quarters.named("2026Q4"), by=None, at=MONDAY)


def test_a_ledger_that_is_not_sealed_beyond_the_quarter_is_not_counted():
    make_application(at=IN_IT)
    seals.seal(at=IN_IT)

    with pytest.raises(reports.NotSealed):
        reports.ask(THIRD, by=None, at=MONDAY)


def test_figures_of_days_that_are_not_under_the_seal_are_not_counted():
    make_application(at=IN_IT)
    seals.seal(at=MONDAY)
    days.take_owed(at=MONDAY)  # taken, and not sealed

    with pytest.raises(reports.NotTaken, match="up to 30 September 2026"):
        reports.ask(THIRD, by=None, at=MONDAY)


def test_what_the_gateways_counted_is_under_the_seal_too():
    key = make_key()
    hour = int(IN_IT.timestamp()) // 3600
    UsageHour.objects.create(key=key, hour=hour, epoch=1, ok=5)
    UsageMark.objects.create(pk=1, copied_until_at=MONDAY)
    make_application(at=IN_IT)
    seal_all()
    refused = [_is_refused()]

    while usage_days.build_owed(at=MONDAY):
        pass
    refused.append(_is_refused())  # built, and not sealed
    seals.seal(at=MONDAY + timedelta(hours=1))

    assert ([*refused, _is_refused()], Report.objects.count()) == ([True, True, False], 1)


def _is_refused() -> bool:
    try:
        reports.ask(THIRD, by=None, at=MONDAY)
    except reports.NotTaken:
        return True
    return False


def test_the_command_takes_and_seals_what_it_counts(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    make_application(at=IN_IT)

    call_command("build_report", "2026Q3", stdout=StringIO())

    assert Report.objects.get().state == "draft"


def test_a_draft_can_be_dropped_and_another_counted():
    dropped = reports.drop(make_draft(), by=pia(), at=MONDAY)

    assert (dropped.state, events(dropped)[-1]) == ("dropped", Event.REPORT_DROPPED)
    assert make_draft().state == "draft"


def test_a_dropped_report_is_not_reviewed():
    dropped = reports.drop(make_draft(), by=pia(), at=MONDAY)

    with pytest.raises(reports.IllegalMove, match="it cannot become “reviewed”"):
        reports.review(dropped, by=axel(), at=MONDAY)


def test_a_count_that_stops_says_so(monkeypatch):
    make_draft()
    asked = reports.ask(THIRD, by=None, at=MONDAY)
    monkeypatch.setattr(figures, "count", lambda *_, **__: 1 / 0)

    made = jobs.build(asked.pk)

    assert (made.state, events(made)[-1]) == ("failed", Event.REPORT_FAILED)
    assert made.problem == "Something unforeseen stopped it; the log says what."


def test_delivered_twice_it_is_counted_once():
    draft = make_draft()

    assert jobs.build(draft.pk) is None
    assert events(draft).count(Event.REPORT_BUILT) == 1


def test_a_run_whose_worker_died_is_taken_up_again():
    make_draft()
    asked = reports.ask(THIRD, by=None, at=MONDAY)
    assert reports.begin(asked.pk)  # and then nothing more was heard of it

    assert jobs.build(asked.pk).state == "draft"


def test_progress_is_told_while_it_is_counted():
    draft = make_draft()

    assert (draft.done, draft.total) == (30, 30)


def test_the_command_counts_the_same_bytes_up_to_the_same_seal(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    draft, out = make_draft(), StringIO()

    call_command("build_report", "2026-Q3", seal=draft.seal.number, json=True, stdout=out)

    assert json.loads(out.getvalue())["digest"] == draft.digest


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"quarter": "2026Q5"}, "“2026Q5” is no quarter"),
        ({"quarter": "2030Q1"}, "2030Q1 is not over"),
        ({"quarter": None}, "Say which quarter"),
        ({"quarter": "2026Q3", "seal": 99}, "There is no seal 99"),
    ],
)
def test_the_command_says_what_is_wrong(said, sentence, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    with pytest.raises(CommandError, match=sentence):
        call_command("build_report", **said)


def test_quarters_begin_and_end_at_midnight_utc():
    assert [quarters.named("2026-q4").start.isoformat(), quarters.named("2026Q4").until.isoformat()] == [
        "2026-10-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00",
    ]  # fmt: skip
    assert quarters.of(MONDAY).name == "2026Q4"


def test_the_ledger_names_the_digest_that_was_published():
    report = make_published()

    entry = LedgerEntry.objects.get(event=Event.REPORT_PUBLISHED)
    assert (entry.details["digest"], entry.details["version"]) == (report.digest, 1)


def test_what_a_report_freezes_does_not_depend_on_anybodys_language(client):
    make_application(at=IN_IT)
    seal = seal_all()
    english = figures.count(THIRD, seal)

    with translation.override("es"):
        report = make_published()
        spanish = figures.count(THIRD, seal)
    places = [f"/transparency/2026Q3/1/report.{ending}" for ending in ("csv", "json")]
    files = [
        [client.get(place, headers={"accept-language": spoken}).content for spoken in ("en", "es")]
        for place in places
    ]

    assert (spanish == english, report.digest == figures.digest(report.body)) == (True, True)
    assert json.loads(report.body)["metrics"][0]["name"] == "Applications received"
    assert [one == other for one, other in files] == [True, True]

"""The policy editors' pages: prepare, open, invite, read, group, answer; somebody else publishes."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from audit.models import LedgerEntry
from outbox.models import Letter
from policies.domain.comment_words import Words
from policies.models import Comment, Consultation
from tests.factories import MONDAY, editor, make_staff
from tests.policies.consulting import (
    CLOSES,
    make_comment,
    make_open,
    make_prepared,
    make_theme,
    make_version,
    moderated,
)

pytestmark = pytest.mark.django_db
PAGES = "/admin/policies/consultation/"
QUEUE = f"{PAGES}comments/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    cache.clear()
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)


@pytest.fixture
def edith(client):
    client.force_login(editor("edith"))
    return client


def do(client, made, verb: str, **said):
    return client.post(f"{PAGES}{made.pk}/do/{verb}/", said)


def test_from_a_draft_to_an_open_consultation(edith):
    version = make_version()
    edith.post(
        f"{PAGES}new/",
        {
            "version": version.pk,
            "introduction": "Is it clear?",
            "opens_at": "2026-11-02T12:00",
            "closes_at": "2026-12-02T12:00",
        },
    )
    made = Consultation.objects.get()
    do(edith, made, "question", kind="choice", text="Which?", options="One\nTwo", clause="weapons")
    do(edith, made, "question", kind="scale", text="It is fair.")
    do(edith, made, "earlier", part=made.questions.last().pk)
    answer = do(edith, made, "open")

    made.refresh_from_db()
    asked = list(made.questions.values_list("text", "options", "clause"))
    assert (answer.status_code, made.state, asked) == (
        302, "opened", [("It is fair.", [], ""), ("Which?", ["One", "Two"], "weapons")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "said", "says"),
    [
        ("edit", {"opens_at": "soon", "closes_at": "2026-12-02T12:00"}, "in UTC, as"),
        ("edit", {"opens_at": "2026-12-02T12:00", "closes_at": "2026-12-02T12:00"}, "a day at least"),
        ("question", {"kind": "text", "text": ""}, "Write the question"),
        ("extend", {"until": "2026-12-30T12:00", "reason": "x"}, "not closed yet"),
        ("invite", {"email": "x", "affiliation_name": "y"}, "People are invited to a consultation"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(edith, verb, said, says):
    made = make_prepared()
    answer = do(edith, made, verb, **said)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_invite_send_again_withdraw(edith):
    made = make_open()
    do(edith, made, "invite", email="eva@example.org", name="Eva", affiliation_name="University")
    row = made.invitations.get()
    do(edith, made, "resend", part=row.pk)
    do(edith, made, "uninvite", part=row.pk)

    row.refresh_from_db()
    assert (row.withdrawn_by, Letter.objects.filter(kind="policies/consultee").count()) == (
        editor("edith"),
        2,
    )
    assert "withdrawn" in edith.get(f"{PAGES}{made.pk}/work/").content.decode()


def test_take_the_next_and_decide(edith):
    row = make_comment(make_open())
    answer = edith.post(f"{QUEUE}next/")
    wrong = edith.post(answer.url, {"verdict": "withheld", "note": ""})
    edith.post(answer.url, {"verdict": "withheld", "reason": "abuse", "note": "Insults."})

    row.refresh_from_db()
    assert (answer.url, wrong.status_code) == (f"{QUEUE}{row.number}/", 422)
    assert (row.state, row.reason, row.decided_by) == ("withheld", "abuse", editor("edith"))


def test_take_and_give_back(edith):
    row = make_comment(make_open())
    edith.post(f"{QUEUE}{row.number}/take/")
    page = edith.get(f"{QUEUE}{row.number}/").content.decode()
    edith.post(f"{QUEUE}{row.number}/release/")

    row.refresh_from_db()
    assert ("Is it shown?" in page, row.state) == (True, "waiting")


def test_who_has_it_stands_in_the_queue_and_ones_own_is_no_link(edith):
    asked = make_open()
    own, other = make_comment(asked, editor("edith")), make_comment(asked)
    page = edith.get(QUEUE).content.decode()

    assert (f"{QUEUE}{other.number}/" in page, f"{QUEUE}{own.number}/" in page) == (True, False)
    assert "you have a part in it" in page
    assert edith.get(f"{QUEUE}{own.number}/").status_code == 403


def test_what_is_late_is_said_to_be(edith, monkeypatch):
    make_comment(make_open())
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY + timedelta(days=4))

    assert "overdue" in edith.get(QUEUE).content.decode()


def test_the_queues_query_count_does_not_grow(edith):
    asked = make_open()
    make_comment(asked)
    with CaptureQueriesContext(connection) as one:
        edith.get(QUEUE)
    make_comment(asked), make_comment(asked)
    with CaptureQueriesContext(connection) as three:
        edith.get(QUEUE)

    assert len(one) == len(three)


def test_group_answer_and_publish_by_another(edith, monkeypatch):
    made = make_open()
    row = moderated(make_comment(made))
    monkeypatch.setattr("audit.clock.now", lambda: CLOSES)
    do(edith, made, "theme", title="Clearer", outcome="partly", text="We did.", clauses=["weapons"])
    theme = made.themes.get()
    edith.post(f"{PAGES}{made.pk}/group/", {"comment": row.number, "themes": [theme.pk]})
    do(edith, made, "summary", summary="Thank you.")
    refused = do(edith, made, "publish")
    edith.force_login(editor("peter"))
    do(edith, made, "publish")

    made.refresh_from_db()
    assert (refused.status_code, made.state, list(theme.comments.all())) == (422, "summarised", [row])
    assert theme.outcome == "partly"


def test_a_theme_is_written_anew_and_taken_out(edith, monkeypatch):
    made = make_open()
    monkeypatch.setattr("audit.clock.now", lambda: CLOSES)
    theme = make_theme(made)
    do(edith, made, "theme", part=theme.pk, title="Other", outcome="not", text="No.")
    changed = made.themes.get().title
    do(edith, made, "drop-theme", part=theme.pk)

    assert (changed, made.themes.count()) == ("Other", 0)


def test_everything_that_was_sent_is_in_the_file_and_who_took_it_in_the_ledger(edith):
    made = make_open()
    hidden = moderated(make_comment(made, words=Words({"": "=1+1"})), "withheld")
    answer = edith.post(f"{PAGES}{made.pk}/everything.csv")

    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    kept = LedgerEntry.objects.get(event="consultation.exported")
    assert [(row["number"], row["email"], row["reason"], row["text"]) for row in rows] == [
        (hidden.number, hidden.email, "spam", "'=1+1")
    ]
    assert (kept.actor, kept.details["rows"]) == (f"user:{editor('edith').pk}", 1)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ONBOARDING_MANAGER, Role.AUDITOR])
def test_nobody_else_reads_comments(client, role):
    make_comment(make_open())
    client.force_login(make_staff("other", role))

    assert [client.get(QUEUE).status_code, client.post(f"{QUEUE}next/").status_code] == [403, 403]
    assert Comment.objects.get().state == "waiting"

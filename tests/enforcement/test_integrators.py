"""Integrators' tokens: made by who runs the gateway, shown once, known to every gateway, refused once revoked."""

import re
import time
from datetime import timedelta

import httpx
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit import clock, ledger
from enforcement import usage
from enforcement.domain import flag_reports, integrators
from enforcement.models import Flag, FlagReport, Integrator
from tests.factories import make_guidelines, make_key, make_manager, make_senior
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/enforcement/integrator/tokens/"


@pytest.fixture
def dora(transactional_db):
    return make_manager()


def make(dora, name="Proxy"):
    return integrators.make(name=name, by=dora, at=clock.now())


def test_only_the_keyed_hash_of_a_token_stays(dora):
    made, secret = make(dora)

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(i)::text FROM enforcement_integrator i")
        kept = cursor.fetchone()[0]
    assert re.fullmatch("gh_int_[0-9A-Za-z]{36}", secret)
    assert (secret[11:] in kept, made.hint) == (False, f"{secret[:11]}…{secret[-2:]}")


def test_the_ledger_has_who_made_and_who_revoked_it(dora):
    made, _ = make(dora)
    for _ in range(2):
        integrators.revoke(made, by=dora, at=clock.now())

    said = [(entry.event, entry.actor) for entry in ledger.of(made)]
    assert said == [(event, f"user:{dora.pk}") for event in ("integrator.made", "integrator.revoked")]


def test_who_does_not_run_the_gateway_makes_and_revokes_none(dora):
    sam, (made, _) = make_senior(), make(dora)

    for act in (
        lambda: integrators.make(name="Other", by=sam, at=clock.now()),
        lambda: integrators.revoke(made, by=sam, at=clock.now()),
    ):
        with pytest.raises(integrators.NotForYou):
            act()


@pytest.mark.parametrize("name", ["", "  ", "\0", "n" * 81, "Proxy"])
def test_a_bad_or_taken_name_is_refused_with_a_sentence(dora, name):
    make(dora)

    with pytest.raises(integrators.BadIntegrator, match=r"\.$"):
        make(dora, name)


def test_there_are_only_so_many(dora, monkeypatch):
    monkeypatch.setattr(integrators, "MOST_LIVE", 1)
    make(dora)

    with pytest.raises(integrators.BadIntegrator, match="as many as there may be"):
        make(dora, "Other")


def test_the_name_of_a_revoked_one_is_free_again(dora):
    first, _ = make(dora)
    integrators.revoke(first, by=dora, at=clock.now())
    make(dora)

    assert Integrator.objects.live().get().name == "Proxy"


def test_the_database_keeps_them_too(dora):
    made, _ = make(dora)
    rows = Integrator.objects.filter(pk=made.pk)

    for wrong in (
        rows.delete,
        lambda: rows.update(revoked_at=clock.now()),
        lambda: rows.update(revoked_at=made.made_at - timedelta(seconds=1), revoked_by=dora),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            wrong()


def test_the_page_shows_a_token_once(dora):
    client = Client()
    client.force_login(dora)

    shown = client.post(PAGE, {"name": "Proxy"})
    again = client.get(PAGE)

    (secret,) = re.findall("gh_int_[0-9A-Za-z]{36}", shown.content.decode())
    assert (secret in again.content.decode(), "Proxy" in again.content.decode()) == (False, True)
    assert "no-store" in shown["Cache-Control"]


def test_revoking_on_the_page_ends_it(dora):
    made, _ = make(dora)
    client = Client()
    client.force_login(dora)

    client.post(f"/admin/enforcement/integrator/{made.pk}/revoke/")

    assert Integrator.objects.get().revoked_by == dora


def test_an_integrator_is_marked_as_a_trusted_partner_on_the_page_and_the_mark_is_taken_back(dora):
    made, _ = make(dora)
    client = Client()
    client.force_login(dora)
    marked = []
    for wanted in ("yes", "yes", "no"):
        client.post(f"/admin/enforcement/integrator/{made.pk}/mark/", {"is_partner": wanted})
        marked.append("trusted partner</span>" in client.get(PAGE).content.decode())

    said = [entry.details for entry in ledger.of(made).filter(event="integrator.marked").order_by("pk")]
    assert (marked, said) == ([True, True, False], [{"is_partner": True}, {"is_partner": False}])


def test_neither_a_stranger_marks_one_nor_anybody_a_revoked_one(dora):
    made, _ = make(dora)
    with pytest.raises(integrators.NotForYou):
        integrators.mark(made, is_partner=True, by=make_senior(), at=clock.now())
    integrators.revoke(made, by=dora, at=clock.now())

    with pytest.raises(integrators.BadIntegrator, match="revoked"):
        integrators.mark(made, is_partner=True, by=dora, at=clock.now())


@pytest.mark.parametrize(
    ("is_partner", "source", "hours"), [(False, "integrator", 72), (True, "partner", 24)]
)
def test_what_a_trusted_partner_flags_is_a_partner_s_and_due_in_a_day(dora, is_partner, source, hours):
    make_guidelines()
    made, at = make(dora)[0], clock.now()
    integrators.mark(made, is_partner=is_partner, by=dora, at=at)
    FlagReport.objects.create(
        receipt="R1",
        integrator=made,
        key_id=make_key().key_id,
        category="cyber_abuse",
        severity=1,
        idempotency="a",
    )

    flag_reports.record_owed(at=at)

    flag = Flag.objects.get()
    assert (flag.source, flag.case.due_at - at) == (source, timedelta(hours=hours))


def report(gateway, token):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return httpx.post(f"{gateway.url}/v1/usage", headers=headers, json={}, timeout=20)


def code(gateway, token):
    return report(gateway, token).json()["code"]


def test_a_gateway_knows_a_token_within_a_second_and_refuses_it_within_one(four, dora):
    made, token = make(dora)
    started = time.monotonic()
    until(lambda: [code(each, token) for each in four] == ["unreadable"] * 4, "the token to be known")
    known = time.monotonic() - started
    integrators.revoke(made, by=dora, at=clock.now())
    started = time.monotonic()
    until(lambda: [code(each, token) for each in four] == ["unknown_token"] * 4, "the token to be refused")

    assert (known <= 1.2, time.monotonic() - started <= 1.2) == (True, True)  # four calls come on top


def test_without_a_token_and_with_a_mistyped_one_nobody_reports(gateway):
    answers = [report(gateway, each) for each in (None, "gh_int_mistyped")]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (401, "missing_token"),
        (401, "unknown_token"),
    ]


def test_its_last_use_is_copied_to_the_minute(gateway, dora):
    before = clock.now()
    made, token = make(dora)
    until(lambda: code(gateway, token) == "unreadable", "the token to be known")
    for _ in range(2):
        usage.copy_last_used(at=clock.now())

    made.refresh_from_db()
    assert before - timedelta(minutes=1) < made.last_used_at <= clock.now()
    assert made.last_used_at.second == 0

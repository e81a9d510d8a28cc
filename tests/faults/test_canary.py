"""A secret exists in clear only in the one response that shows it: looked for after a full run, everywhere."""

import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from django.core.signals import got_request_exception
from django.db import connection
from django.test import Client
from django.views.debug import ExceptionReporter

from accounts.models import User
from config.logs import Masking
from demo.visitor import Visitor
from devstack.stack import Stack
from onboarding.domain import secrets
from onboarding.models import Application, Grant, Key, Program
from outbox.models import Letter
from tests.enforcement.parts import own_valkey
from tests.factories import make_program, make_senior
from tests.faults import searching
from tests.faults.people import NAMES, seat, visitor
from tests.processes import environment, until

logging.getLogger("httpx").setLevel(
    logging.WARNING
)  # it names whole addresses; a client, no part of the site
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
SECRET = re.compile(rb"gh_(?:test|live)_[0-9A-Za-z]{36}")


@pytest.fixture
def own(tmp_path_factory) -> Iterator:
    """A Valkey for this test, whose files hold everything that ever came by, uncompressed."""
    with own_valkey(tmp_path_factory.mktemp("v")) as made:
        made.client.config_set("rdbcompression", "no")
        yield made


def accepted(stack: Stack, application: Application) -> Visitor:
    """Accept the invitation and wait until a worker has issued the key."""
    person = visitor(stack, application.applicant)
    person.open(f"/applications/{application.number}/")
    person.submit("invitation", answer="accept")
    until(lambda: "/open/" in person.open("/access/").text, "the key", seconds=40)
    return person


def opened(person: Visitor) -> str:
    """Open the key; return the secret, read from the page, after a second try was refused."""
    path = re.search(r"/access/keys/[\w-]+/open/", person.page.text)[0]
    person.submit("/open/")
    secret = SECRET.search(person.page.content)[0].decode()
    again = person.http.post(path, data={"csrfmiddlewaretoken": person.http.cookies["csrftoken"]},
                             headers={"Referer": str(person.page.url)})  # fmt: skip
    assert (again.status_code, SECRET.search(again.content)) == (409, None)
    return secret


def use_well_and_badly(stack: Stack, secret: str) -> None:
    """Authorise with the secret, then send it in every place where somebody could put it by mistake."""
    gateway, web = f"{stack.url('gateway')}/v1/authorize", stack.url("web")
    good = {"Authorization": f"Bearer {secret}"}
    codes = [
        authorised(stack, secret),
        httpx.post(gateway, headers=good, content=b"{").status_code,
        httpx.delete(gateway, headers=good).status_code,
        httpx.post(gateway, headers={"Authorization": f"Basic {secret}"}).status_code,
        httpx.post(gateway, headers=good, json={"model": secret}).status_code,
        httpx.get(f"{gateway}/{secret}?key={secret}").status_code,
        httpx.get(f"{web}/{secret}/?key={secret}").status_code,
        httpx.post(f"{web}/access/keys/{secret}/open/", data={"key": secret}).status_code,
        httpx.get(
            f"{web}/access/", headers=good | {"User-Agent": secret, "Cookie": f"sessionid={secret}"}
        ).status_code,
        httpx.get(f"{web}/admin/outbox/letter/", params={"q": secret}).status_code,
    ]
    assert (codes[0], [code for code in codes if code >= 500]) == (200, []), codes


def authorised(stack: Stack, secret: str) -> int:
    address = f"{stack.url('gateway')}/v1/authorize"
    return httpx.post(address, headers={"Authorization": f"Bearer {secret}"}).status_code


@contextmanager
def commits_fail(key: Key) -> Iterator[None]:
    """Make PostgreSQL refuse to commit the opening of this key: the secret is minted by then."""
    with connection.cursor() as cursor:
        cursor.execute("""CREATE FUNCTION canary() RETURNS trigger LANGUAGE plpgsql AS
                          $$ BEGIN RAISE EXCEPTION 'no commit for this one'; END $$""")
        cursor.execute(f"""CREATE CONSTRAINT TRIGGER canary AFTER UPDATE ON onboarding_key
                           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = {key.pk} AND NEW.state = 'active')
                           EXECUTE FUNCTION canary()""")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER canary ON onboarding_key; DROP FUNCTION canary()")


def fail_while_showing(key: Key, logs: Path, monkeypatch) -> str:
    """Open a key in this process, break the page that shows it; keep log and error report, return the secret."""
    minted = []
    mint = secrets.mint

    def breaks(*args, **kwargs):
        raise RuntimeError("The page could not be made.")

    def report(**kwargs):
        made = ExceptionReporter(kwargs["request"], *sys.exc_info())
        (logs / "report.txt").write_text(made.get_traceback_text() + made.get_traceback_html())

    client = Client(raise_request_exception=False)
    client.force_login(key.grant.application.applicant)
    monkeypatch.setattr(secrets, "mint", lambda environment: minted.append(mint(environment)) or minted[-1])
    monkeypatch.setattr("django.template.loader.render_to_string", breaks)
    handler = logging.FileHandler(logs / "test.log")
    handler.setFormatter(Masking())
    got_request_exception.connect(report)
    logging.getLogger().addHandler(handler)
    try:
        assert client.post(f"/access/keys/{key.key_id}/open/").status_code == 500
    finally:
        logging.getLogger().removeHandler(handler)
        got_request_exception.disconnect(report)
        monkeypatch.undo()
    assert "could not be made" in (logs / "test.log").read_text()
    return minted[0]


def end(stack: Stack, grant: Grant, verb: str) -> None:
    """Suspend or revoke a grant by the admin's own button."""
    sam = visitor(stack, User.objects.get(email="sam@example.org"))
    sam.open(f"/admin/onboarding/grant/{grant.pk}/change/")
    sam.submit(f"/{verb}/", reason="The canary shows the brake.")


def test_after_a_full_run_no_secret_is_anywhere_and_a_planted_one_is_found_everywhere(
    own, tmp_path, monkeypatch
):
    mails, logs = tmp_path / "mails", tmp_path / "logs"
    applications = seat(make_program())
    make_senior()
    sites = environment(REDIS_URL=own.url, EMAIL_URL=f"filemail:///{mails}")
    with Stack(environ=sites, logs=logs) as stack:
        people = {name: accepted(stack, applications[name]) for name in NAMES}
        shown = {name: opened(people[name]) for name in ("ana", "ben", "cleo")}
        for secret in shown.values():
            use_well_and_badly(stack, secret)
        broken = Key.objects.get(grant__application=applications["dan"])
        with commits_fail(broken):
            people["dan"].submit("/open/", expect=500)
        shown["eva"] = fail_while_showing(
            Key.objects.get(grant__application=applications["eva"]), logs, monkeypatch
        )
        end(stack, Grant.objects.get(application=applications["ana"]), "suspend")
        end(stack, Grant.objects.get(application=applications["ben"]), "revoke")
        for name in ("ana", "ben"):
            until(
                lambda secret=shown[name]: authorised(stack, secret) in (401, 403), "the refusal", seconds=3
            )
        until(lambda: not Letter.objects.filter(sent_at=None).exists(), "the letters to be sent", seconds=90)
    for server in (Path(os.environ["GATEHOUSE_DATA"]) / "logs").glob("postgres.log"):
        shutil.copy(server, logs)  # what PostgreSQL says of statements it refuses
    binary = redis.Redis.from_url(own.url)
    where = {"valkey": binary, "files": own.folder, "mails": mails, "logs": logs}
    places = dict(searching.places(**where))

    assert searching.found(iter(places.items()), list(shown.values())) == set()
    assert {place: SECRET.findall(text) for place, text in places.items() if SECRET.search(text)} == {}
    assert "no commit for this one" in places["logs"].decode()  # the logs are those of this run
    assert min(map(len, places.values())) > 100
    sent = Letter.objects.exclude(subject="Written before this test")  # see tests.reviewed
    assert places["mails"].count(b"Message-ID") == sent.count() > 10

    planted = secrets.mint("live")
    plant(planted, binary, mails, logs)
    assert searching.found(searching.places(**where), [planted]) == {
        (place, form) for place in places for form in searching.forms(planted)
    }


def plant(secret: str, valkey: redis.Redis, mails: Path, logs: Path) -> None:
    """Leave the secret in every form in every place."""
    every = b"\n".join(searching.forms(secret).values())
    Program.objects.update(description=every.decode())
    client = Client()
    client.force_login(User.objects.get(email="ana@example.org"))
    session = client.session
    session["planted"] = every.decode()
    session.save()
    valkey.hset("planted", "field", every)
    (mails / "planted").write_bytes(every)
    (logs / "planted.log").write_bytes(every)

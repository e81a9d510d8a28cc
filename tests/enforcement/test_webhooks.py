"""Webhooks: what happens to access arrives, signed, once or again under the same id, and reaches nothing inside."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from standardwebhooks import Webhook as Checker
from standardwebhooks.webhooks import WebhookVerificationError

from accounts.domain import owners
from accounts.models import User
from audit import clock
from audit.events import Event
from audit.models import LedgerEntry
from enforcement import outgoing
from enforcement.domain import integrators, posting, webhooks
from enforcement.models import Webhook, WebhookDelivery, WebhookTry
from onboarding.domain import grants
from tests.factories import make_grant, make_manager, make_senior, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


class Receiver(ThreadingHTTPServer):
    """A program that hears webhooks; `answers` are the statuses it gives, the last one for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Heard)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers = [204]
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Heard(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        answers = self.server.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        self.send_header("location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    made = Receiver()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def dora():
    return make_manager()


@pytest.fixture
def hook(receiver, dora, grant):
    """The address of an integrator that hears everything from now on, and its secret."""
    integrator, _ = integrators.make(name="Proxy", by=dora, at=clock.now())
    return webhooks.add(receiver.url, by=dora, at=clock.now(), integrator=integrator)


@pytest.fixture
def grant(db):
    return make_grant(at=clock.now())


def sam() -> User:
    return User.objects.filter(email="sam@example.org").first() or make_senior()


def suspend(grant):
    grants.suspend(grant, by=sam(), at=clock.now(), reason="abuse of the model, written by a person")


def deliver(*, after: timedelta = timedelta()) -> int:
    at = clock.now() + after
    webhooks.owe(at=at)
    return posting.send_owed(at=at)


def test_a_suspension_arrives_signed_with_ids_and_without_a_word_anybody_typed(hook, receiver, grant):
    suspend(grant)

    deliver()

    headers, body = receiver.heard[-1]
    said = Checker(hook[1]).verify(body, headers)
    assert said["type"] == "grant.suspended"
    assert said["data"] == {
        "owner": str(grant.owner.public_id),
        "grant": str(grant.public_id),
        "program": grant.program.slug,
    }
    assert b"abuse" not in body


def test_a_changed_body_and_an_old_time_are_refused_by_the_receiver_s_library(hook, receiver, grant):
    suspend(grant)
    deliver()
    headers, body = receiver.heard[-1]
    refused = 0

    for changed, at in ((body + b" ", headers["webhook-timestamp"]), (body, "1700000000")):
        try:
            Checker(hook[1]).verify(changed, headers | {"webhook-timestamp": at})
        except WebhookVerificationError:
            refused += 1

    assert refused == 2


def test_what_happened_before_the_address_was_added_is_not_told(receiver, dora, grant):
    suspend(grant)
    integrator, _ = integrators.make(name="Late", by=dora, at=clock.now())
    webhooks.add(receiver.url, by=dora, at=clock.now(), integrator=integrator)

    assert (deliver(), receiver.heard) == (0, [])


def test_running_twice_owes_once_and_sends_once(hook, receiver, grant):
    suspend(grant)

    assert [deliver(), deliver()] == [1, 0]
    assert len(receiver.heard) == 1


def test_an_entry_that_is_committed_late_is_told_all_the_same(hook, grant):
    suspend(grant)
    webhooks.owe(at=clock.now())
    newest = LedgerEntry.objects.latest("id")
    WebhookDelivery.objects.filter(entry=newest.pk).delete()  # as if it had not been there to be seen

    assert webhooks.owe(at=clock.now()) == 1


def test_a_failure_is_tried_again_under_the_same_id_after_the_times_of_the_standard(hook, receiver, grant):
    receiver.answers = [500, 503, 204]
    suspend(grant)

    deliver()
    first = WebhookDelivery.objects.get()
    early = posting.send_owed(at=clock.now())
    posting.send_owed(at=first.due_at)
    second = WebhookDelivery.objects.get()
    posting.send_owed(at=second.due_at)

    assert early == 0
    assert [(second.due_at - first.due_at), WebhookDelivery.objects.get().tries] == [timedelta(minutes=5), 3]
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert [each.status for each in WebhookTry.objects.order_by("id")] == [500, 503, 204]


def test_an_address_that_failed_for_three_days_is_switched_off_and_may_be_switched_on_and_the_message_replayed(
    hook, receiver, grant, dora
):
    receiver.answers = [500]
    suspend(grant)
    deliver()
    for _ in range(9):
        posting.send_owed(at=WebhookDelivery.objects.get().due_at)
    stopped = Webhook.objects.get()

    receiver.answers = [204]
    webhooks.resume(stopped, by=dora, at=clock.now())
    webhooks.replay(WebhookDelivery.objects.get(), by=dora, at=clock.now())

    assert (stopped.stopped_because, deliver()) == ("failing", 1)
    assert WebhookDelivery.objects.get().delivered_at is not None
    wanted = [Event.WEBHOOK_ADDED, Event.WEBHOOK_STOPPED, Event.WEBHOOK_RESUMED, Event.WEBHOOK_REPLAYED]
    told = LedgerEntry.objects.filter(subject_type="enforcement.webhook").order_by("id")
    assert list(told.values_list("event", flat=True)) == wanted


def test_410_switches_an_address_off_at_once(hook, receiver, grant):
    receiver.answers = [410]
    suspend(grant)

    deliver()

    assert Webhook.objects.get().stopped_because == "gone"


def test_a_redirect_is_not_followed(hook, receiver, grant):
    receiver.answers = [302]
    suspend(grant)

    assert deliver() == 0
    assert WebhookTry.objects.get().problem == "A redirect is not followed."


def test_one_address_that_fails_does_not_hold_up_the_others(hook, receiver, grant, dora):
    dead = Webhook.objects.get().integrator
    webhooks.add("http://127.0.0.1:1/", by=dora, at=clock.now(), integrator=dead)
    suspend(grant)
    grants.resume(grant, by=sam(), at=clock.now(), reason="a mistake")

    assert deliver() == 2
    assert [json.loads(body)["type"] for _, body in receiver.heard] == ["grant.suspended", "grant.resumed"]


def test_a_new_secret_signs_beside_the_old_one_for_a_day(hook, receiver, grant, dora):
    fresh = webhooks.rotate(hook[0], by=dora, at=clock.now())
    suspend(grant)
    deliver()
    headers, body = receiver.heard[-1]
    by_both = [bool(Checker(secret).verify(body, headers)) for secret in (hook[1], fresh)]
    message = WebhookDelivery.objects.select_related("webhook").get()

    later = posting.parcel(message, at=clock.now() + timedelta(hours=25))

    assert (by_both, len(later.headers["webhook-signature"].split())) == ([True, True], 1)


def test_the_secret_is_not_in_the_database_in_clear(hook):
    assert hook[1].removeprefix("whsec_") not in Webhook.objects.get().secret


def test_secrets_go_under_the_newest_key_before_an_older_one_is_taken_out(hook, receiver, grant, settings):
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    call_command("reseal_webhooks")
    settings.FIELD_KEYS = [new]
    suspend(grant)

    assert deliver() == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[2002:7f00:1::]/", "https://0/", "https://2130706433/",
        "https://0x7f.1/", "https://100.64.0.1/", "http://example.org/", "ftp://example.org/", "https://a:b@example.org/",
        "https://example.org:22/", "https://nowhere.invalid/", "https://", "nonsense", "https://exa mple.org/",
        "https://[fe80::1]/", "https://224.0.0.1/", "https://192.168.1.1:8443/",
    ],
)  # fmt: skip
def test_an_owner_s_address_reaches_nothing_that_only_we_can_reach(url, settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]  # integrators' alone
    person = make_user()

    with pytest.raises(outgoing.BadAddress):
        webhooks.add(url, by=person, at=clock.now(), owner=owner_of(person))

    assert not Webhook.objects.exists()


def owner_of(person):
    return owners.of_person(person)


def test_a_name_that_leads_inside_later_is_refused_when_it_is_sent_to(receiver, grant):
    said = outgoing.post("https://localhost/hooks", b"{}", {})

    assert (said.status, said.problem) == (None, "This host is not on the public internet.")


@pytest.fixture
def alice_s(monkeypatch, grant):
    """An address of the grant's owner, as if the name led to the public internet when it was added."""
    monkeypatch.setattr(outgoing, "resolved", lambda parts, *, private=(): "192.0.2.1")
    person = grant.owner.person
    made, _ = webhooks.add("https://hooks.example.org/", by=person, at=clock.now(), owner=grant.owner)
    monkeypatch.undo()
    return made


def test_an_owner_hears_of_their_own_access_only(alice_s, grant):
    suspend(make_grant(program=grant.program, at=clock.now()))
    others = webhooks.owe(at=clock.now())
    suspend(grant)

    assert (others, webhooks.owe(at=clock.now())) == (0, 1)


def test_pages_show_what_was_sent_and_another_person_has_no_such_page(client, alice_s, grant):
    suspend(grant)
    webhooks.owe(at=clock.now())
    client.force_login(grant.owner.person)
    mine = [client.get(reverse("webhooks")), client.get(reverse("webhook", args=[alice_s.pk]))]
    rotated = client.post(reverse("webhook_rotate", args=[alice_s.pk]))
    client.force_login(make_user())

    theirs = [
        client.get(reverse("webhook", args=[alice_s.pk])).status_code,
        client.post(reverse("webhook_rotate", args=[alice_s.pk])).status_code,
        client.post(reverse("webhook_stop", args=[alice_s.pk])).status_code,
    ]

    assert "hooks.example.org" in mine[0].content.decode()
    assert "grant.suspended" in mine[1].content.decode()
    assert "whsec_" in rotated.content.decode()
    assert theirs == [404, 404, 404]


def test_the_page_of_an_address_asks_as_often_for_many_messages_as_for_one(client, alice_s, grant):
    client.force_login(grant.owner.person)
    asked = []
    for _ in range(3):
        suspend(grant)
        grants.resume(grant, by=sam(), at=clock.now(), reason="a mistake")
        webhooks.owe(at=clock.now())
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("webhook", args=[alice_s.pk]))
        asked.append(len(queries))

    assert (len(set(asked[1:])), asked[2] <= 12) == (1, True)


def test_what_is_over_for_a_month_is_deleted_and_what_is_owed_stays(hook, receiver, grant):
    suspend(grant)
    deliver()
    grants.resume(grant, by=sam(), at=clock.now(), reason="a mistake")
    webhooks.owe(at=clock.now())

    assert webhooks.drop_old(at=clock.now() + timedelta(days=31)) == 1
    assert WebhookDelivery.objects.get().type == "grant.resumed"

"""How many addresses one may add and how often, and that posting to them holds up nothing else."""

import re
from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.urls import reverse

from audit import clock
from devstack import processes
from enforcement import outgoing
from enforcement.domain import integrators, webhooks
from outbox import hints
from tests.factories import make_manager, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def add(settings):
    """Add an address of an integrator's at a moment, in a network of ours: no name is asked for."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    dora = make_manager()
    integrator, _ = integrators.make(name="Proxy", by=dora, at=clock.now())

    def added(at):
        return webhooks.add("http://127.0.0.1:9/", by=dora, at=at, integrator=integrator)[0]

    added.by = dora
    return added


def test_an_eleventh_address_is_refused_until_one_is_switched_off(add):
    at = clock.now()
    first, *_ = [add(at) for _ in range(webhooks.MOST)]
    with pytest.raises(webhooks.TooMany, match="10 addresses are as many"):
        add(at)

    webhooks.stop(first, by=add.by, at=at)

    assert add(at).stopped_at is None


def test_addresses_switched_on_and_off_again_and_again_are_refused_for_the_rest_of_the_day(add):
    at = clock.now()
    for _ in range(webhooks.MOST_A_DAY):
        webhooks.stop(add(at), by=add.by, at=at)

    with pytest.raises(webhooks.TooOften, match="20 addresses were added within a day"):
        add(at + DAY - timedelta(seconds=1))

    assert add(at + DAY).stopped_at is None


def test_who_tries_many_addresses_is_told_to_wait_and_no_name_is_asked_for(client, monkeypatch):
    asked = []

    def resolved(parts, *, private=()):
        asked.append(parts)
        raise outgoing.BadAddress("nowhere")

    monkeypatch.setattr(outgoing, "resolved", resolved)
    client.force_login(make_user())
    tries = [client.post(reverse("webhooks"), {"url": "https://x.example/", "of": "me"}) for _ in range(21)]

    words = "You tried many addresses within an hour."
    assert ([words in page.content.decode() for page in tries], len(asked)) == ([False] * 20 + [True], 20)


def test_posting_waits_in_a_queue_of_its_own():
    prefix = current_app.conf.broker_transport_options["global_keyprefix"]
    names = (f"{prefix}webhooks", f"{prefix}promises")
    broker = redis.Redis.from_url(settings.REDIS_URL)
    before = [broker.llen(name) for name in names]

    taken = [hints.later("enforcement.tasks.send_webhooks"), hints.later("enforcement.tasks.handle_leaks")]

    added = [broker.llen(name) - was for name, was in zip(names, before, strict=True)]
    assert (taken, added) == ([True, True], [1, 1])


def test_every_queue_has_a_worker_and_each_worker_one():
    table = processes.table({"GATEHOUSE_DATA": "/tmp"})
    served = [
        re.findall(r" -Q (\w+)", " ".join(row.argv))
        for row in table.values()
        if " worker " in " ".join(row.argv)
    ]

    routed = {route["queue"] for route in current_app.conf.task_routes.values()}
    assert (sorted(served), {"promises"} | routed) == ([["promises"], ["webhooks"]], {"promises", "webhooks"})

"""The broker frozen or lost: no page waits for it, and nothing is lost with it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from celery import current_app
from django.db import connection, transaction

from devstack.stack import Stack
from onboarding.models import Grant, Key
from outbox.models import Letter
from tests.enforcement.parts import OwnValkey, own_valkey
from tests.factories import make_program
from tests.faults.people import NAMES, seat, visitor
from tests.faults.test_races import blocked, granted, one_key_for_each_grant
from tests.processes import environment, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
PAGE = 2.0  # seconds a page may take while the broker is silent: one for all hints, one for itself


@pytest.fixture
def broker(tmp_path_factory) -> Iterator[OwnValkey]:
    with own_valkey(tmp_path_factory.mktemp("v")) as made:
        yield made


def sweep(broker: OwnValkey, *tasks: str) -> None:
    """Ask for what beat asks for every minute."""
    address = broker.url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    with current_app.connection_for_write(url=address) as line:
        for task in tasks or ("onboarding.tasks.issue_owed_keys", "outbox.tasks.send_owed"):
            current_app.send_task(task, connection=line)


@contextmanager
def site(broker: OwnValkey, *names: str, **env: str) -> Iterator[Stack]:
    with Stack(*names, environ=environment(REDIS_URL=broker.url, **env)) as stack:
        yield stack


def test_a_page_waits_for_a_frozen_broker_at_most_a_second_and_the_sweep_does_the_work_after_the_thaw(
    broker, tmp_path
):
    applications = list(seat(make_program()).values())
    with site(broker, "web", "worker", EMAIL_URL=f"filemail:///{tmp_path}") as stack:
        people = [visitor(stack, application.applicant) for application in applications]
        for person, application in zip(people, applications, strict=True):
            person.open(f"/applications/{application.number}/")
        people[0].submit("invitation", answer="accept")
        until(Key.objects.exists, "the first key, by a hint")
        broker.freeze()
        took = []
        for person in people[1:]:
            began = time.monotonic()
            person.submit("invitation", answer="accept")
            took.append(time.monotonic() - began)
        owed = Grant.objects.owed_a_key().count()
        broker.thaw()
        sweep(broker)
        until(lambda: Key.objects.count() == len(NAMES), "the keys", seconds=60)

    assert (max(took) < PAGE, owed) == (True, len(people) - 1), took
    assert one_key_for_each_grant()


def test_a_broker_killed_and_emptied_in_the_middle_of_a_task_loses_nothing(broker, tmp_path):
    granted(5)
    with site(broker, "worker", EMAIL_URL=f"filemail:///{tmp_path}") as stack:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE outbox_letter IN ACCESS EXCLUSIVE MODE")
            sweep(broker)
            until(blocked, "the payer in the middle of its work", seconds=40)
            broker.kill()
            shutil.rmtree(broker.folder / "appendonlydir")
        broker.start()
        until(
            lambda: broker.client.client_list(_type="normal")[1:],
            "the worker to be back at the broker",
            seconds=60,
        )
        sweep(broker)
        until(lambda: not Grant.objects.owed_a_key().exists(), "the keys", seconds=60)
        until(lambda: not Letter.objects.filter(sent_at=None).exists(), "the letters", seconds=60)
        assert stack.starts("worker") == 1

    assert one_key_for_each_grant()


def test_what_is_owed_while_there_is_no_broker_at_all_is_done_when_there_is_one(broker, tmp_path):
    applications = list(seat(make_program()).values())
    with site(broker, "web", EMAIL_URL=f"filemail:///{tmp_path}") as stack:
        person = visitor(stack, applications[0].applicant)
        person.open(f"/applications/{applications[0].number}/")
        broker.kill()
        began = time.monotonic()
        person.submit("invitation", answer="accept")
        took = time.monotonic() - began
    broker.start()
    with site(broker, "worker", EMAIL_URL=f"filemail:///{tmp_path}"):
        sweep(broker)
        until(Key.objects.exists, "the key", seconds=60)

    assert (took < PAGE, one_key_for_each_grant()) == (True, True), took

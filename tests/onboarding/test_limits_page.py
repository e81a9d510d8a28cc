"""Limits in the admin: set, replaced, ended by who runs the gateway; bad input gets a sentence."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.models import Limit
from tests.factories import MONDAY, make_key, make_manager, make_program

pytestmark = pytest.mark.django_db
PAGE = "/admin/onboarding/limit/set/"


@pytest.fixture
def key():
    return make_key(make_program("gate"), at=MONDAY)


@pytest.fixture
def dora():
    client = Client()
    client.force_login(make_manager("dana"))
    return client


def post(client, key, **more):
    said = {
        "program": key.grant.program_id, "level": "owner", "kind": "tokens", "per": "day", "most": 5000,
        "environment": "live", "whose": "",
    } | more  # fmt: skip
    return client.post(PAGE, said)


def test_a_limit_is_set_replaced_and_ended(dora, key):
    post(dora, key)
    post(dora, key, most=6000)
    (row,) = Limit.objects.in_force()
    shown = dora.get(PAGE).content.decode()
    dora.post(f"/admin/onboarding/limit/{row.pk}/end/")

    assert ("6,000 tokens a UTC day" in shown, "5,000 tokens a UTC day" in shown) == (True, True)
    assert [Limit.objects.in_force().count(), Limit.objects.count()] == [0, 2]


@pytest.mark.parametrize(("level", "name"), [("key", "key_id"), ("owner", "public_id")])
def test_one_key_or_access_is_limited_by_its_number(dora, key, level, name):
    whose = key.key_id if name == "key_id" else key.grant.public_id
    post(dora, key, level=level, whose=whose, is_shadow="on")
    row = Limit.objects.in_force().get()

    assert (row.key, row.grant, row.is_shadow) == (
        key if level == "key" else None, key.grant if level == "owner" else None, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"most": 0}, {"most": "many"}, {"level": "moon"}, {"whose": "nobody"}, {"level": "program"},
        {"level": "end_user"}, {"per": "minute", "most": 150_000_001},
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_said(dora, key, wrong):
    answer = post(dora, key, **wrong)

    assert (answer.status_code, b"did not work" in answer.content or b"look at" in answer.content) == (
        422,
        True,
    )
    assert Limit.objects.count() == 0


def test_one_key_has_no_limit_of_an_owner(dora, key):
    assert post(dora, key, whose=key.key_id).status_code == 422


def test_the_page_asks_as_often_with_two_rows_as_with_four(dora, key):
    counts = []
    for kind in ("requests", "tokens"):
        for per in ("minute", "day"):
            post(dora, key, kind=kind, per=per, whose=key.grant.public_id)
        dora.get(PAGE)  # shows the messages
        with CaptureQueriesContext(connection) as asked:
            dora.get(PAGE)
        counts.append(len(asked))

    assert counts[0] == counts[1]

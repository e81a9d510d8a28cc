"""The projection: written when owed, highest version first, rebuilt at any time."""

import json
import logging
from io import StringIO
from itertools import permutations

import pytest
from django.core.management import CommandError, call_command

from accounts.domain import owners
from audit import clock
from onboarding import projection
from onboarding.domain import grants
from onboarding.models import Application, Grant, Key, Tier
from tests.enforcement.conftest import open_key
from tests.enforcement.test_limits import known, put
from tests.factories import make_key, make_member, make_organisation, make_program, make_senior, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nowhere(settings):
    """No Redis at all."""
    projection.redis.cache_clear()
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    yield
    projection.redis.cache_clear()


def owed() -> int:
    return Key.objects.projection_owed().count()


def test_opening_a_key_owes_its_projection_and_the_payer_writes_it(opened, valkey):
    before = owed()
    written = [projection.write_owed(at=clock.now()) for _ in range(2)]
    held = valkey.hgetall(projection.name_of(opened.digest))

    grant = opened.grant
    assert (before, written, owed()) == (1, [1, 0], 0)
    assert held | {"version": "", "expires": ""} == {
        "version": "", "expires": "", "digest": opened.digest, "state": "active", "key": opened.key.key_id,
        "grant": str(grant.public_id), "owner": str(grant.owner.public_id), "program": "gate",
        "application": grant.application.number, "environment": "live", "models": "\ngate-1\n",
        "limits": "\norm 60\nord 1000\n", "accepted": "1", "counted": "live", "conditions": "\n", "most_output": "0",
        "kept_out": "\n",
    }  # fmt: skip


def test_nothing_of_the_secret_is_in_redis(opened, valkey):
    projection.write_owed(at=clock.now())

    assert opened.secret[-36:] not in str([valkey.hgetall(name) for name in valkey.keys("gh:p:*")])


def test_a_key_nobody_opened_is_not_projected(transactional_db, valkey):
    make_key(at=clock.now())

    assert (projection.write_owed(at=clock.now()), projection.rebuild(), valkey.keys("gh:p:*")) == (0, 0, [])


def test_in_whatever_order_versions_are_written_the_highest_stays(valkey):
    versions = [known(1, 1), known(2, 2, version=2, state="suspended"), known(3, 3, version=3)]
    kept = []
    for order in permutations(versions):
        valkey.delete("gh:p:" + "d" * 64)
        for each in order:
            put(valkey, each)
        kept.append(valkey.hmget("gh:p:" + "d" * 64, "version", "limits", "state"))

    assert kept == [["3", "\norm 3\nord 3\n", "active"]] * 6


def test_a_denial_is_written_not_deleted(opened, valkey):
    projection.write_owed(at=clock.now())
    grants.revoke(opened.grant, by=make_senior(), at=clock.now(), reason="Sold")
    projection.write_owed(at=clock.now())

    assert valkey.hget(projection.name_of(opened.digest), "state") == "revoked"


@pytest.mark.parametrize("end", ["suspend", "revoke"])
def test_the_strictest_of_key_and_grant_counts(opened, end):
    getattr(grants, end)(opened.grant, by=make_senior(), at=clock.now(), reason="Why")
    state = projection.state_of([opened.key.pk])[opened.key.pk].state

    assert state == {"suspend": "suspended", "revoke": "revoked"}[end]


def test_without_redis_the_debt_stays_and_the_log_says_so(opened, nowhere, caplog):
    with caplog.at_level(logging.WARNING):
        written = projection.write_owed(at=clock.now())

    assert (written, owed()) == (0, 1)
    assert "Redis is away (ConnectionError): the projection of 1 keys stays owed." in caplog.text


def test_a_change_while_writing_stays_owed(opened, monkeypatch):
    put_ = projection._put

    def change_meanwhile(projections):
        put_(projections)
        monkeypatch.setattr(projection, "_put", put_)
        grants.suspend(opened.grant, by=make_senior(), at=clock.now(), reason="Meanwhile")

    monkeypatch.setattr(projection, "_put", change_meanwhile)

    assert (projection.write_owed(at=clock.now()), owed(), projection.write_owed(at=clock.now()), owed()) == (
        0,
        1,
        1,
        0,
    )


def test_many_keys_are_written_in_few_statements(valkey, monkeypatch, django_assert_max_num_queries):
    program = make_program("gate")
    for _ in range(7):
        open_key(program=program)
    monkeypatch.setattr(projection, "CHUNK", 4)

    with django_assert_max_num_queries(8):
        written = projection.write_owed(at=clock.now())

    assert (written, len(valkey.keys("gh:p:*")), owed()) == (7, 7, 0)


def test_rebuilding_brings_back_what_redis_lost_with_fresh_denials(valkey):
    program = make_program("gate")
    one, other = open_key(program=program), open_key(program=program)
    grants.revoke(other.grant, by=make_senior(), at=clock.now(), reason="Sold")
    projection.write_owed(at=clock.now())
    valkey.delete(*valkey.keys("gh:p:*"))
    said = StringIO()
    call_command("rebuild_projection", "--json", stdout=said)

    states = [valkey.hget(projection.name_of(each.digest), "state") for each in (one, other)]
    assert (json.loads(said.getvalue()), states) == ({"ok": True, "written": 2}, ["active", "revoked"])


def test_rebuilding_without_redis_says_what_to_look_at(opened, nowhere):
    with pytest.raises(CommandError, match="Look at REDIS_URL"):
        call_command("rebuild_projection")


def test_who_sent_the_application_accepted_for_it_also_after_they_are_gone(transactional_db, valkey):
    ana, alice = make_user("ana"), make_user("alice")
    team = make_organisation(alice)
    member = make_member(team, ana)
    opened = open_key(applicant=ana, owner=owners.of_organisation(team))
    member.delete()
    Application.objects.update(applicant=alice)

    assert projection.state_of([opened.key.pk])[opened.key.pk].accepted


def test_a_limited_grant_counts_its_live_keys_into_the_trial_allowance(opened):
    Tier.objects.filter(environment="test").update(requests_per_minute=2, requests_per_day=10)
    before = projection.state_of([opened.key.pk])[opened.key.pk]
    Grant.objects.update(limited_since=clock.now())
    after = projection.state_of([opened.key.pk])[opened.key.pk]

    assert (before.counted, before.limits, after.environment, after.counted, after.limits) == (
        "live", ("orm 60", "ord 1000"), "live", "test", ("orm 2", "ord 10"),
    )  # fmt: skip


def test_limits_that_are_the_same_are_still_one_trial_allowance(opened):
    Grant.objects.update(limited_since=clock.now())

    assert projection.state_of([opened.key.pk])[opened.key.pk].counted == "test"

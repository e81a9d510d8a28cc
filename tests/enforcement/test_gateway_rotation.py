"""Rotation and the owner's own stop, as real gateways answer them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from audit import clock
from onboarding import projection
from onboarding.domain import keys
from onboarding.models import Key, Secret
from onboarding.states import Overlap
from tests.enforcement.conftest import gateways, open_key
from tests.enforcement.parts import own_valkey
from tests.enforcement.test_gateway_denials import PROMISED, everywhere, warm
from tests.factories import add_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


def rotate(opened, overlap):
    newest = opened.key.secrets.latest("number").number
    by = opened.grant.application.applicant
    return keys.rotate(opened.key, overlap=overlap, seen=newest, by=by, at=clock.now())


def test_without_overlap_the_old_secret_is_refused_everywhere_within_a_second(four, opened):
    warm(four, opened)

    new = rotate(opened, Overlap.NONE)

    assert max(everywhere(four, opened.secret, "revoked_key")) <= PROMISED
    assert [each.code(new) for each in four] == ["ok"] * 4


def test_in_an_overlap_both_secrets_are_one_key(gateway, opened):
    before = gateway.ask(opened.secret).headers

    new = rotate(opened, Overlap.HOUR)

    answers = [gateway.ask(secret).headers for secret in (opened.secret, new)]
    names = ("X-Gatehouse-Key", "X-Gatehouse-Grant", "X-Gatehouse-Owner", "X-Gatehouse-Program")
    assert [[answer[name] for name in names] for answer in answers] == [[before[name] for name in names]] * 2


def test_an_overlap_never_raises_the_allowance(four):
    """800 calls at once on four processes, half with the old secret, half with the new: exactly the limit passes."""
    opened = open_key(per_minute=1000, per_day=100)
    secrets = [opened.secret, rotate(opened, Overlap.DAY)]
    warm_up = [four[0].code(secret) for secret in secrets]

    with ThreadPoolExecutor(16) as pool:
        calls = [(four[number % 4], secrets[number // 4 % 2]) for number in range(400)]
        codes = list(pool.map(lambda call: call[0].code(call[1]), calls))

    assert (warm_up + codes).count("ok") == 100


def test_while_redis_is_away_an_overlap_raises_no_allowance_either(transactional_db, tmp_path):
    with own_valkey(tmp_path) as redis, gateways(1, REDIS_URL=redis.url) as (gateway,):
        opened = open_key(per_minute=1000, per_day=10)
        secrets = [opened.secret, rotate(opened, Overlap.DAY)]
        redis.kill()
        codes = [gateway.code(secrets[number % 2]) for number in range(20)]

    assert codes.count("ok") == 10


def test_the_old_secret_works_until_its_time_and_not_a_second_longer(gateway, opened):
    """Nobody runs a payer here: the projection itself carries the end."""
    new = rotate(opened, Overlap.HOUR)
    end = (clock.now() + timedelta(seconds=4)).replace(microsecond=0)
    shorten(opened, end)

    seen = []
    while (now := clock.now()) < end + timedelta(seconds=1):
        seen.append((now < end, gateway.code(opened.secret), clock.now() < end))
        time.sleep(0.05)

    assert {code for before, code, after in seen if before and after} == {"ok"}
    assert {code for before, code, _ in seen if not before} == {"expired_key"}
    assert gateway.code(new) == "ok"


def shorten(opened, end):
    """Move the end of the overlap by force: an hour is too long for a test."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE onboarding_secret SET expires_at = %s WHERE key_id = %s AND number = 1",
            [end, opened.key.pk],
        )
        keys.access_changed(Key.objects.filter(pk=opened.key.pk))


def test_an_old_secret_ended_early_is_refused_and_stays_so_when_redis_loses_everything(four, opened, valkey):
    rotate(opened, Overlap.WEEK)
    warm(four, opened)

    keys.end_old_secret(opened.key, by=opened.grant.application.applicant, at=clock.now())

    assert max(everywhere(four, opened.secret, "revoked_key")) <= PROMISED
    valkey.flushdb()
    assert [each.code(opened.secret) for each in four] == ["revoked_key"] * 4


def test_the_payer_projects_both_secrets_and_the_denial_of_the_one_before(opened, valkey):
    first, second = opened.secret, rotate(opened, Overlap.DAY)
    third = rotate(opened, Overlap.DAY)
    written = projection.write_owed(at=clock.now())

    digests = list(Secret.objects.filter(key=opened.key).order_by("number").values_list("digest", flat=True))
    states = [valkey.hget(projection.name_of(digest), "state") for digest in digests]
    assert (written, states, len({first, second, third})) == (1, ["revoked", "active", "active"], 3)


@pytest.mark.parametrize(("verb", "code"), [("suspend", "suspended"), ("revoke", "revoked_key")])
def test_an_owner_stops_one_key_everywhere_within_a_second_and_no_other(four, opened, verb, code):
    by, at = opened.grant.application.applicant, clock.now()
    other = keys.open(add_key(opened.grant, at=at), by=by, at=clock.now())
    warm(four, opened)

    getattr(keys, verb)(opened.key, by=by, at=clock.now())

    assert max(everywhere(four, opened.secret, code)) <= PROMISED
    assert [each.code(other) for each in four] == ["ok"] * 4


def test_a_key_its_owner_resumed_works_everywhere_within_a_second(four, opened):
    by = opened.grant.application.applicant
    keys.suspend(opened.key, by=by, at=clock.now())
    everywhere(four, opened.secret, "suspended")

    keys.resume(opened.key, by=by, at=clock.now())

    assert max(everywhere(four, opened.secret, "ok")) <= PROMISED

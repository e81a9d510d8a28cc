"""From how many networks a key is used: counted without an address, believed of nobody but trusted proxies."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcement.domain import anomalies, hours, unusual
from enforcement.domain.hours import Counted, keep
from enforcement.gateway import networks
from enforcement.models import AnomalyRule, Flag, UsageHour
from enforcement.states import AnomalyKind
from onboarding import projection
from tests.enforcement.conftest import MODEL, gateways
from tests.enforcement.integrations import programs
from tests.enforcement.parts import own_valkey
from tests.factories import make_key

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
HOUR = int(NOW.timestamp()) // 3600 - 1

integration = pytest.mark.django_db(transaction=True)


@given(st.ip_addresses(v=4), st.ip_addresses(v=6))
def test_two_addresses_have_one_name_exactly_when_their_first_three_or_six_bytes_are_the_same(four, six):
    for address, same, bits in ((four, 24, 32), (six, 48, 128)):
        if address.version == 6 and address.ipv4_mapped:
            continue
        last, first = type(address)(int(address) ^ 1), type(address)(int(address) ^ (1 << (bits - same)))
        name = networks.name_of(str(address))
        assert (name == networks.name_of(str(last)), name == networks.name_of(str(first))) == (True, False)


def test_an_address_of_ipv4_is_the_same_written_as_one_of_ipv6():
    assert networks.name_of("::ffff:192.0.2.7") == networks.name_of("192.0.2.99")


@pytest.mark.parametrize("text", ["", "testclient", "192.0.2", "unix:", "1" * 10_000])
def test_what_is_no_address_has_no_name(text):
    assert networks.name_of(text) == ""


def test_a_name_cannot_be_made_without_the_pepper(settings):
    name = networks.name_of("192.0.2.7")
    settings.KEY_PEPPERS = {"other": b"another pepper altogether"}

    assert networks.name_of("192.0.2.7") != name


def counted(client, key: str) -> list[int]:
    return [client.pfcount(name) for name in client.scan_iter(f"{projection.NETWORKS}{key}:*")]


def used_from(gateway, secret: str, *addresses: str) -> None:
    said = [gateway.ask(secret, headers={"X-Forwarded-For": each}).status_code for each in addresses]
    assert said == [200] * len(addresses)


@integration
def test_networks_are_counted_and_no_address_is_kept_in_memory_nor_written_to_disk(opened, tmp_path):
    addresses = ("198.51.100.7", "198.51.100.93", "203.0.113.200", "2001:db8:77::1", "2001:db8:77:5::2")
    with own_valkey(tmp_path) as redis, gateways(1, REDIS_URL=redis.url) as (gateway,):
        used_from(gateway, opened.secret, *addresses)
        found = counted(redis.client, opened.key.key_id)
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        printed = gateway.stop() + gateway.log

    assert found == [3]
    assert (opened.key.key_id.encode() in written, b"ok" in written) == (True, True)
    assert [each for each in addresses if each.encode() in written or each in printed] == []


@integration
def test_what_nobody_trusted_says_of_its_client_is_not_believed(opened, valkey):
    with gateways(1, FORWARDED_ALLOW_IPS="192.0.2.1") as (gateway,):
        used_from(gateway, opened.secret, *(f"198.51.{number}.7" for number in range(9)))

    assert counted(valkey, opened.key.key_id) == [1]


@integration
def test_a_refused_call_counts_no_network(gateway, opened, valkey):
    gateway.ask(opened.secret, json={"model": "other"})

    assert counted(valkey, opened.key.key_id) == []


@integration
@pytest.mark.parametrize("front", ["nginx", "envoy"])
def test_a_proxy_says_where_its_client_is_and_the_client_cannot_say_it_is_elsewhere(
    opened, gateway, valkey, tmp_path, front
):
    if front == "nginx" and not programs.nginx_is_here():
        pytest.skip("There is no nginx here: apt-get install nginx-light")
    headers = {"Authorization": f"Bearer {opened.secret}", "X-Gatehouse-Model": MODEL}
    with (
        programs.model_server() as model,
        getattr(programs, front)(tmp_path, gateway=gateway.port, model=model) as address,
    ):
        for number in range(3):  # every 127.x.y.z is an address of this machine
            there = httpx.HTTPTransport(local_address=f"127.0.{number + 1}.1")
            with httpx.Client(transport=there, headers=headers, timeout=20) as client:
                for claimed in range(3):
                    answer = client.post(
                        f"{address}/v1/chat/completions",
                        json={"model": MODEL},
                        headers={"X-Forwarded-For": f"198.51.{claimed}.7"},
                    )
                    assert answer.status_code == 200

    assert counted(valkey, opened.key.key_id) == [3]


@pytest.fixture
def key(db):
    return make_key()


def use(key, back: int, *, networks: int, ok: int = 10) -> None:
    keep([Counted(key.key_id, HOUR - back, 1, {"ok": ok, "networks": networks})], at=NOW)


def hits(threshold: float = 5, minimum: int = 20) -> list[unusual.Hit]:
    return list(unusual.hits(AnomalyKind.NETWORKS, hour=HOUR, threshold=threshold, minimum=minimum))


def with_history(key, *, hours: int = unusual.LEAST_HISTORY, most: int = 3) -> None:
    for back in range(hours):
        use(key, 24 + back, networks=most if back == 5 else 1)


def test_a_spread_over_networks_is_held_against_the_widest_hour_of_the_key_itself(key):
    with_history(key)
    use(key, 2, networks=24, ok=30)
    use(key, 1, networks=2)

    [hit] = hits()

    assert hit.figures == {"networks": 24, "requests": 40, "usual": 3, "hours": 24, "times": 8}
    assert hit.says == (
        "Used from about 24 networks in one of the last 24 hours (40 requests in all); in the 24 hours with requests "
        "of the 14 days before it was 3 at most: 8 times as many."
    )
    assert (hits(threshold=8.1), hits(minimum=25)) == ([], [])


def test_a_key_without_a_history_is_not_judged_by_its_networks(key):
    with_history(key, hours=unusual.LEAST_HISTORY - 1)
    use(key, 0, networks=900)

    assert hits() == []


def test_hours_before_networks_were_counted_are_no_history(key):
    for back in range(100):
        use(key, 24 + back, networks=0)
    use(key, 0, networks=900)

    assert hits() == []


def test_the_rule_begins_in_shadow_and_writes_its_numbers_down(key):
    rule = AnomalyRule.objects.create(kind=AnomalyKind.NETWORKS, threshold=5, minimum=20, set_at=NOW)
    with_history(key)
    use(key, 0, networks=60)

    anomalies.judge(rule, hour=HOUR, at=NOW)

    finding = rule.findings.get()
    assert (finding.is_shadow, finding.figures["networks"], Flag.objects.count()) == (True, 60, 0)


def test_both_counts_beside_an_hour_are_copied(key, valkey):
    member = f"{key.key_id}:{HOUR}"
    valkey.hset(f"{projection.USAGE}{member}", mapping={"ok": 3})
    valkey.pfadd(f"{projection.END_USERS}{member}", "a", "b")
    valkey.pfadd(f"{projection.NETWORKS}{member}", "a", "b", "c")
    valkey.zadd(projection.TOUCHED, {member: 1})

    hours.copy_owed(at=NOW)

    row = UsageHour.objects.get()
    assert (row.ok, row.end_users, row.networks, row.more) == (3, 2, 3, {})

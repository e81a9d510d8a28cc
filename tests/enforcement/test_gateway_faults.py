"""A part is away: what the gateway can still know it answers, what it cannot know it refuses."""

import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit import clock
from onboarding.domain import grants, secrets
from tests.enforcement.conftest import Gateway, gateways, open_key, seconds_until
from tests.enforcement.parts import OwnValkey, own_valkey, road
from tests.factories import make_program, make_senior
from tests.processes import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


@pytest.fixture
def redis(tmp_path):
    (tmp_path / "v").mkdir()
    with own_valkey(tmp_path / "v") as made:
        yield made


@pytest.fixture
def way(transactional_db, tmp_path):
    (tmp_path / "p").mkdir()
    with road(tmp_path / "p") as made:
        yield made


def figure(gateway: Gateway, line: str) -> float:
    found = [text.split()[-1] for text in gateway.figures().splitlines() if text.startswith(line)]
    return float(found[0]) if found else 0.0


def codes(processes: list[Gateway], secret: str, calls: int) -> Counter[str]:
    return Counter(each.code(secret) for _ in range(calls) for each in processes)


@pytest.mark.parametrize("how", ["freeze", "kill"])
def test_without_redis_each_process_admits_its_share_and_says_so(redis: OwnValkey, how, transactional_db):
    opened = open_key(per_minute=10, per_day=1000)
    with gateways(2, REDIS_URL=redis.url) as both:
        assert codes(both, opened.secret, 1) == {"ok": 2}
        getattr(redis, how)()
        started = time.monotonic()
        said = codes(both, opened.secret, 8)
        took = time.monotonic() - started
        away = [figure(each, "gatehouse_gateway_redis_away ") for each in both]
        by_fallback = sum(
            figure(each, 'gatehouse_gateway_requests_total{code="ok",path="fallback"}') for each in both
        )
        redis.thaw() if how == "freeze" else redis.start()
        until(
            lambda: not any(figure(each, "gatehouse_gateway_redis_away ") for each in both),
            "Redis to be back",
        )
        healed = both[0].ask(opened.secret)

    refilled = 2 * int(took * 5 / 60)  # each process' share is 5 a minute
    assert 10 <= said["ok"] <= 10 + refilled
    assert (said["ok"] + said["rate_limited"], away, by_fallback) == (16, [1, 1], said["ok"])
    assert '"minute";q=10;' in healed.headers["RateLimit-Policy"]


def test_without_redis_a_frozen_one_holds_only_the_first_caller(redis, transactional_db):
    opened = open_key()
    with gateways(1, REDIS_URL=redis.url) as (gateway,):
        gateway.ask(opened.secret)
        redis.freeze()
        seconds = []
        for _ in range(4):
            started = time.monotonic()
            assert gateway.code(opened.secret) == "ok"
            seconds.append(time.monotonic() - started)
        redis.thaw()

    assert seconds[0] < 2.5
    assert max(seconds[1:]) < 0.5


def test_without_redis_everything_else_is_decided_as_ever(redis, transactional_db):
    opened, stranger, sam = open_key(), secrets.mint("live"), make_senior()
    with gateways(1, REDIS_URL=redis.url) as (gateway,):
        redis.kill()
        said = [
            gateway.code(opened.secret, json={"model": "other"}),
            gateway.code(opened.secret, json={"scope": "test"}),
            gateway.code(stranger),
            gateway.code(opened.secret),
        ]
        grants.suspend(opened.grant, by=sam, at=clock.now(), reason="Why")
        denied = seconds_until(gateway, opened.secret, "suspended")
        grants.resume(opened.grant, by=sam, at=clock.now(), reason="Explained")
        resumed = seconds_until(gateway, opened.secret, "ok")

    assert said == ["outside_scope", "outside_scope", "unknown_key", "ok"]
    assert (denied <= 1, resumed <= 1) == (True, True)


def test_the_day_is_shared_out_too(redis, transactional_db):
    opened = open_key(per_minute=1000, per_day=7)
    with gateways(2, REDIS_URL=redis.url) as both:
        redis.kill()
        said = codes(both, opened.secret, 5)

    assert said == {"ok": 6, "rate_limited": 4}


@pytest.mark.parametrize("how", ["cut", "freeze"])
def test_without_postgresql_a_known_key_passes_and_an_unknown_one_is_not_guessed(way, redis, how):
    program = make_program("gate")
    known, fresh = open_key(program=program), open_key(program=program)
    with gateways(1, DATABASE_URL=way.url, REDIS_URL=redis.url) as (gateway,):
        gateway.ask(known.secret)
        getattr(way, how)()
        until(lambda: figure(gateway, "gatehouse_gateway_postgres_away ") == 1, "the gateway to notice")
        said = [gateway.ask(known.secret), gateway.ask(fresh.secret)]
        ready = gateway.is_ready()
        way.thaw() if how == "freeze" else way.mend()
        until(lambda: figure(gateway, "gatehouse_gateway_postgres_away ") == 0, "PostgreSQL to be back")
        healed = gateway.code(fresh.secret)

    assert [answer.status_code for answer in said] == [200, 503]
    assert (said[1].json()["code"], said[1].headers["Retry-After"], ready, healed) == (
        "unavailable",
        "1",
        True,
        "ok",
    )


def test_a_denial_made_while_the_way_to_postgresql_was_cut_holds_within_a_second_of_its_mending(way, redis):
    opened = open_key()
    with gateways(1, DATABASE_URL=way.url, REDIS_URL=redis.url) as (gateway,):
        gateway.ask(opened.secret)
        way.cut()
        until(lambda: figure(gateway, "gatehouse_gateway_postgres_away ") == 1, "the gateway to notice")
        grants.revoke(opened.grant, by=make_senior(), at=clock.now(), reason="Why")
        between = gateway.code(opened.secret)
        way.mend()
        took = seconds_until(gateway, opened.secret, "revoked_key")

    assert (between, took <= 1) == (
        "ok",
        True,
    )  # this Redis got no tombstone: the test's payer knows another one


def test_without_both_nothing_can_be_known(way, redis):
    opened = open_key()
    with gateways(1, DATABASE_URL=way.url, REDIS_URL=redis.url) as (gateway,):
        gateway.ask(opened.secret)
        redis.kill()
        way.cut()
        until(lambda: gateway.code(opened.secret) == "unavailable", "both to be missed")
        ready = gateway.is_ready()
        offline = gateway.code("gh_live_mistyped")
        way.mend()
        until(lambda: gateway.code(opened.secret) == "ok", "PostgreSQL to be enough")

    assert (ready, offline) == (False, "malformed_key")


def test_a_gateway_that_cannot_load_the_denials_does_not_listen(way, redis, opened):
    way.cut()
    gateway = Gateway(DATABASE_URL=way.url, REDIS_URL=redis.url)
    gateway.process.wait(30)

    assert (gateway.process.returncode, "denials cannot be loaded" in gateway.stop()) == (3, True)


def test_a_restarted_redis_is_no_fault(redis, transactional_db):
    opened = open_key()
    with gateways(1, REDIS_URL=redis.url) as (gateway,):
        for _ in range(5):
            gateway.ask(opened.secret)
        redis.client.script_flush()
        redis.kill()
        redis.start()
        answer = gateway.ask(opened.secret)

        assert answer.headers["RateLimit"].startswith('"minute";r=5')
        assert figure(gateway, 'gatehouse_gateway_requests_total{code="ok",path="fallback"}') == 0


def half_asked(gateway: Gateway, secret: str) -> socket.socket:
    """Return a line on which a request is begun and not whole: it is in work."""
    line = socket.create_connection(("127.0.0.1", gateway.port))
    head = f"POST /v1/authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
    line.sendall(f"{head}Content-Length: 2\r\n\r\n{{".encode())
    return line


def finish(line: socket.socket) -> bytes:
    """Send the rest; return the status."""
    line.sendall(b"}")
    status = line.makefile("rb").readline().split()[1]
    line.close()
    return status


def refuses(gateway: Gateway) -> bool:
    try:
        socket.create_connection(("127.0.0.1", gateway.port), timeout=1).close()
    except OSError:
        return True
    return False


def test_told_to_stop_the_gateway_finishes_what_it_began_and_begins_nothing_more(opened):
    with gateways(1) as (gateway,):
        lines = [half_asked(gateway, opened.secret) for _ in range(20)]
        time.sleep(0.5)
        gateway.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(gateway), "new connections to be refused")
        statuses = {finish(line) for line in lines}

        assert (statuses, gateway.process.wait(10)) == (
            {b"200"},
            -signal.SIGTERM,
        )  # it passes the signal on, in the end


def test_told_to_stop_in_the_middle_of_traffic_the_gateway_breaks_no_answer_off(opened):
    """Clients that keep their connection get every answer whole, and a closed line only where none is owed."""
    with gateways(1) as (gateway,), ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask_until_closed, gateway, opened.secret) for _ in range(8)]
        time.sleep(1)
        gateway.process.send_signal(signal.SIGTERM)
        said = [client.result(20) for client in clients]

    assert all(answers > 0 and whole for answers, whole in said)


def ask_until_closed(gateway: Gateway, secret: str) -> tuple[int, bool]:
    """Ask over one connection until it is closed; return how many answers came, and whether each was whole."""
    count = 0
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as line:
        answers = line.makefile("rb")
        while True:
            try:
                line.sendall(
                    f"GET /v1/authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
                )
                status = answers.readline()
            except OSError:
                return count, True
            if not status:
                return count, True  # closed between two answers
            length = 0
            while (header := answers.readline()) not in (b"\r\n", b""):
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            if header == b"" or len(answers.read(length)) != length:
                return count, False
            count += 1


def test_beyond_what_it_can_have_in_work_the_gateway_refuses_at_once_and_health_is_still_told(opened):
    with gateways(1, GATEWAY_MOST_IN_WORK="5") as (gateway,):
        lines = [half_asked(gateway, opened.secret) for _ in range(5)]
        until(lambda: gateway.code(opened.secret) == "busy", "five to be in work")
        started = time.monotonic()
        refused = gateway.ask(opened.secret)
        took = time.monotonic() - started
        ready = gateway.is_ready()
        statuses = [finish(line) for line in lines]
        until(lambda: gateway.code(opened.secret) == "ok", "room again")
        turned_away = figure(gateway, "gatehouse_gateway_turned_away_total ")

    assert (refused.status_code, refused.headers["Retry-After"], ready, statuses) == (
        503,
        "1",
        True,
        [b"200"] * 5,
    )
    assert (took < 1, turned_away >= 2) == (True, True)

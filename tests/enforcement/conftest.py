"""Real gateways beside the test, on the test's own PostgreSQL and Valkey."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import redis
from django.conf import settings

from audit import clock
from devstack import lifelines
from devstack.processes import free_port
from onboarding import projection
from onboarding.models import Grant, Key, Secret, Tier
from tests.factories import accept_guidelines, make_program, make_secret
from tests.processes import ROOT, environment, until

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each of thousands of calls

MODEL = "gate-1"
OURS = (projection.NAME, projection.COUNTED, projection.USAGE, projection.BY_KEY_ID, "gh:e:", "gh:n:", "gh:i")


class Gateway:
    """One uvicorn process and a client for it. `env` goes over the test's environment."""

    def __init__(self, **env: str):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = ""
        self._env = environment(**env)
        self.begin()

    def begin(self) -> None:
        command = (
            f"-m uvicorn enforcement.gateway.app:app --port {self.port} --no-access-log --no-server-header"
        )
        command += " --timeout-keep-alive 75"
        self.process = subprocess.Popen(
            [sys.executable, *command.split()], cwd=ROOT, env=self._env, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=lifelines.tied(signal.SIGKILL),  # noqa: PLW1509 - one prctl, nothing that locks
        )  # fmt: skip

    def await_ready(self, seconds: float = 30) -> "Gateway":
        until(self.is_ready, "the gateway to be ready", seconds=seconds)
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        """Stop it; return what it has printed."""
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        self.log += self.process.communicate(timeout=20)[0] or ""
        return self.log

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def ask(self, secret: str | None, *, method: str = "POST", **more) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secret}"} if secret is not None else {}
        headers |= more.pop("headers", {})
        return httpx.request(method, f"{self.url}/v1/authorize", headers=headers, timeout=20, **more)

    def code(self, secret: str, **more) -> str:
        return self.ask(secret, **more).json()["code"]

    def figures(self) -> str:
        return httpx.get(f"{self.url}/metrics", timeout=5).text


@contextlib.contextmanager
def gateways(count: int, **env: str) -> Iterator[list[Gateway]]:
    """Run `count` gateway processes, each on its own port."""
    made = [Gateway(GATEWAY_PROCESSES=str(count), **env) for _ in range(count)]
    try:
        yield [each.await_ready() for each in made]
    finally:
        for each in made:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.process.pid, signal.SIGCONT)
            each.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def _running(django_db_setup) -> Iterator[list[Gateway]]:
    with gateways(4) as four:
        yield four


@pytest.fixture
def four(transactional_db, valkey, _running) -> list[Gateway]:
    """Four gateway processes, as a site with four of them runs them."""
    return _running


@pytest.fixture
def gateway(four) -> Gateway:
    return four[0]


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    """The run's Valkey, without anything of the gateway's in it."""
    client = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    forget(client)
    yield client
    client.close()


def forget(client: redis.Redis) -> None:
    """Delete what gateway and projection keep."""
    for name in [name for prefix in OURS for name in client.scan_iter(f"{prefix}*")]:
        client.delete(name)


@dataclass
class Opened:
    """An opened key, its secret, its grant."""

    key: Key
    secret: str
    grant: Grant

    @property
    def digest(self) -> str:
        return Secret.objects.filter(key=self.key).latest("number").digest


def open_key(*, per_minute: int = 60, per_day: int = 1000, accepted: bool = True, **fields) -> Opened:
    """Return an opened key with these limits whose owner accepted the guidelines."""
    program = fields.pop("program", None) or make_program("gate")
    Tier.objects.filter(program=program).update(requests_per_minute=per_minute, requests_per_day=per_day)
    key, secret = make_secret(program, at=clock.now(), **fields)
    if accepted:
        accept_guidelines(key.grant.application.applicant)
    return Opened(key, secret, key.grant)


@pytest.fixture
def opened(transactional_db, valkey) -> Opened:
    return open_key()


def seconds_until(gateway: Gateway, secret: str, code: str, *, patience: float = 5) -> float:
    """Return the seconds until the gateway answers `code`."""
    started = time.monotonic()
    while gateway.code(secret) != code:
        assert time.monotonic() - started < patience, f"never {code}: {gateway.ask(secret).text}"
        time.sleep(0.01)
    return time.monotonic() - started

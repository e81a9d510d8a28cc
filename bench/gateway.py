"""The gateway beside what else answers "may this key": `python bench/gateway.py [--json] [--rounds N] [--seconds S]`.

One HTTP server for all (uvicorn, one process, the same flags), private PostgreSQL and Valkey, the candidates in turn in
every round, so that what else the machine does falls on all of them; ratios are of one round. Ours decides key, state,
scope, model, seven limits in requests and tokens, and counts usage; djangorestframework-api-key and django-rest-knox
only know the key. Those two are measured under gunicorn with threads too, and the better of both counts. Where there
are two cores, the server has one and the clients, PostgreSQL and Valkey the other; two processes share both.

Latency is measured at half of what the server can do, by appointment: from when a request was due, whether or not the
one before was answered.
"""

import sys
from pathlib import Path

sys.path[0] = str(
    Path(__file__).resolve().parent.parent
)  # not this folder: Python has modules of the same names

import argparse  # noqa: E402
import asyncio  # noqa: E402
import contextlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import signal  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from typing import Any  # noqa: E402

from devstack import environment  # noqa: E402

environment.prepare(durable=False)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from audit import clock  # noqa: E402
from devstack import lifelines  # noqa: E402
from devstack.processes import free_port  # noqa: E402
from onboarding import projection  # noqa: E402
from onboarding.domain.limits import Sort, set_limit  # noqa: E402
from onboarding.models import Tier  # noqa: E402
from tests.factories import accept_guidelines, make_manager, make_program, make_secret  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PLENTY = 100_000_000  # of every limit: what is measured is letting in
PLENTY_A_DAY = 1_000_000_000_000  # of tokens, too: each request reserves some hundreds
LIMITS = (
    ("owner", "tokens", "minute"),
    ("owner", "tokens", "day"),
    ("key", "requests", "minute"),
    ("program", "requests", "day"),
    ("end_user", "requests", "minute"),
)  # beside the two of the tier
CLIENTS = 16
PATIENCE = 240  # seconds for a server to start: other people's work may have both cores
WARM = 0.4  # seconds before each measurement
UVICORN = (
    "-m uvicorn {} --port {} --no-access-log --no-server-header --timeout-keep-alive 75 --log-level warning"
)
GUNICORN = "-m gunicorn {} --bind 127.0.0.1:{} --worker-class gthread --threads 4 --keep-alive 75 --log-level warning"
OURS, API_KEY, KNOX = "authorize", "djangorestframework-api-key", "django-rest-knox"


@dataclass
class Candidate:
    """A server and what is asked of it."""

    name: str
    application: str
    path: str
    headers: dict[str, str]
    server: str = UVICORN
    workers: int = 1
    port: int = 0

    @property
    def request(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"GET {self.path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


def fill() -> dict[str, str]:
    """Make a key with every limit, all of them plenty; return the headers that ask as a careful caller does."""
    program, dora, at = make_program("gate"), make_manager("measurer"), clock.now()
    Tier.objects.update(requests_per_minute=PLENTY, requests_per_day=PLENTY)
    for level, kind, per in LIMITS:
        sort = Sort(level, kind, per, "" if level == "program" else "live")
        set_limit(program, sort, most=PLENTY_A_DAY if sort.per == "day" else PLENTY, by=dora, at=at)
    key, secret = make_secret(program, at=at)
    accept_guidelines(key.grant.application.applicant)
    projection.write_owed()
    return {
        "Authorization": f"Bearer {secret}", "X-Gatehouse-Model": "gate-1", "X-Gatehouse-Scope": "live",
        "X-Gatehouse-Tokens": "800", "X-Gatehouse-End-User": "5e8f", "Accept": "*/*",
    }  # fmt: skip


def peers() -> dict[str, str]:
    """Make the peers' database and keys beside ours; return the value of their Authorization headers by path."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE peers")
    address = os.environ["DATABASE_URL"].replace("/gatehouse?", "/peers?")
    os.environ["PEERS_DATABASE_URL"] = address
    code = "import json; from bench import _peers; _peers.setup(); print(json.dumps(_peers.prepare()))"
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, check=True, text=True
    )
    return json.loads(made.stdout.splitlines()[-1])


def candidates(asks: dict[str, str], keys: dict[str, str]) -> list[Candidate]:
    """Return everything that is measured in turn."""
    ours, redis = "enforcement.gateway.app:app", "bench._peers:one_redis"
    plain = {"Accept": "*/*"}
    found = [
        Candidate(OURS, ours, "/v1/authorize", asks),
        Candidate("bare and one Redis call", redis, "/", plain),
        Candidate("bare", "bench._peers:bare", "/", plain),
    ]
    for name, path in ((API_KEY, "/api-key"), (KNOX, "/knox")):
        headers = plain | {"Authorization": keys[path]}
        found += [
            Candidate(f"{name}, uvicorn", "bench._peers:asgi", path, headers),
            Candidate(f"{name}, gunicorn", "bench._peers:wsgi", path, headers, GUNICORN),
        ]
    return found


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def serving(each: Candidate, on: Sequence[int]) -> Iterator[Candidate]:
    """Run the candidate's server on these cores."""
    each.port = free_port()
    command = each.server.format(each.application, each.port) + f" --workers {each.workers}"
    env = dict(os.environ)
    if each.application.startswith("bench"):
        env.pop("DJANGO_SETTINGS_MODULE", None)

    tie = lifelines.tied(signal.SIGKILL)  # made here: it names the process that may not die first

    def alone() -> None:
        tie()
        os.sched_setaffinity(0, on)

    process = subprocess.Popen(
        [sys.executable, *command.split()], cwd=ROOT, env=env, start_new_session=True,
        preexec_fn=alone,  # noqa: PLW1509 - one prctl and one affinity, nothing that locks
    )  # fmt: skip
    try:
        asyncio.run(_until_answered(each, process))
        yield each
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _until_answered(each: Candidate, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        if process.poll() is not None:
            raise SystemExit(f"The server of {each.name} ended with {process.returncode} before it answered.")
        try:
            line = await Line.open(each)
            await line.ask()
            line.close()
            return
        except (OSError, asyncio.IncompleteReadError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


class Line:
    """One kept connection. By hand: an HTTP library would be what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader, self._writer, self._request = reader, writer, request

    @classmethod
    async def open(cls, each: Candidate) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", each.port), each.request)

    async def ask(self) -> None:
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        if (at := head.lower().find(b"content-length:") + 15) < 15:
            await self._reader.readuntil(b"\r\n0\r\n\r\n")  # in chunks, as Django without middleware answers
            return
        await self._reader.readexactly(int(head[at : head.index(b"\r", at)]))

    def close(self) -> None:
        self._writer.close()


async def throughput(each: Candidate, seconds: float) -> float:
    """Return the requests a second that CLIENTS clients get answered, each asking again at once."""
    lines = [await Line.open(each) for _ in range(CLIENTS)]
    counts = [0] * CLIENTS
    started = time.perf_counter() + WARM
    ends = started + seconds

    async def client(number: int, line: Line) -> None:
        while (now := time.perf_counter()) < ends:
            await line.ask()
            counts[number] += now >= started

    await asyncio.gather(*(client(number, line) for number, line in enumerate(lines)))
    for line in lines:
        line.close()
    return sum(counts) / (time.perf_counter() - started)


async def latency(each: Candidate, rate: float, seconds: float) -> list[float]:
    """Return the milliseconds of every request of so many a second, due one after the other, sorted."""
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CLIENTS * 4):
        lines.put_nowait(await Line.open(each))
    took: list[float] = []

    async def one(due: float) -> None:
        line = await lines.get()
        await line.ask()
        took.append((time.perf_counter() - due) * 1000)
        lines.put_nowait(line)

    begun, tasks = time.perf_counter(), set()
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        task = asyncio.create_task(one(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    while not lines.empty():
        lines.get_nowait().close()
    return sorted(took[len(took) // 10 :])


def trips(each: Candidate) -> float:
    """Return how many commands Valkey was sent for each of a thousand decisions."""
    client = projection.redis()

    def sent() -> int:
        stats: Any = client.info("commandstats")
        return sum(
            stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "eval", "script|load")
        )

    async def ask() -> None:
        line = await Line.open(each)
        for _ in range(1000):
            await line.ask()
        line.close()

    asyncio.run(ask())
    before = sent()
    asyncio.run(ask())
    return (sent() - before) / 1000


def measure(
    rounds: int, seconds: float, all_of: list[Candidate]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return figures and ratios, one of each round."""
    figures: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    both, first = cores(), cores()[:1]
    os.sched_setaffinity(0, both[1:] or both)
    with contextlib.ExitStack() as stack:
        for each in all_of:
            stack.enter_context(serving(each, first))
        ours = all_of[0]
        figures["authorize, trips to Valkey a decision"] = [trips(ours)]
        for _ in range(rounds):
            got = {each.name: asyncio.run(throughput(each, seconds)) for each in all_of}
            for name, rate in got.items():
                figures.setdefault(name, []).append(rate)
            for peer in (API_KEY, KNOX):
                best = max(rate for name, rate in got.items() if name.startswith(peer))
                ratios.setdefault(f"{OURS}/{peer}", []).append(got[OURS] / best)
            for base in ("bare and one Redis call", "bare"):
                ratios.setdefault(f"{OURS}/{base}", []).append(got[OURS] / got[base])
            took = asyncio.run(latency(ours, got[OURS] / 2, seconds * 2))
            p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
            figures.setdefault("authorize at half load, p50", []).append(p50)
            figures.setdefault("authorize at half load, p99", []).append(p99)
            ratios.setdefault("p99/p50 at half load", []).append(p99 / p50)
    os.sched_setaffinity(0, both)
    two = Candidate("authorize, two processes", ours.application, ours.path, ours.headers, workers=2)
    one = Candidate("authorize, one process", ours.application, ours.path, ours.headers)
    with serving(one, both), serving(two, both):
        for _ in range(rounds):
            alone, together = (asyncio.run(throughput(each, seconds)) for each in (one, two))
            figures.setdefault("authorize, one process on all cores", []).append(alone)
            figures.setdefault("authorize, two processes on all cores", []).append(together)
            ratios.setdefault("two processes/one", []).append(together / alone)
    return figures, ratios


def spread(values: list[float], unit: str) -> dict[str, float | str]:
    places = 0 if unit == "requests/s" else 2
    shown = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, places) for name, value in shown.items()} | {"unit": unit}


def unit_of(name: str) -> str:
    if "p50" in name or "p99" in name:
        return "ms"
    return "trips" if "trips" in name else "requests/s"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--rounds", type=int, default=7)
    asked.add_argument("--seconds", type=float, default=3.0, help="Of each measurement.")
    given = asked.parse_args()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    begun = os.getloadavg()[0]
    figures, ratios = measure(given.rounds, given.seconds, candidates(fill(), peers()))
    load = f"load {os.getloadavg()[0]:.1f} when it ended ({begun:.1f} when it began)"
    said = {
        "name": "gateway",
        "figures": {name: spread(values, unit_of(name)) for name, values in figures.items()},
        "ratios": {
            f"{name}{which}": round(of(values), 2)
            for name, values in ratios.items()
            for which, of in (("", statistics.median), (", least", min), (", most", max))
        },
        "machine": f"{platform.machine()}, {len(cores())} cores, Python {platform.python_version()}; {given.rounds} "
        f"rounds of {given.seconds:g} s, {CLIENTS} clients; {load}",
    }
    if given.json:
        print(json.dumps(said))
        return
    for name, figure in said["figures"].items():
        print(f"{name:45} {figure['median']:10} {figure['unit']}  ({figure['min']} to {figure['max']})")
    for name, ratio in said["ratios"].items():
        print(f"{name:45} {ratio:10}")


if __name__ == "__main__":
    main()

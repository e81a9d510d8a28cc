"""The time from a committed suspension to the first refusal of each gateway process, to the millisecond."""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction

from tests.enforcement.conftest import Gateway
from tests.processes import apart

PATIENCE = 5.0  # seconds


@dataclass
class Watch:
    """One client for each process, asking again as soon as it was answered, until it was refused."""

    processes: list[Gateway]
    secret: str
    refused_at: dict[int, float] = field(default_factory=dict)
    asking: set[int] = field(default_factory=set)

    def run(self) -> None:
        apart(self._all())

    async def _all(self) -> None:
        await asyncio.gather(*(self._one(each) for each in self.processes))

    async def _one(self, gateway: Gateway) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            writer.write(
                f"GET /v1/authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.secret}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1]))
            self.asking.add(gateway.port)
            if head.split()[1] == "403":
                self.refused_at[gateway.port] = time.monotonic()
                break
            await asyncio.sleep(0.001)
        writer.close()


def seconds_to_deny(processes: list[Gateway], secret: str, suspend: Callable[[], object]) -> list[float]:
    """Suspend while everybody asks; return each process' seconds from the commit to its first refusal."""
    watch, committed = Watch(processes, secret), []
    thread = threading.Thread(target=watch.run)
    thread.start()
    while len(watch.asking) < len(processes) and thread.is_alive():
        time.sleep(0.005)
    with transaction.atomic():
        transaction.on_commit(
            lambda: committed.append(time.monotonic())
        )  # the first hook: nothing is before it
        suspend()
    thread.join()
    assert len(watch.refused_at) == len(processes), "not every process refused"
    return [max(at - committed[0], 0.0) for at in watch.refused_at.values()]


def told(what: str, seconds: list[float]) -> tuple[float, float]:
    """Print and return the 99th percentile and the worst."""
    seconds = sorted(seconds)
    p99, worst = seconds[int(len(seconds) * 0.99)], seconds[-1]
    middle = seconds[len(seconds) // 2]
    print(
        f"time to deny, {what}: median {middle * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, "
        f"worst {worst * 1000:.0f} ms of {len(seconds)}"
    )
    return p99, worst

"""A running site as a context manager: for `make run`, `make demo`, and tests that kill real processes."""

import http.client
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack import Trouble, processes
from devstack.supervisor import Hear, Supervisor

EVERYTHING = ("worker", "webhooks", "rq", "gateway", "web", "beat")
PATIENCE = 90.0  # seconds until all of it must be ready
HOPELESS = 3  # deaths in a row before that


class Stack:
    """Chosen processes of the site, started, ready, and stopped at the end.

        with Stack("web", "gateway", "worker") as stack:
            httpx.get(f"{stack.url('web')}/livez")
            stack.kill("worker")

    They get `environ` over os.environ, which `environment.prepare` has completed before (in tests it has).
    In a test give it the test database, as `environ={"DATABASE_URL": environment.address_of(name)}`.
    Web and gateway listen on free ports unless `environ` names PORT and GATEWAY_PORT.
    """

    def __init__(
        self,
        *names: str,
        environ: Mapping[str, str] | None = None,
        restarts: bool = True,
        hear: Hear | None = None,
        logs: Path | None = None,
    ) -> None:
        chosen = {
            "PORT": str(processes.free_port()),
            "GATEWAY_PORT": str(processes.free_port()),
            **(environ or {}),
        }
        chosen.setdefault("BASE_URL", f"http://{processes.HOST}:{chosen['PORT']}")
        chosen.setdefault("GATEWAY_URL", f"http://{processes.HOST}:{chosen['GATEWAY_PORT']}")
        self.environ = processes.environ_of_processes({**os.environ, **chosen})
        self.names = names or EVERYTHING
        self.logs = logs or Path(self.environ["GATEHOUSE_DATA"]) / "logs"
        self.lines: dict[str, list[str]] = {name: [] for name in self.names}
        self.restarts = restarts
        self._also_hear = hear
        self._supervisor: Supervisor
        self._thread: threading.Thread

    # --- life

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop(hurried=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the processes; raise Trouble if a port is taken."""
        processes.refuse_taken_ports(self.names, self.environ)
        self.logs.mkdir(parents=True, exist_ok=True)
        rows = [row for name, row in processes.table(self.environ).items() if name in self.names]
        self._supervisor = Supervisor(
            rows, environ=self.environ, logs=self.logs, hear=self._hear, restarts=self.restarts
        )
        # It lives as long as the processes: the kernel ends them with the thread that started them.
        self._thread = threading.Thread(target=self._supervisor.run, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self, *, hurried: bool = False) -> None:
        """Stop all of it and wait for that."""
        self._supervisor.stop(hurried=hurried)
        self._thread.join()

    def hurry(self) -> None:
        """Make the stop that has begun, or begins now, wait for nothing."""
        self._supervisor.stop(hurried=True)

    def is_running(self) -> bool:
        """Say whether the supervisor still looks after the processes."""
        return self._thread.is_alive()

    # --- readiness

    def wait_until_ready(self, *names: str, patience: float = PATIENCE) -> None:
        """Wait until these processes (default: all) are ready; raise Trouble with the end of a log if not."""
        waiting = list(names or self.names)
        deadline = time.monotonic() + patience
        while waiting:
            waiting = [name for name in waiting if not self.is_ready(name)]
            for name in waiting:
                late = time.monotonic() > deadline
                if late or self._supervisor.children[name].failures >= HOPELESS or not self.is_running():
                    what = f"did not get ready within {patience:.0f} seconds" if late else "does not start"
                    raise Trouble(
                        f"{name} {what}. The end of {self.log(name)}:\n" + "\n".join(self.lines[name][-20:])
                    )
            time.sleep(0.05 if waiting else 0)

    def is_ready(self, name: str) -> bool:
        """Ask the process, or its log, whether it is ready."""
        child = self._supervisor.children[name]
        if child.popen is None:
            return False
        if not child.process.ready_url:
            return child.said_ready
        try:
            with urllib.request.urlopen(child.process.ready_url, timeout=5) as answer:
                return bool(answer.status == http.HTTPStatus.OK)
        except (OSError, http.client.HTTPException):
            return False

    # --- looking and harming

    def url(self, name: str) -> str:
        """Return the address of `web` or `gateway`, without a slash at the end."""
        return processes.address(name, self.environ)

    def pid(self, name: str) -> int:
        """Return the pid of a process; raise Trouble if it does not run now."""
        pid = self._supervisor.children[name].pid
        if pid is None:
            raise Trouble(f"{name} does not run at the moment.")
        return pid

    def starts(self, name: str) -> int:
        """Return how often it was started."""
        return self._supervisor.children[name].starts

    def log(self, name: str) -> Path:
        """Return the file with everything it printed."""
        return self.logs / f"{name}.log"

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a process a signal and return its pid; after SIGKILL, once it and its children are gone."""
        pid = self.pid(name)
        os.kill(pid, number)
        while number == signal.SIGKILL and self._supervisor.children[name].pid == pid and self.is_running():
            time.sleep(0.01)
        return pid

    def _hear(self, name: str, line: str) -> None:
        self.lines[name].append(line)
        if len(self.lines[name]) > 2000:
            del self.lines[name][:1000]
        if self._also_hear:
            self._also_hear(name, line)

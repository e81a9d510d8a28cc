"""The processes of a site: what each is, how it is run, and how one sees that it is ready."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack import Trouble, environment
from devstack.directory import ROOT

HOST = "127.0.0.1"
PORTS = {"web": ("PORT", 8000), "gateway": ("GATEWAY_PORT", 8001)}


@dataclass(frozen=True)
class Process:
    """One program that must always run."""

    name: str
    argv: tuple[str, ...]
    ready_url: str = ""  # answers 200 once it is ready
    ready_words: str = ""  # or: stands in its log once it is ready
    feeds: bool = False  # hands work to others, and so stops before them


def port(name: str, environ: Mapping[str, str]) -> int:
    """Return the port of `web` or `gateway`; raise Trouble if the setting is no port."""
    setting, default = PORTS[name]
    raw = environ.get(setting) or str(default)
    if not raw.isdecimal() or not 0 < int(raw) < 65536:
        raise Trouble(f"{setting} must be a port, a whole number from 1 to 65535, not {raw!r}.")
    return int(raw)


def address(name: str, environ: Mapping[str, str]) -> str:
    """Return the address of `web` or `gateway`, without a slash at the end."""
    return f"http://{HOST}:{port(name, environ)}"


def table(environ: Mapping[str, str]) -> dict[str, Process]:
    """Return every process by name, in the order they start."""
    web, gateway = (address(name, environ) for name in ("web", "gateway"))
    gateways = environ.get("GATEWAY_PROCESSES") or "1"
    schedule = str(Path(environ["GATEHOUSE_DATA"]) / "run" / "beat-schedule")
    # No mingle, no gossip: they make workers wait for one another. No heartbeat: nobody listens.
    worker = "celery -A config worker --pool prefork --loglevel INFO"
    worker += " --without-mingle --without-gossip --without-heartbeat"
    promises = f"{worker} --concurrency 2 -Q promises"
    webhooks = f"{worker} --concurrency 1 -Q webhooks -n webhooks@%h"
    beat = "celery -A config beat --loglevel INFO --pidfile="
    # No access log: the addresses in confirmation letters are secrets.
    hot = f"uvicorn enforcement.gateway.app:app --host {HOST} --port {port('gateway', environ)}"
    hot += f" --workers {gateways} --no-access-log --no-server-header --timeout-graceful-shutdown 5"
    hot += " --timeout-keep-alive 75"  # longer than a proxy keeps an idle connection for reuse
    # No control socket: it would lie in the home directory, one for all sites.
    pages = f"gunicorn config.wsgi --bind {HOST}:{port('web', environ)} --no-control-socket"
    pages += " --worker-class gthread --workers 2 --threads 4 --graceful-timeout 5"
    rows = [
        Process("worker", _module(promises), ready_words="ready."),
        Process("webhooks", _module(webhooks), ready_words="ready."),
        Process("rq", (sys.executable, "manage.py", "rqworker", "default"), ready_words="Listening on"),
        Process("gateway", _module(hot), ready_url=f"{gateway}/readyz", feeds=True),
        Process("web", _module(pages), ready_url=f"{web}/readyz", feeds=True),
        Process("beat", (*_module(beat), "--schedule", schedule), ready_words="is starting", feeds=True),
    ]
    return {row.name: row for row in rows}


def _module(command: str) -> tuple[str, ...]:
    """Return the command line of a Python module and its plain options."""
    return (sys.executable, "-m", *command.split())


def environ_of_processes(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the processes get: everything but the mark by which each would join the servers itself."""
    path = os.pathsep.join(part for part in (str(ROOT), environ.get("PYTHONPATH", "")) if part)
    return {
        **{name: value for name, value in environ.items() if name != environment.OURS},
        "DJANGO_SETTINGS_MODULE": environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
    }


def refuse_taken_ports(names: tuple[str, ...], environ: Mapping[str, str]) -> None:
    """Raise Trouble if a port one of these processes needs is used by another program."""
    for name in names:
        if name not in PORTS:
            continue
        number = port(name, environ)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, number))
            except OSError as error:
                raise Trouble(
                    f"Port {number} for {name} cannot be used: {error.strerror}. "
                    f"Stop what uses it, or choose another: {PORTS[name][0]}={number + 10} make run"
                ) from None


def free_port() -> int:
    """Return a port nobody listens on right now."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])

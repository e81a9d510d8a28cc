"""`make run` and `make demo`: from nothing to a running site, until it is told to stop."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack import Trouble, environment, lifelines, processes, servers
from devstack.directory import ROOT, DataDirectory
from devstack.stack import Stack

COLOURS = {"web": 36, "gateway": 32, "worker": 33, "webhooks": 33, "beat": 35, "rq": 34}
CHECK_EVERY = 1.0  # seconds between looks at the keeper

_printing = threading.Lock()


class ToldToStop(BaseException):
    """A signal came before there was anything to stop in an orderly way."""


class Ear:
    """Hears SIGINT, SIGTERM and SIGHUP: the first asks to stop, the second to hurry."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.stack: Stack | None = None  # once there is one, it is stopped in order instead of at once
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # under nohup
                signal.signal(number, self._hear)

    def _hear(self, *_: object) -> None:
        if self.stack is None:
            raise ToldToStop
        if self.told.is_set():
            self.stack.hurry()
        self.told.set()


def say(line: str, *, to: int = 1) -> None:
    """Print one line whole; a reader that went away stops the launcher in order."""
    try:
        with _printing:
            os.write(to, f"{line}\n".encode())
    except OSError:
        with _printing:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, to)
        os.kill(os.getpid(), signal.SIGTERM)


def run(*, demo_data: bool) -> int:
    """Run the site until a signal; raise Trouble with a sentence when it cannot run. Returns an exit code."""
    ear = Ear()
    try:
        data = DataDirectory(environment.data_path())
        data.make()
        os.environ["GATEHOUSE_DATA"] = str(data.path)  # in production nothing else sets it
        ports = {
            setting: str(processes.port(name, os.environ)) for name, (setting, _) in processes.PORTS.items()
        }
        with _only_launcher(data, processes.address("web", ports)):
            processes.refuse_taken_ports(tuple(processes.PORTS), ports)
            environment.prepare(say=_progress)
            sign_ins = _prepare_site(demo_data=demo_data)
            _progress("Starting web, gateway, workers, beat and rq")
            with Stack(environ=ports, hear=_pass_on) as stack:
                ear.stack = stack
                say(_welcome(stack, sign_ins))
                _stay(ear, stack)
                say("Stopping …")
    except ToldToStop:
        say("Stopped.")
        return 0
    say("Stopped. Nothing is left running; the data are kept.")
    return 0


def demo(*, as_json: bool) -> int:
    """Walk the main job end to end on a throw-away site; return an exit code."""
    Ear()
    for setting in environment.SETTING_OF.values():
        if os.environ.pop(setting, ""):
            _progress(f"{setting} is set, but the demo leaves your data alone and uses servers of its own")
    try:
        environment.prepare(durable=False, say=_progress)
        _prepare_site(demo_data=False)
        _progress("Starting web, gateway, workers, beat and rq")
        with Stack() as stack:
            from devstack import journey

            return int(journey.run(stack, as_json=as_json))
    except ToldToStop:
        return 130


def _stay(ear: Ear, stack: Stack) -> None:
    """Wait for a signal; meanwhile get a new keeper if somebody killed ours."""
    while not ear.told.wait(CHECK_EVERY) and stack.is_running():
        for path, use in environment.held.items():
            if use.is_kept():
                continue
            _progress("The keeper of the private servers is gone; starting another")
            try:
                environment.held[path] = servers.join(path, list(use.urls))
            except Trouble as trouble:
                say(str(trouble), to=2)
            else:
                use.leave()


@contextmanager
def _only_launcher(data: DataDirectory, address: str) -> Iterator[None]:
    """Refuse to be the second launcher of one data directory."""
    note = data.keeper / "launcher.json"
    lock = data.lock("launcher")
    if not lock.taken():
        try:
            said = json.loads(note.read_text())
        except (OSError, ValueError):
            said = {"address": "its address is not known yet", "pid": "?"}
        raise Trouble(
            f"Gatehouse already runs on {data.path}: {said['address']} (process {said['pid']}). Stop it, or "
            "start a second site beside it: GATEHOUSE_DATA=.second PORT=8010 GATEWAY_PORT=8011 make run"
        )
    note.write_text(json.dumps({"pid": os.getpid(), "address": address}))
    try:
        yield
    finally:
        lock.close()


def _prepare_site(*, demo_data: bool) -> str:
    """Run the steps of `preparation` in a process of their own; return the sign-ins it printed."""
    command = [sys.executable, "-m", "devstack", "prepare-site", *(["--demo-data"] if demo_data else [])]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=processes.environ_of_processes(os.environ)
        | {environment.OURS: os.environ.get(environment.OURS, "")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=lifelines.tied(signal.SIGKILL),
    )
    if done.returncode:
        raise Trouble("The site could not be prepared; the lines above say why.")
    return done.stdout.strip()


def _progress(line: str) -> None:
    say(f"{line} …", to=2)


def _pass_on(name: str, line: str) -> None:
    """Print a process's line behind its name."""
    label = f"{name:<8}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        label = f"\x1b[{COLOURS[name]}m{label}\x1b[0m"
    say(f"{label}| {line}")


def _welcome(stack: Stack, sign_ins: str) -> str:
    """Return what a person wants to know once all of it runs."""
    data = Path(stack.environ["GATEHOUSE_DATA"])
    shown = data.relative_to(Path.cwd()) if data.is_relative_to(Path.cwd()) else data
    rows = [
        ("Site", f"{stack.url('web')}/"),
        ("Staff", f"{stack.url('web')}/admin/"),
        ("Gateway", f"{stack.url('gateway')}/v1/authorize"),
        (
            "Mail",
            "goes where EMAIL_URL says" if os.environ.get("EMAIL_URL") else f"{shown}/mail, a file each",
        ),
        ("Logs", f"{shown}/logs"),
    ]
    lines = ["", "Gatehouse is running.", "", *(f"  {name:<9}{what}" for name, what in rows), ""]
    if sign_ins:
        lines += [*(f"  {line}" if line else "" for line in sign_ins.splitlines()), ""]
    return "\n".join([*lines, "Ctrl-C stops all of it.", ""])

"""The real programs in front of a model: nginx and Envoy with the files of deploy/, on free ports."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from devstack import lifelines
from devstack.processes import free_port
from tests.processes import ROOT, until

DEPLOY = ROOT / "deploy"
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/gatehouse.conf;
}}
"""


def nginx_is_here() -> str:
    """Return where Debian's nginx is, "" without it; it is not on the PATH of an ordinary user."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or ""


@contextlib.contextmanager
def running(*command: str, port: int, cwd: Path = ROOT) -> Iterator[str]:
    """Run a program until it listens on a port of this machine; give its address."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lifelines.tied(signal.SIGKILL),  # noqa: PLW1509 - one prctl, nothing that locks
    )
    try:
        until(lambda: _listens(port) or process.poll() is not None, f"{command[0]} to listen", seconds=60)
        assert process.poll() is None, process.communicate()[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def model_server(*, holds_to_header: bool = True) -> Iterator[int]:
    """Run the small model server; give its port. Behind what reads bodies it need not hold to a header."""
    port, name = free_port(), "app" if holds_to_header else "any_model"
    command = f"-m uvicorn tests.enforcement.integrations.upstream:{name} --port {port} --no-access-log"
    with running(sys.executable, *command.split(), port=port):
        yield port


@contextlib.contextmanager
def nginx(folder: Path, *, gateway: int, model: int) -> Iterator[str]:
    """Run nginx with deploy/nginx/gatehouse.conf, only its ports changed; give its address."""
    port = free_port()
    folder.chmod(0o755)
    changed = _with_ports(DEPLOY / "nginx" / "gatehouse.conf", gateway=gateway, model=model, own=port)
    (folder / "gatehouse.conf").write_text(changed.replace("listen 8080", f"listen 127.0.0.1:{port}"))
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    with running(
        nginx_is_here(), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf"),
        port=port,
    ) as address:  # fmt: skip
        yield address


@contextlib.contextmanager
def envoy(folder: Path, *, gateway: int, model: int) -> Iterator[str]:
    """Run Envoy with deploy/envoy/envoy.yaml, only its ports changed; give its address."""
    port = free_port()
    changed = _with_ports(DEPLOY / "envoy" / "envoy.yaml", gateway=gateway, model=model, own=port)
    (folder / "envoy.yaml").write_text(changed)
    program = str(Path(sys.executable).parent / "envoy")
    options = f"--concurrency 1 --disable-hot-restart -l error -c {folder / 'envoy.yaml'}"
    with running(program, *options.split(), port=port) as address:
        yield address


def _with_ports(file: Path, *, gateway: int, model: int, own: int) -> str:
    text = file.read_text()
    for said, meant in (("8001", gateway), ("9000", model), ("port_value: 8080", f"port_value: {own}")):
        text = text.replace(f"127.0.0.1:{said}", f"127.0.0.1:{meant}")
        text = text.replace(f"port_value: {said}", f"port_value: {meant}")
        text = text.replace(said, str(meant)) if said.startswith("port") else text
    return text


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0

"""`make run` refuses what cannot work, in sentences and before it has started anything."""

import socket
import subprocess
import sys

import pytest

from devstack.directory import ROOT, DataDirectory


def launch(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher, which ends by itself when it refuses."""
    return subprocess.run(
        [sys.executable, "-m", "devstack", *(arguments or ["run"])],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_taken_port_is_named(bare, data):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        refused = launch(bare | {"PORT": str(port)})

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {port} for web cannot be used: Address already in use.")
    assert not (data / "servers").exists()


@pytest.mark.parametrize("value", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(bare, value):
    refused = launch(bare | {"GATEWAY_PORT": value})

    assert (refused.returncode, refused.stderr) == (
        1,
        f"GATEWAY_PORT must be a port, a whole number from 1 to 65535, not '{value}'.\n",
    )


def test_a_second_launcher_of_one_data_directory_is_refused(bare, data):
    directory = DataDirectory(data)
    directory.make()
    lock = directory.lock("launcher")
    assert lock.taken()
    (directory.keeper / "launcher.json").write_text('{"pid": 4711, "address": "http://127.0.0.1:8000"}')

    refused = launch(bare)

    lock.close()
    assert refused.returncode == 1
    assert f"already runs on {data}: http://127.0.0.1:8000 (process 4711)" in refused.stderr


def test_urls_of_servers_that_do_not_run_are_refused(bare, data):
    refused = launch(bare, "urls")

    assert (refused.returncode, refused.stderr) == (
        1,
        f"No private servers run on {data} now. `make run` starts them.\n",
    )

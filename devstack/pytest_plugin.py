"""Gives every test run throw-away servers. Loaded with `-p`: a conftest.py comes after the settings are read.

With pytest-xdist the controller holds the servers and the workers inherit their addresses; each takes a
Valkey database of its own, as pytest-django gives each a PostgreSQL database of its own.
"""

import os

import pytest

from devstack import Trouble, environment


def _prepare() -> None:
    """Complete the environment while pytest still reads its options, before anything imports the settings."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        if "REDIS_URL" in os.environ.get(environment.OURS, "").split():
            number = int(worker.removeprefix("gw")) + 1
            os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("?db=0", f"?db={number}")
        return
    try:
        environment.prepare(durable=False)
    except Trouble as trouble:
        raise pytest.UsageError(str(trouble)) from None


_prepare()

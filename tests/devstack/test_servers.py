"""The private servers: shared by all who need them, gone when nobody does, whoever is killed."""

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
import redis

from devstack import Trouble, keeper, servers
from devstack.directory import DataDirectory
from tests.devstack.conftest import are_gone, said, wait_until

SOON = 20.0  # seconds: about two on an idle machine, but tests run on busy ones


def pids_of(data: Path) -> list[int]:
    """Return keeper and servers, and the processes the servers started."""
    status = keeper.status(DataDirectory(data))
    mains = [status["pid"], *(server["pid"] for server in status["servers"].values())]
    children = [
        int(child)
        for main in mains
        for child in Path(f"/proc/{main}/task/{main}/children").read_text().split()
    ]
    return sorted({*mains, *children})


def test_they_answer_on_sockets_and_on_no_port_durably_and_with_trigrams(data):
    use = servers.join(data)

    with psycopg.connect(use.urls["postgres"]) as connection, redis.from_url(use.urls["valkey"]) as valkey:
        connection.execute("CREATE EXTENSION pg_trgm")
        settings = [
            connection.execute(f"SHOW {name}").fetchone()[0] for name in ("listen_addresses", "fsync")
        ]
        settings += [valkey.config_get(name)[name] for name in ("port", "appendonly")]

    use.leave()
    assert settings == ["", "on", "0", "yes"]


def test_a_second_start_finds_the_data_of_the_first(data):
    first = servers.join(data)
    with (
        psycopg.connect(first.urls["postgres"]) as connection,
        redis.from_url(first.urls["valkey"]) as valkey,
    ):
        connection.execute("CREATE TABLE kept AS SELECT 'row' AS what")
        valkey.set("kept", "value")
    first.leave()
    wait_until(lambda: not servers.are_running(DataDirectory(data)), patience=SOON)

    second = servers.join(data)

    with (
        psycopg.connect(second.urls["postgres"]) as connection,
        redis.from_url(second.urls["valkey"]) as valkey,
    ):
        found = connection.execute("SELECT what FROM kept").fetchone(), valkey.get("kept")
    second.leave()
    assert found == (("row",), b"value")


def test_two_users_share_them_and_the_last_one_out_stops_them(data, user):
    first, second = user(), user()
    assert (said(first), said(second)) == ("ready", "ready")
    running = pids_of(data)
    mains = keeper.status(DataDirectory(data))

    first.terminate()
    first.wait()
    time.sleep(0.5)  # three of the keeper's looks
    after_one = keeper.status(DataDirectory(data))
    second.terminate()

    wait_until(lambda: are_gone(running), patience=SOON)
    assert after_one == mains


def test_four_starts_at_once_make_one_keeper(data, user):
    everybody = [user("print(environment.held[environment.data_path()].pids())") for _ in range(4)]

    assert len({said(process) for process in everybody}) == 1


def test_kill_9_of_the_only_user_leaves_nothing(data, user):
    only = user(durable=True)
    said(only)
    running = pids_of(data)

    only.kill()

    wait_until(lambda: are_gone(running), patience=SOON)


def test_kill_9_of_the_keeper_leaves_nothing(data):
    use = servers.join(data, durable=False)
    running = pids_of(data)

    os.kill(use.pids()["keeper"], signal.SIGKILL)

    wait_until(lambda: are_gone(running), patience=SOON)
    use.leave()


def test_after_kill_9_of_the_keeper_the_next_start_has_the_same_addresses_and_data(data):
    first = servers.join(data)
    with psycopg.connect(first.urls["postgres"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'row' AS what")
    os.kill(first.pids()["keeper"], signal.SIGKILL)
    wait_until(lambda: not first.is_kept(), patience=SOON)

    second = servers.join(data)

    with psycopg.connect(second.urls["postgres"]) as connection:
        found = connection.execute("SELECT what FROM kept").fetchone()
    first.leave()
    second.leave()
    assert (second.urls, found) == (first.urls, ("row",))


def test_a_leftover_that_outlived_its_keeper_is_ended_before_the_next_start(data):
    first = servers.join(data, ["valkey"], durable=False)
    keeper_pid, valkey_pid = first.pids()["keeper"], first.pids()["valkey"]
    os.kill(valkey_pid, signal.SIGSTOP)  # deaf to the kernel's word at its keeper's death
    os.kill(keeper_pid, signal.SIGKILL)
    wait_until(lambda: not first.is_kept(), patience=SOON)

    second = servers.join(data, ["valkey"], durable=False)

    assert are_gone([valkey_pid])
    first.leave()
    second.leave()


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_server_that_is_killed_is_started_again(data, name):
    use = servers.join(data, [name], durable=False)
    before = use.pids()[name]

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: use.pids().get(name, before) != before, patience=10)
    use.leave()


def test_a_path_too_deep_for_sockets_works(data):
    deep = data.joinpath(*["a-directory-with-a-long-name"] * 4)
    deep.parent.mkdir(parents=True)

    use = servers.join(deep, durable=False)

    with psycopg.connect(use.urls["postgres"]) as connection, redis.from_url(use.urls["valkey"]) as valkey:
        assert (connection.execute("SELECT 1").fetchone(), valkey.ping()) == ((1,), True)
    use.leave()
    wait_until(lambda: not deep.exists(), patience=SOON)


def test_a_path_with_spaces_commas_and_capitals_works(data):
    odd = data / "My Data, 100 % odd?"

    use = servers.join(odd, durable=False)

    with psycopg.connect(use.urls["postgres"]) as connection, redis.from_url(use.urls["valkey"]) as valkey:
        assert (connection.execute("SELECT 1").fetchone(), valkey.ping()) == ((1,), True)
    use.leave()
    wait_until(lambda: not odd.exists(), patience=SOON)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its servers to another account")
def test_where_the_lent_account_may_not_go_the_servers_lie_elsewhere(data):
    data.parent.chmod(0o700)

    use = servers.join(data, durable=False)

    with psycopg.connect(use.urls["postgres"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (data / "servers").resolve().is_relative_to(data)
    use.leave()


def test_a_throw_away_directory_is_deleted_after_its_last_user(data):
    use = servers.join(data, durable=False)
    elsewhere = (data / "servers").resolve()

    use.leave()

    wait_until(lambda: not data.exists() and not elsewhere.exists(), patience=SOON)


def test_data_of_another_postgresql_are_refused_with_a_sentence(data):
    directory = DataDirectory(data)
    directory.make()
    home, account = directory.home()
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("12\n")
    account.own(home / "postgres")

    with pytest.raises(Trouble, match=r"were written by PostgreSQL 12, .* Move .* away"):
        servers.join(data)


def test_a_data_directory_that_is_a_file_is_refused_with_a_sentence(data):
    data.write_text("")

    with pytest.raises(Trouble, match=r"cannot be used: .* Set GATEHOUSE_DATA"):
        servers.join(data)
    data.unlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_one_may_not_write_is_refused_with_a_sentence(data):
    data.mkdir(mode=0o500)

    with pytest.raises(Trouble, match="cannot be used: Permission denied"):
        servers.join(data)
    data.chmod(0o700)

"""What is set always wins; the rest is filled in, and in production nothing is."""

import stat
import subprocess
import sys

from devstack.directory import ROOT
from tests.devstack.conftest import said

SHOW = "print({name: os.environ.get(name) for name in ('DATABASE_URL', 'REDIS_URL')})"
OUTSIDE = "postgres://somebody@db.example/gatehouse"


def test_database_url_wins_and_the_other_server_is_private(user):
    shown = said(user(f"{SHOW[:-1]}, *environment.held[environment.data_path()].urls)", DATABASE_URL=OUTSIDE))

    assert shown.startswith(f"{{'DATABASE_URL': '{OUTSIDE}', 'REDIS_URL': 'unix:///")
    assert shown.endswith("} valkey")


def test_with_both_set_no_server_is_started(user, data):
    outside = {"DATABASE_URL": OUTSIDE, "REDIS_URL": "redis://cache.example/0"}

    assert said(user(SHOW, durable=True, **outside)) == str(outside)
    assert not (data / "servers").exists()


def test_a_child_of_a_user_is_a_user_itself(user):
    again = "environment.held.clear(); environment.prepare(); print(*environment.held.popitem()[1].urls)"

    assert said(user(again)) == "postgres valkey"


def test_in_production_nothing_is_made(user, data):
    assert said(user(SHOW, GATEHOUSE_MODE="production")) == "{'DATABASE_URL': None, 'REDIS_URL': None}"
    assert not data.exists()


def test_in_production_a_missing_setting_is_named_in_a_sentence(bare):
    refused = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=bare | {"GATEHOUSE_MODE": "production"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (refused.returncode, refused.stderr) == (
        1,
        "A setting is wrong: Set SECRET_KEY, or SECRET_KEY_FILE to the path of a file that holds it.\n",
    )


def test_secrets_are_made_once_and_for_our_eyes_only(user, data):
    names = "('SECRET_KEY', 'KEY_PEPPERS', 'FIELD_KEYS')"
    show = f"print(*(open(os.environ[name + '_FILE']).read().strip() for name in {names}))"
    outside = {"DATABASE_URL": OUTSIDE, "REDIS_URL": "redis://cache.example/0"}

    first, second = said(user(show, durable=True, **outside)), said(user(show, durable=True, **outside))

    assert first == second
    assert {stat.S_IMODE(file.stat().st_mode) for file in (data / "secrets").iterdir()} == {0o600}


def test_a_secret_that_is_set_wins(user):
    show = "print('SECRET_KEY_FILE' in os.environ, 'KEY_PEPPERS_FILE' in os.environ)"

    assert (
        said(user(show, SECRET_KEY="mine", DATABASE_URL=OUTSIDE, REDIS_URL="redis://cache.example/0"))
        == "False True"
    )


def test_help_of_a_command_starts_no_server(bare, data):
    helped = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--help"],
        cwd=ROOT,
        env=bare,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "usage: manage.py migrate" in helped.stdout
    assert not (data / "servers").exists()

"""What every test may rely on: the real servers of devstack's plugin, and a database that can be emptied."""

import pytest
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import translation

from tests import tables

COSTLY = (
    "tests/browser/",
    "tests/test_permissions_matrix.py",
    "tests/test_bad_input.py",
    "tests/test_commands_table.py",
)


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items):
    """Keep together what shares a site or a world that takes long to make: one worker makes it, and once."""
    for item in items:
        if place := next((place for place in COSTLY if item.nodeid.startswith(place)), None):
            item.add_marker(pytest.mark.xdist_group(place))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let transactional tests empty their tables: only the TRUNCATE refusals are switched off, nothing else."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
               WHERE t.tgtype::int & 32 = 32 AND NOT t.tgisinternal"""
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{trigger}"')


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying():
    """Most of the suite's time went into flushing all tables after each test that commits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: tables.empty())
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes():
    """Argon2 is slow on purpose; tests that are not about passwords need not wait for it, nor need their worlds."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_when_asked_for():
    """Each new Client makes the middleware anew: two thirds of a request went into listing all static files."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(autouse=True)
def _no_language_left():
    """A request leaves the language of its reader active in the thread, for the next request to change."""
    yield
    translation.deactivate()

"""The real site (gunicorn, a Celery worker, both servers) with the demo's stories told, and Chromium to walk it."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from accounts.models import User
from devstack.processes import HOST
from devstack.stack import Stack
from tests import tables
from tests.factories import make_roles, make_user, verified
from tests.processes import environment, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's own Chromium. Without one the tests here are left out, unless REQUIRE_BROWSER=1 says they must run."""
    if not CHROMIUM:
        missing = "No Chromium is installed (Debian: apt-get install chromium), so no page was walked."
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(missing)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread; Django would take our own queries for calls from a coroutine.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield browser
        browser.close()


@dataclass
class Site:
    """A running site and the folder its worker writes letters into."""

    url: str
    mails: Path

    def mailed(self, pattern: str, *, to: str = "") -> str:
        """Wait for a letter (`to` somebody) that matches; return the match. Line ends of the encoding are undone."""
        found: list[str] = []

        def arrived() -> bool:
            for path in sorted(self.mails.glob("*")):
                text = path.read_text(errors="replace").replace("=\n", "").replace("=3D", "=")
                if f"To: {to}" in text:
                    found.extend(match[0] for match in re.finditer(pattern, text))
            return bool(found)

        until(arrived, f"a letter with {pattern}", seconds=30)
        return found[-1]


@pytest.fixture(scope="package")
def site(chromium, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Site]:
    """One site for all tests here: each brings people and programs of its own where it changes anything."""
    mails, logs = tmp_path_factory.mktemp("mails"), tmp_path_factory.mktemp("logs")
    with django_db_blocker.unblock():
        make_roles()
        call_command("bootstrap", stdout=StringIO())
        with override_settings(PASSWORD_HASHERS=QUICK):  # nobody of the demo signs in by password here
            call_command("demo_data", stdout=StringIO())
        before = sessions()
        with Stack(
            "web", "worker", environ=environment(EMAIL_URL=f"filemail:///{mails}"), logs=logs
        ) as stack:
            yield Site(stack.url("web"), mails)
        # A database that somebody still uses cannot be destroyed at the end of the run.
        until(lambda: sessions() <= before, "the site's sessions at the database to end")
        tables.empty()


def sessions() -> set[int]:
    """Return the backends that serve others on this database."""
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with connection.cursor() as cursor:
        cursor.execute(others)
        return {pid for (pid,) in cursor.fetchall()}


@pytest.fixture
def _django_db_helper(site, django_db_blocker) -> Iterator[None]:
    """Take the place of pytest-django's own, which would empty the site's tables after each test."""
    with django_db_blocker.unblock():
        yield


@dataclass
class Watch:
    """What a browser complained about while it was listened to."""

    complaints: list[str] = field(default_factory=list)
    listening: bool = True

    def listen_to(self, page: Page) -> None:
        page.on("console", lambda message: self._hear(page, message))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on(
            "dialog", lambda dialog: self.complaints.append(f"{page.url} opened a dialog: {dialog.message}")
        )

    def _hear(self, page: Page, message: ConsoleMessage) -> None:
        """Note errors and warnings, CSP violations among them; a page that answers 404 or 422 on purpose is none."""
        if not self.listening or message.type not in ("error", "warning"):
            return
        is_the_page = message.location.get("url") == page.url
        if not (is_the_page and message.text.startswith("Failed to load resource")):
            self.complaints.append(f"{page.url}: {message.text}")


Browse = Callable[..., Page]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fail the test when any of its pages had an error in its console."""
    watch = Watch()
    yield watch
    assert watch.complaints == []


@pytest.fixture
def browse(chromium, site, watch) -> Iterator[Browse]:
    """Return a function that gives somebody (or nobody) a browser of their own."""
    contexts: list[BrowserContext] = []

    def open_for(user: User | None = None, **options: object) -> Page:
        context = chromium.new_context(
            base_url=site.url, **({"viewport": WIDE, "reduced_motion": "reduce"} | options)
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch.listen_to(page)
        if user is not None:
            become(page, user)
        return page

    yield open_for
    for context in contexts:
        context.close()


def become(page: Page, user: User | None) -> None:
    """Give a browser the session of somebody who has signed in, or of nobody, instead of the one it has."""
    page.context.clear_cookies()
    if user is not None:
        client = Client()
        client.force_login(user)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": value, "domain": HOST, "path": "/"}
        page.context.add_cookies([cookie])


_serial = count(1)


def newcomer(name: str) -> User:
    """Return somebody new of this name; the address is nobody else's, for all tests here share one database."""
    user = verified(make_user(f"{name}-{next(_serial)}"))
    user.full_name = name.title()
    user.save(update_fields=["full_name"])
    return user


def person(name: str) -> User:
    """Return somebody of the demo by what stands before the @ of their address."""
    return User.objects.get(email__startswith=f"{name}@")

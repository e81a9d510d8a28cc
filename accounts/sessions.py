"""Where somebody is signed in: allauth's list of sessions, with the living told from the dead in two statements."""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.domain import erasure
from accounts.models import User

SEEN_EVERY = 300  # seconds between two notes that a session was seen: not a write on each request
SEEN_AT = "seen_at"
# The first that fits; later ones call themselves by earlier names too.
BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """One session as its owner sees it."""

    pk: int
    browser: str
    ip: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


def begin(request: HttpRequest, at: float) -> None:
    """Let a session that just began be noted as seen from now on; allauth has written its row."""
    request.session[SEEN_AT] = int(at)


def note(request: HttpRequest, at: float) -> None:
    """Note that a session was seen, at most every SEEN_EVERY seconds; `at` in seconds."""
    seen_at = request.session.get(SEEN_AT)
    if seen_at is not None and at - seen_at >= SEEN_EVERY:
        request.session[SEEN_AT] = int(at)
        UserSession.objects.create_from_request(request)


def live_of(user: User, *, this: str | None, at: datetime) -> list[Seen]:
    """Return the sessions in which somebody is signed in now, the one last seen first."""
    rows = {row.session_key: row for row in UserSession.objects.filter(user=user).order_by("-last_seen_at")}
    stored = Session.objects.filter(session_key__in=rows, expire_date__gt=at)
    alive = {session.session_key for session in stored if _opens_for(user, session.session_data)}
    return [
        Seen(row.pk, browser(row.user_agent), row.ip, row.created_at, row.last_seen_at, key == this)
        for key, row in rows.items()
        if key in alive
    ]


def end(user: User, pk: int, *, this: str | None) -> bool:
    """End one session of somebody, not this one; return whether there was such a one."""
    row = UserSession.objects.filter(user=user, pk=pk).exclude(session_key=this or "").first()
    if row is None:
        return False
    _end([row])
    return True


def end_others(user: User, *, this: str | None) -> int:
    """End all sessions of somebody but this one, listed or not; return how many were listed."""
    rows = list(UserSession.objects.filter(user=user).exclude(session_key=this or ""))
    _end(rows)
    Session.objects.filter(pk__in=[key for key in erasure.sessions_of(user) if key != this]).delete()
    return len(rows)


def browser(agent: str) -> str:
    """Return what a browser calls itself in a few words."""
    name = next((said for sign, said in BROWSERS if sign in agent), _("Another browser"))
    system = next((said for sign, said in SYSTEMS if sign in agent), "")
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system} if system else name


def _end(rows: list[UserSession]) -> None:
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _opens_for(user: User, stored: str) -> bool:
    """Return whether a stored session still opens: a changed password ends all that were begun before."""
    data: dict[str, Any] = _store()().decode(stored)
    return constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


def _store() -> type[SessionStore]:
    return import_module(settings.SESSION_ENGINE).SessionStore

"""The seam to allauth: its mail goes through our outbox, sessions are noted, who signs up comes back to their page."""

import time
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as running
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url

from accounts import sessions
from accounts.domain import tokens
from accounts.languages import spoken
from accounts.models import User
from audit import clock
from outbox import letters

WANTED = "wanted_after_confirming"  # in the session of who signs up: where they were going


class Adapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write allauth's letter into the outbox; it holds a one-time link or code, so its text passes."""
        shown = {"request": running.request, "email": email, "base_url": settings.BASE_URL}
        user = context.get("user")
        as_read = (
            letters.read_in(spoken(user.language), user.time_zone)
            if isinstance(user, User)
            else nullcontext()
        )
        with as_read:
            message = self.render_mail(template_prefix, email, shown | context)
        letters.forward(
            "accounts/" + template_prefix.rpartition("/")[2],
            to=email,
            subject=message.subject,
            text=message.body,
            html=next(
                (body for body, kind in getattr(message, "alternatives", []) if kind == "text/html"), ""
            ),
            about=context.get("user"),
            at=clock.now(),
        )

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        sessions.begin(request, time.time())

    @transaction.atomic
    def set_password(self, user: Any, password: str) -> None:
        """Set another password, and end every personal token: whoever changes it locks others out."""
        super().set_password(user, password)
        tokens.revoke_all(user, by=user, at=clock.now())

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """Send who signed up in this browser on to where they were going, by way of signing in."""
        url = super().get_email_verification_redirect_url(email_address)
        wanted = self.request.session.pop(WANTED, "")
        if not wanted or self.request.user.is_authenticated:
            return wanted or url
        return f"{resolve_url(url)}?{urlencode({'next': wanted})}"

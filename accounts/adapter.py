"""The seam to allauth: its mail goes through our outbox, and nothing else is overridden."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as running
from django.conf import settings

from audit import clock
from outbox import letters


class Adapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write allauth's letter into the outbox; it holds a one-time link or code, so its text passes."""
        shown = {"request": running.request, "email": email, "base_url": settings.BASE_URL}
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

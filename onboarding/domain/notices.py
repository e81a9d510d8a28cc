"""Letters to the applicant: who is written to, and what every letter names."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.languages import spoken
from onboarding.models import Application
from outbox import letters


def draft(
    kind: str,
    application: Application,
    *,
    about: models.Model | None = None,
    once: str | None = None,
    **more: Any,
) -> letters.Draft:
    """Return the letter `onboarding/<kind>` to the applicant, about the application unless said otherwise.

    `url` is the application's page unless given. The application must have an applicant.
    """
    assert application.applicant is not None, "a row nobody owns has nobody to write to"
    context = {
        "name": str(application.applicant),
        "program": application.program.name,
        "title": application.title or gettext_lazy("Untitled"),
        "number": application.number,
        "url": page("application", application.number),
    }
    return letters.Draft(
        f"onboarding/{kind}",
        application.applicant.email,
        context | more,
        about or application,
        once,
        language=spoken(application.applicant.language),
        zone=application.applicant.time_zone,
    )


def write(kind: str, application: Application, *, at: datetime, once: str | None = None, **more: Any) -> None:
    """Write one letter to the applicant; an imported row that nobody owns has none."""
    if application.applicant is not None:
        letters.write_many([draft(kind, application, once=once, **more)], at=at)


def page(name: str, *args: str) -> str:
    """Return the full address of a page, for a letter."""
    return settings.BASE_URL + reverse(name, args=args)

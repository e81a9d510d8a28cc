"""The languages people may be written to in, and which of them are offered now."""

from django.conf import settings
from django.db.models import TextChoices
from django.http import HttpRequest
from django.utils.formats import number_format


class Language(TextChoices):
    """Each is spoken once its catalogue is complete; then it stands in settings.LANGUAGES."""

    ENGLISH = "en-gb", "English"
    SPANISH = "es", "Español"


def written_in(request: HttpRequest) -> dict[str, str]:
    """Return, for every page, the language of what providers write: guidelines, and what is kept for good."""
    return {"written_in": settings.LANGUAGE_CODE}


def spoken(language: str) -> str:
    """Return the language if it is offered, else the site's own: never half a page in one and half in another."""
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def grouped(number: float) -> str:
    """Return a number as the active language writes a long one: 1,000 or 1 000."""
    return number_format(number, force_grouping=True)

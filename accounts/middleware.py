"""Show times in the signed-in person's own zone, and words in their own language; note where they are signed in."""

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts import sessions
from accounts.languages import spoken


class InTheZoneAndLanguageOfThePerson:
    """What a person chose wins over what LocaleMiddleware read from their browser; it says so in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        language = spoken(request.user.language)
        with timezone.override(ZoneInfo(request.user.time_zone)), translation.override(language):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
        response.headers["Content-Language"] = language
        return response


class NotesSessions:
    """Keeps the list of sessions current, without a write on each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            sessions.note(request, time.time())
        return self.get_response(request)

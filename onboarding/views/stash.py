"""What somebody sent from a section after their session had ended: kept in the next session, until it is saved.

Nobody is signed in then, so only what belongs to a draft that exists is kept, and one section's worth of it. It is
shown again to whoever signs in next only where they may open that draft.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.csrf import csrf_failure

from audit import clock
from onboarding.domain import questions
from onboarding.models import Application

KEY = "sent_while_signed_out"
MOST = 200_000  # characters, percent-encoded
LASTS = timedelta(days=1)


def keep(request: HttpRequest, number: str, section: str, *, at: datetime) -> None:
    """Keep what was posted; answers are the same whether or not there is such a draft."""
    said = request.POST.copy()
    said.pop("csrfmiddlewaretoken", None)
    found = Application.objects.select_related("question_set").filter(number=number).first()
    for question in questions.of(found.question_set).questions if found else ():
        if question.type == "secret_text":  # never in a session: it is typed again
            said.pop(question.key, None)
    data = said.urlencode()
    if found and found.takes_answers and len(data) <= MOST:
        request.session[KEY] = {"page": _page(number, section), "data": data, "at": at.isoformat()}


def kept(request: HttpRequest, number: str, section: str, *, at: datetime) -> QueryDict | None:
    """Return what is kept for this page."""
    found = request.session.get(KEY)
    if not found or found["page"] != _page(number, section):
        return None
    return QueryDict(found["data"]) if datetime.fromisoformat(found["at"]) + LASTS > at else None


def drop(request: HttpRequest, number: str, section: str) -> None:
    """Forget what is kept for this page: it is saved."""
    if request.session.get(KEY, {}).get("page") == _page(number, section):
        del request.session[KEY]


def token_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is not the session's: one has signed in again in another tab since it was opened.

    A section sent from our own pages comes back with what was typed, to be sent again. Anything else is refused.
    """
    asked = request.resolver_match
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if asked and asked.url_name == "apply_section" and request.method == "POST" and is_ours:
        keep(request, asked.kwargs["number"], asked.kwargs["section"], at=clock.now())
        return redirect(request.path)
    return csrf_failure(request, reason)


def _page(number: str, section: str) -> str:
    return f"{number}/{section}"

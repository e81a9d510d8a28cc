"""What somebody sent from a section after their session had ended: kept in the next session, until it is saved.

Nobody is signed in then, so only what belongs to a draft that exists is kept, and one section's worth of it. It is
shown again to whoever signs in next only where they may open that draft.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest, QueryDict

from onboarding.models import Application

KEY = "sent_while_signed_out"
MOST = 200_000  # characters, percent-encoded
LASTS = timedelta(days=1)


def keep(request: HttpRequest, number: str, section: str, *, at: datetime) -> None:
    """Keep what was posted; answers are the same whether or not there is such a draft."""
    said = request.POST.copy()
    said.pop("csrfmiddlewaretoken", None)
    data = said.urlencode()
    if len(data) > MOST:
        return
    found = Application.objects.filter(number=number).first()
    if found and found.takes_answers:
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


def _page(number: str, section: str) -> str:
    return f"{number}/{section}"

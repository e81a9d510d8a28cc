"""A consultation, for everybody: its questions, the comments shown, what came of them; and the form of a comment."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from audit import clock, spreadsheets
from policies import markdown
from policies.consultation_forms import CommentForm
from policies.domain import (
    comment_export,
    comment_lists,
    comments,
    consultees,
    guidelines,
    participation,
    source,
)
from policies.domain.comment_words import BadComment
from policies.models import Comment, Consultation, ConsulteeInvitation, Theme
from policies.states import PUBLIC_COMMENTS, ConsultationState, Phase


@require_http_methods(["GET", "HEAD", "POST"])
def consultation(request: HttpRequest, version: str) -> HttpResponse:
    """Show a consultation and take a comment on it."""
    asked = find(version)
    if request.method != "POST":
        return page(request, asked)
    return take(request, asked)


@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, version: str, token: str) -> HttpResponse:
    """Show the page to somebody who was invited: their link stands for their address."""
    asked = find(version)
    try:
        invitation = consultees.find(token, at=clock.now())
    except consultees.InvitationIsOver:
        messages.warning(
            request,
            _(
                "This invitation was used, withdrawn, or has ended. The letter with your receipt leads to your comment."
            ),
        )
        return redirect("consultation", asked.guidelines.version)
    answer = (
        take(request, asked, invitation) if request.method == "POST" else page(request, asked, invitation)
    )
    answer["Referrer-Policy"] = (
        "same-origin"  # its address is its key; with none, browsers post "Origin: null"
    )
    return answer


@require_safe
def comment(request: HttpRequest, version: str, number: str) -> HttpResponse:
    """Show one comment at its own address; where it is not shown, say how it stands and nothing of it."""
    asked = find(version)
    row = asked.comments.filter(number=number).first()
    if row is None:
        raise Http404
    shown = {
        "asked": asked,
        "version": asked.guidelines,
        "row": comment_lists.worded(asked, [row])[0] if row.is_public else None,
        "comment": row,
        "readable": asked.guidelines.state != "draft",
    }
    return render(request, "policies/consultation_comment.html", shown)


@require_safe
def as_csv(request: HttpRequest, version: str) -> StreamingHttpResponse:
    """Give the shown comments as CSV; no cell can be run by a spreadsheet."""
    asked = find(version)
    return csv_of(
        comment_export.shown(asked), comment_export.PUBLIC, f"comments-{asked.guidelines.version}.csv"
    )


@require_safe
def as_json(request: HttpRequest, version: str) -> StreamingHttpResponse:
    """Give the shown comments as JSON, a row at a time: however many there are, one is in memory."""
    return StreamingHttpResponse(_json_of(find(version)), content_type="application/json")


@require_safe
def text(request: HttpRequest, version: str) -> HttpResponse:
    """Give the text as it was consulted on, whatever became of the draft since."""
    asked = find(version)
    return HttpResponse(source.written(asked.source), content_type="text/plain; charset=utf-8")


def find(version: str) -> Consultation:
    """Return the consultation on a version, once it is announced."""
    rows = Consultation.objects.select_related("guidelines").exclude(state=ConsultationState.PREPARED)
    found = rows.filter(guidelines__version=version).first()
    if found is None:
        raise Http404
    return found


def take(
    request: HttpRequest, asked: Consultation, invitation: ConsulteeInvitation | None = None
) -> HttpResponse:
    """Take a comment, or show the page again with what is wrong beside its field."""
    proved = _proved(request)
    form = CommentForm(
        asked,
        request.POST,
        has_address=bool(proved or invitation),
        invitation=invitation,
        more="more" in request.POST,
    )
    if "more" in request.POST:  # another part of the text: nothing is sent yet
        form = CommentForm(
            asked,
            initial=request.POST.dict(),
            has_address=bool(proved or invitation),
            invitation=invitation,
            more=True,
        )
        return page(request, asked, invitation, form=form)
    if not form.is_valid():
        return page(request, asked, invitation, form=form, status=422)
    if not ratelimit.consume(request, action="comment"):
        form.add_error(None, _("Too many comments were sent from here. Wait an hour, then try again."))
        return page(request, asked, invitation, form=form, status=429)
    try:
        sent = comments.send(
            asked,
            form.words,
            by=_person(request) if proved and not invitation else None,
            email=form.cleaned_data.get("email", ""),
            invitation=invitation,
            language=get_language() or "",
            at=clock.now(),
        )
    except BadComment as refused:
        form.refuse(refused.problems)
        return page(request, asked, invitation, form=form, status=422)
    except comments.NotOpen as refused:
        messages.error(request, str(refused))
        return redirect("consultation", asked.guidelines.version)
    return _received(request, asked, sent, invitation)


def page(
    request: HttpRequest,
    asked: Consultation,
    invitation: ConsulteeInvitation | None = None,
    *,
    form: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show where a consultation stands, its comments, its figures, and what came of it."""
    at, proved = clock.now(), _proved(request)
    phase = asked.phase(at)
    theme = _theme(request, asked, phase)
    listed = comment_lists.page(
        asked, before=_number(request, "before"), after=_number(request, "after"), theme=theme
    )
    if form is None and phase == Phase.OPEN:
        form = CommentForm(
            asked,
            has_address=bool(proved or invitation),
            invitation=invitation,
            initial={
                "part-0": request.GET.get("about", ""),
                "name": invitation.name if invitation else "",
            },
        )
    shown = {
        "asked": asked,
        "version": asked.guidelines,
        "phase": phase,
        "introduction": markdown.rendered(asked.introduction),
        "summary": markdown.rendered(asked.summary) if phase == Phase.SUMMARISED else "",
        "themes": _themes(asked) if phase == Phase.SUMMARISED else [],
        "theme": theme,
        "extensions": list(asked.extensions.all()),
        "readable": asked.guidelines.state != "draft",
        "rewritten": asked.guidelines.text_hash != asked.text_hash,
        "before": guidelines.before(asked.guidelines),
        "form": form if phase == Phase.OPEN else None,
        "invitation": invitation,
        "proved": proved,
        "mine": comments.mine(asked, _person(request)) if proved else None,
        "listed": listed,
        "figures": participation.of(asked),
        "newer_url": _paged("after", listed.newer, theme),
        "older_url": _paged("before", listed.older, theme),
    }
    return render(request, "policies/consultation.html", shown, status=status)


def csv_of(rows: Iterable[dict[str, Any]], names: tuple[str, ...], filename: str) -> StreamingHttpResponse:
    """Return rows as a CSV file whose cells are harmless, a row at a time."""
    cells = ([spreadsheets.harmless(str(row[name])) for name in names] for row in rows)
    lines = spreadsheets.lines(chain([names], cells))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def _json_of(asked: Consultation) -> Iterator[str]:
    head = json.dumps({"version": asked.guidelines.version, "text_hash": asked.text_hash, "comments": []})
    yield head.removesuffix("]}")
    for number, row in enumerate(comment_export.shown(asked)):
        yield ("," if number else "") + json.dumps({name: row[name] for name in comment_export.PUBLIC})
    yield "]}"


def _received(
    request: HttpRequest, asked: Consultation, sent: Comment, invitation: ConsulteeInvitation | None
) -> HttpResponse:
    if sent.state == "unconfirmed":  # the same, whoever has commented from this address before
        messages.success(
            request,
            _(
                "A letter with a link is on its way to the address you gave. Your comment counts once you use the link."
            ),
        )
        return redirect("consultation", asked.guidelines.version)
    messages.success(request, _("We have your comment. A person reads it before it is shown."))
    if invitation:
        return redirect("consultation_yours", asked.guidelines.version, sent.token)
    return redirect("consultation_mine", asked.guidelines.version)


def _themes(asked: Consultation) -> list[dict[str, object]]:
    public = Count("grouped", filter=Q(grouped__comment__state__in=PUBLIC_COMMENTS))
    clauses = asked.clauses
    return [
        {
            "theme": row,
            "text": markdown.rendered(row.text),
            "comments": row.number,
            "clauses": [(code, clauses[code]) for code in row.clauses if code in clauses],
        }
        for row in asked.themes.annotate(number=public)
    ]


def _theme(request: HttpRequest, asked: Consultation, phase: Phase) -> Theme | None:
    chosen = _number(request, "theme")
    if chosen is None or phase != Phase.SUMMARISED:
        return None
    return asked.themes.filter(pk=chosen).first()


def _paged(name: str, key: int | None, theme: Theme | None) -> str:
    if key is None:
        return ""
    return f"?{name}={key}" + (f"&theme={theme.pk}" if theme else "") + "#comments"


def _number(request: HttpRequest, name: str) -> int | None:
    said = request.GET.get(name, "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 16 else None


def _proved(request: HttpRequest) -> str:
    return comments.proved_address(request.user) if request.user.is_authenticated else ""


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "asked only of who is signed in"
    return request.user

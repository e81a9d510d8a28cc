"""One's own comment: confirm it, correct it, take it back, object; signed in, or by the link in a letter."""

from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from audit import clock
from policies.consultation_forms import CommentForm, initial_of
from policies.consultation_views import find
from policies.domain import comment_lists, comments
from policies.domain.comment_words import BadComment
from policies.models import Comment, Consultation
from policies.states import CommentState, Phase


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, version: str) -> HttpResponse:
    """Show what a signed-in person sent, or lead to the page where they can."""
    assert isinstance(request.user, User), "asked only of who is signed in"
    asked = find(version)
    row = comments.mine(asked, request.user)
    if row is None:
        return redirect("consultation", version)
    return _answer(request, asked, row, "consultation_mine", version)


@require_http_methods(["GET", "HEAD", "POST"])
def yours(request: HttpRequest, version: str, token: str) -> HttpResponse:
    """Show the comment of a link; only a POST confirms or changes anything: mail scanners follow links."""
    asked = find(version)
    try:
        row = comments.find(token, at=clock.now())
    except comments.LinkIsOver:
        if request.POST.get("do") != "confirm":
            raise Http404 from None
        messages.success(request, _used())  # the second of two clicks, where the first made it a correction
        return redirect("consultation", version)
    if row.consultation_id != asked.pk:
        raise Http404
    answer = _answer(request, asked, row, "consultation_yours", version, token)
    answer["Referrer-Policy"] = (
        "same-origin"  # its address is its key; with none, browsers post "Origin: null"
    )
    return answer


def _answer(request: HttpRequest, asked: Consultation, row: Comment, *back: str) -> HttpResponse:
    if request.method != "POST":
        return _page(request, asked, row)
    verb = VERBS.get(request.POST.get("do", ""))
    if verb is None:
        return _correct(request, asked, row, *back)
    if not ratelimit.consume(request, action="comment"):
        messages.error(request, _("Too much was sent from here. Wait an hour, then try again."))
        return redirect(*back)
    try:
        said, kept = verb(request, row)
    except BadComment as refused:
        return _page(request, asked, row, problem=str(refused), status=422)
    except (comments.NotOpen, comments.CannotObject) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
        if kept is None:
            return redirect("consultation", asked.guidelines.version)
        if back[0] == "consultation_yours" and kept.token:
            back = (*back[:2], kept.token)
    return redirect(*back)


def _correct(request: HttpRequest, asked: Consultation, row: Comment, *back: str) -> HttpResponse:
    more = "more" in request.POST
    form = CommentForm(asked, None if more else request.POST, has_address=True, invitation=row.invitation,
                       initial=request.POST.dict() if more else None, more=more)  # fmt: skip
    if more:
        return _page(request, asked, row, form=form)
    if not form.is_valid():
        return _page(request, asked, row, form=form, status=422)
    if not ratelimit.consume(request, action="comment"):
        form.add_error(None, _("Too many comments were sent from here. Wait an hour, then try again."))
        return _page(request, asked, row, form=form, status=429)
    by = request.user if request.user.is_authenticated and row.user_id == request.user.pk else None
    try:
        comments.correct(row, form.words, by=by, at=clock.now())
    except BadComment as refused:
        form.refuse(refused.problems)
        return _page(request, asked, row, form=form, status=422)
    except comments.NotOpen as refused:
        messages.error(request, str(refused))
        return redirect(*back)
    messages.success(request, _("Your comment is corrected. A person reads it before it is shown."))
    return redirect(*back)


def _confirm(request: HttpRequest, row: Comment) -> tuple[str, Comment | None]:
    try:
        kept = comments.confirm(row.token or "", at=clock.now())
    except comments.LinkIsOver:
        return _used(), None
    return _("We have your comment. A person reads it before it is shown."), kept


def _used() -> str:
    return _("This link was used or has ended. The letter with your receipt leads to your comment.")


def _withdraw(request: HttpRequest, row: Comment) -> tuple[str, Comment | None]:
    comments.withdraw(row, at=clock.now())
    return _("Your comment is taken back: its words and your address are deleted."), None


def _object(request: HttpRequest, row: Comment) -> tuple[str, Comment | None]:
    kept = comments.object_(row, words=request.POST.get("words", ""), at=clock.now())
    return _("Your objection is with us. Somebody else answers it, by letter."), kept


VERBS = {"confirm": _confirm, "withdraw": _withdraw, "object": _object}


def _page(
    request: HttpRequest,
    asked: Consultation,
    row: Comment,
    *,
    form: CommentForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    may_correct = asked.phase(at) == Phase.OPEN
    if form is None and may_correct:
        form = CommentForm(asked, has_address=True, invitation=row.invitation, initial=initial_of(row))
    shown: dict[str, Any] = {
        "asked": asked,
        "version": asked.guidelines,
        "comment": row,
        "row": comment_lists.worded(asked, [row])[0],
        "form": form if may_correct else None,
        "readable": asked.guidelines.state != "draft",
        "to_confirm": row.state == CommentState.UNCONFIRMED,
        "may_confirm": may_correct,
        "may_object": comments.may_object(row, at=at),
        "problem": problem,
        "corrected": row.revisions.count() - 1,
    }
    return render(request, "policies/consultation_yours.html", shown, status=status)

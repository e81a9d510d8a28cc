"""The queue of comments to read: oldest first, one at a time; what is decided goes to its author by letter."""

from functools import partial
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit import clock
from policies.domain import comment_lists, moderation
from policies.models import Comment
from policies.permissions import kept_from, may_edit, may_moderate
from policies.states import CommentState, WithheldFor

if TYPE_CHECKING:
    from policies.admin.consultations import ConsultationAdmin

MOST = 100  # rows of the queue; who works through it sees the next ones
WRONG, CONFLICT = 422, 409
REFUSALS = (
    moderation.NotForYou,
    moderation.HeldBy,
    moderation.NotHeld,
    moderation.NothingToRead,
    moderation.NothingWaits,
)
VERDICTS = (CommentState.SHOWN, CommentState.UNNAMED, CommentState.WITHHELD)


def paths(pages: "ConsultationAdmin") -> list[URLPattern]:
    view = pages.admin_site.admin_view
    return [
        path("comments/", view(require_GET(partial(queue, pages))), name="comments_queue"),
        path("comments/next/", view(require_POST(take_next)), name="comments_next"),
        path("comments/<slug:number>/", view(partial(one, pages)), name="comments_one"),
        path("comments/<slug:number>/take/", view(require_POST(take)), name="comments_take"),
        path("comments/<slug:number>/release/", view(require_POST(release)), name="comments_release"),
    ]


def queue(pages: "ConsultationAdmin", request: HttpRequest) -> HttpResponse:
    """List what waits, oldest first, with who has it; what one may not read is said to be so."""
    _permit(request)
    waiting = Comment.objects.to_read().select_related("consultation__guidelines", "taken_by")
    rows = list(waiting.defer("consultation__source", "consultation__guidelines__source")[:MOST])
    theirs = Comment.objects.filter(kept_from(request.user), pk__in=[row.pk for row in rows])
    kept = set(theirs.values_list("pk", flat=True))
    shown = {
        "title": _("Comments to read"),
        "rows": [(row, row.pk in kept) for row in rows],
        "total": Comment.objects.to_read().order_by().count(),
        "now": clock.now(),
    }
    return pages.rendered(request, "admin/policies/comments_queue.html", **shown)


def take_next(request: HttpRequest) -> HttpResponse:
    """Take the one that waits longest."""
    _permit(request)
    try:
        found = moderation.take_next(by=request.user, at=clock.now())
    except REFUSALS as refused:
        messages.warning(request, str(refused))
        return redirect("admin:comments_queue")
    return redirect("admin:comments_one", found.number)


def take(request: HttpRequest, number: str) -> HttpResponse:
    _permit(request)
    try:
        moderation.take(_comment(number), by=request.user, at=clock.now())
    except REFUSALS as refused:
        messages.warning(request, str(refused))
    return redirect("admin:comments_one", number)


def release(request: HttpRequest, number: str) -> HttpResponse:
    _permit(request)
    try:
        moderation.release(_comment(number), by=request.user, at=clock.now())
    except REFUSALS as refused:
        messages.warning(request, str(refused))
    return redirect("admin:comments_queue")


def one(pages: "ConsultationAdmin", request: HttpRequest, number: str) -> HttpResponse:
    """Show a comment to who may read it; a POST is the verdict of who has it."""
    _permit(request)
    comment = _comment(number)
    if not may_moderate(request.user, comment):
        raise PermissionDenied
    problems: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        said = {name: request.POST.get(name, "") for name in ("verdict", "reason", "note")}
        try:
            moderation.decide(comment, **said, by=request.user, at=clock.now())
        except moderation.BadVerdict as refused:
            problems, status = refused.problems, WRONG
        except REFUSALS as refused:
            problems, status = {"": str(refused)}, CONFLICT
        else:
            messages.success(
                request, _("%(number)s is decided; its author gets a letter.") % {"number": number}
            )
            return redirect("admin:comments_queue")
    comment = _comment(number)
    shown = {
        "title": number,
        "comment": comment,
        "version": comment.consultation.guidelines,
        "row": comment_lists.worded(comment.consultation, [comment])[0],
        "is_mine": comment.state == CommentState.TAKEN and comment.taken_by_id == request.user.pk,
        "verdicts": [(str(value), value.label) for value in VERDICTS],
        "reasons": WithheldFor.choices,
        "typed": request.POST,
        "problems": problems,
        "corrected": comment.revisions.count() - 1,
    }
    return pages.rendered(request, "admin/policies/comments_one.html", status=status, **shown)


def _permit(request: HttpRequest) -> None:
    if not may_edit(request.user):
        raise PermissionDenied


def _comment(number: str) -> Comment:
    rows = Comment.objects.select_related("consultation__guidelines", "taken_by", "decided_by", "withheld_by")
    return get_object_or_404(rows, number=number)

"""Question sets for policy editors: the versions, a draft to write on, its preview page by page, its publication."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.roles import Duty, may
from audit import clock
from onboarding.admin.preview import Preview
from onboarding.admin.reading import ReadOnlyAdmin
from onboarding.domain import question_drafts
from onboarding.domain.programs import SayWhy
from onboarding.domain.question_drafts import Closed, NothingNew, Stale, TooLong
from onboarding.domain.questions import BadQuestions, Form, VersionTaken
from onboarding.models import QuestionDraft, QuestionSet

REFUSALS = (SayWhy, TooLong, Closed, NothingNew, VersionTaken)
WRONG, CONFLICT = 422, 409
SHOWN = 50  # drafts on the page, newest first


@admin.register(QuestionSet)
class QuestionSetAdmin(ReadOnlyAdmin):
    duties = (Duty.EDIT_POLICIES, Duty.SEE_LINE)
    list_display = ["version", "current", "loaded_at"]
    change_list_template = "admin/onboarding/question_sets.html"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("editor/", view(self.editor), name="question_editor"),
            path("<int:pk>/draft/", view(require_POST(self.start)), name="question_start"),
            path("drafts/<int:pk>/", view(self.draft), name="question_draft"),
            path("drafts/<int:pk>/preview/", view(self.preview), name="question_preview"),
            path("drafts/<int:pk>/publish/", view(require_POST(self.publish)), name="question_publish"),
            path("drafts/<int:pk>/discard/", view(require_POST(self.discard)), name="question_discard"),
            *super().get_urls(),
        ]

    def editor(self, request: HttpRequest) -> HttpResponse:
        """List the versions and the drafts."""
        _permit(request)
        drafts = QuestionDraft.objects.select_related("based_on", "saved_by", "published_as").defer("text")
        context = self._frame(request) | {
            "versions": QuestionSet.objects.defer("data"),
            "drafts": drafts[:SHOWN],
        }
        return render(request, "admin/onboarding/question_editor.html", context)

    def start(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start a draft from a version."""
        _permit(request)
        row = get_object_or_404(QuestionSet, pk=pk)
        draft = question_drafts.start(row, by=request.user, at=clock.now())
        return redirect("admin:question_draft", draft.pk)

    def draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the draft; a POST keeps its text, right or wrong."""
        _permit(request)
        draft = _draft(pk)
        if request.method != "POST":
            return self._page(request, draft)
        text = request.POST.get("text", "")
        try:
            draft = question_drafts.save(
                draft, text=text, seen=_seen(request), by=request.user, at=clock.now()
            )
        except Stale as stale:
            return self._page(request, stale.draft, typed=text, refusal=str(stale), status=CONFLICT)
        except (TooLong, Closed) as refused:
            return self._page(request, draft, typed=text, refusal=str(refused), status=WRONG)
        messages.success(request, _("The draft is saved. Nobody applies under it before it is published."))
        return redirect("admin:question_draft", draft.pk)

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form page by page as an applicant would see it; answers travel with the page, nothing is kept."""
        _permit(request)
        draft = _draft(pk)
        form, problems = _read(draft)
        if form is None:
            context = self._frame(request) | {"draft": draft, "problems": problems}
            return render(request, "admin/onboarding/question_preview.html", context, status=WRONG)
        shown = Preview.of(form, request.POST if request.method == "POST" else None)
        if shown is None:
            raise Http404
        context = (
            self._frame(request) | {"draft": draft, "carried": json.dumps(shown.carried)} | shown.context()
        )
        return render(request, "admin/onboarding/question_preview.html", context)

    def publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the draft current, with a reason."""
        _permit(request)
        draft, reason = _draft(pk), request.POST.get("reason", "")
        try:
            row = question_drafts.publish(
                draft, seen=_seen(request), by=request.user, at=clock.now(), reason=reason
            )
        except Stale as stale:
            return self._page(request, stale.draft, refusal=str(stale), status=CONFLICT)
        except BadQuestions:
            return self._page(
                request, draft, refusal=_("It was not published: see what is wrong."), status=WRONG
            )
        except REFUSALS as refused:
            return self._page(request, draft, refusal=str(refused), reason=reason, status=WRONG)
        messages.success(
            request,
            _("Question set %(version)s is current. Applications that were begun stay under their own.")
            % {"version": row.version},
        )
        return redirect("admin:question_editor")

    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Throw the draft away, with a reason."""
        _permit(request)
        draft, reason = _draft(pk), request.POST.get("reason", "")
        try:
            question_drafts.discard(draft, by=request.user, at=clock.now(), reason=reason)
        except REFUSALS as refused:
            return self._page(request, draft, refusal=str(refused), reason=reason, status=WRONG)
        messages.success(request, _("The draft is thrown away; its text stays to be read."))
        return redirect("admin:question_editor")

    def _page(
        self,
        request: HttpRequest,
        draft: QuestionDraft,
        *,
        typed: str | None = None,
        refusal: str = "",
        reason: str = "",
        status: int = 200,
    ) -> HttpResponse:
        form, problems = _read(draft)
        current = QuestionSet.objects.filter(current=True).first()
        context = self._frame(request) | {
            "draft": draft,
            "text": draft.text if typed is None else typed,
            "theirs": draft.text if typed is not None and status == CONFLICT else "",
            "refusal": refusal,
            "problems": problems,
            "warnings": question_drafts.unread(form) if form else [],
            "form": form,
            "current": current,
            "changes": question_drafts.changes(question_drafts.text_of(current), draft.text)
            if current
            else [],
            "reason": reason,
            "reason_most": question_drafts.REASON_MOST,
        }
        return render(request, "admin/onboarding/question_draft.html", context, status=status)

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"title": _("Question sets")}


def _permit(request: HttpRequest) -> None:
    if not may(request.user, Duty.EDIT_POLICIES):
        raise PermissionDenied


def _draft(pk: int) -> QuestionDraft:
    rows = QuestionDraft.objects.select_related("based_on", "saved_by", "closed_by", "published_as")
    return get_object_or_404(rows, pk=pk)


def _read(draft: QuestionDraft) -> tuple[Form | None, list[str]]:
    try:
        return question_drafts.read(draft.text), []
    except BadQuestions as problem:
        return None, str(problem).splitlines()


def _seen(request: HttpRequest) -> int:
    said = request.POST.get("seen", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1

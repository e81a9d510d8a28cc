"""Lessons learned, for the staff: write one with a preview, review somebody else's, publish it, correct it below."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from policies import markdown
from transparency.domain import lessons
from transparency.domain.lessons import BadLesson, IllegalMove, NotForYou, Words
from transparency.forms import LessonForm
from transparency.models import Lesson
from transparency.permissions import (
    may_edit_lesson,
    may_publish_lesson,
    may_review_lesson,
    may_see_reports,
    may_write_lessons,
)
from transparency.states import LessonState

SHOWN = 100
WRONG = 422
VERBS: dict[str, tuple[Callable[..., Lesson], Any]] = {
    "review": (lessons.review, gettext_lazy("Reviewed. Somebody else may publish it now.")),
    "publish": (lessons.publish, gettext_lazy("Published for good.")),
    "drop": (lessons.drop, gettext_lazy("Dropped.")),
}


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Correction"),
        max_length=lessons.TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Markdown. It stands below the lesson with today's date, for good."),
    )


@admin.register(Lesson)
class LessonAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """Pages of our own; the stock list is for looking things up."""

    duties = (Duty.EDIT_POLICIES, Duty.SEE_LEDGER)
    list_display = ("title", "on", "state", "written_by", "reviewed_by", "published_at")
    list_select_related = ("written_by", "reviewed_by")

    def get_urls(self) -> list[URLPattern]:
        view, place = self.admin_site.admin_view, "lessons/<int:pk>/"
        return [
            path("lessons/", view(self.board), name="lesson_board"),
            path(place, view(self.show), name="lesson_draft"),
            path(f"{place}note/", view(require_POST(self.add_note)), name="lesson_note"),
            path(f"{place}<slug:verb>/", view(require_POST(self.take_step)), name="lesson_step"),
            *super().get_urls(),
        ]

    def board(self, request: HttpRequest) -> HttpResponse:
        """Show the newest lessons; begin one by POST."""
        _must_see(request)
        form = LessonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not may_write_lessons(request.user):
                raise PermissionDenied
            if form.is_valid() and "preview" not in request.POST:
                try:
                    made = lessons.write(
                        form.cleaned_data["slug"], _words(form), by=request.user, at=clock.now()
                    )
                except BadLesson as problem:
                    form.add_error(problem.field, str(problem))
                else:
                    messages.success(request, _("Kept as a draft. Somebody else reviews it."))
                    return redirect("admin:lesson_draft", made.pk)
        return self.rendered(
            request,
            "admin/transparency/lessons.html",
            status=WRONG if form.errors else 200,
            title=_("Lessons learned"),
            form=form,
            preview=_preview(form),
            may_write=may_write_lessons(request.user),
            lessons=Lesson.objects.select_related("written_by", "reviewed_by")[:SHOWN],
        )

    def show(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a lesson as it will be read, with what can be done with it; change a draft's words by POST."""
        lesson = _one(request, pk)
        form = LessonForm(request.POST if request.method == "POST" else None, initial=_said(lesson))
        form.fields.pop("slug")
        if request.method == "POST":
            if not may_write_lessons(request.user):
                raise PermissionDenied
            if form.is_valid() and "preview" not in request.POST:
                try:
                    lessons.edit(lesson, _words(form), by=request.user, at=clock.now())
                except BadLesson as problem:
                    form.add_error(problem.field, str(problem))
                except (IllegalMove, NotForYou) as refusal:
                    messages.error(request, str(refusal))
                    return redirect("admin:lesson_draft", pk)
                else:
                    messages.success(request, _("Kept. It is reviewed as it stands now."))
                    return redirect("admin:lesson_draft", pk)
        return self._page(request, lesson, form, NoteForm(), status=WRONG if form.errors else 200)

    def add_note(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a correction below a published lesson."""
        lesson = _one(request, pk)
        if not may_write_lessons(request.user):
            raise PermissionDenied
        form = NoteForm(request.POST)
        if form.is_valid():
            try:
                lessons.note(lesson, form.cleaned_data["text"], by=request.user, at=clock.now())
            except BadLesson as problem:
                form.add_error("text", str(problem))
            else:
                messages.success(request, _("The correction is public."))
                return redirect("admin:lesson_draft", pk)
        return self._page(request, lesson, LessonForm(initial=_said(lesson)), form, status=WRONG)

    def take_step(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Review, publish or drop a lesson."""
        lesson = _one(request, pk)
        if verb not in VERBS:
            raise Http404
        step, says = VERBS[verb]
        try:
            step(lesson, by=request.user, at=clock.now())
        except (NotForYou, IllegalMove) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, says)
        return redirect("admin:lesson_draft", pk)

    def _page(
        self, request: HttpRequest, lesson: Lesson, form: LessonForm, note_form: NoteForm, *, status: int
    ) -> HttpResponse:
        verbs = {
            "review": may_review_lesson(request.user, lesson),
            "publish": may_publish_lesson(request.user, lesson),
            "drop": may_edit_lesson(request.user, lesson),
        }
        shown = {
            "lesson": lesson,
            "happened": markdown.rendered(lesson.happened),
            "changed": markdown.rendered(lesson.changed),
            "notes": [
                (note, markdown.rendered(note.text)) for note in lesson.notes.select_related("added_by")
            ],
            "verbs": [verb for verb, may in verbs.items() if may],
            "may_edit": may_edit_lesson(request.user, lesson),
            "may_note": may_write_lessons(request.user) and lesson.state == LessonState.PUBLISHED,
            "form": form,
            "preview": _preview(form),
            "note_form": note_form,
        }
        page = "admin/transparency/lesson.html"
        return self.rendered(request, page, status=status, title=lesson.title, **shown)


def _words(form: LessonForm) -> Words:
    said = form.cleaned_data
    return Words(said["title"], said["on"], said["happened"], said["changed"], said["links"])


def _said(lesson: Lesson) -> dict[str, Any]:
    return {
        "title": lesson.title,
        "on": lesson.on,
        "happened": lesson.happened,
        "changed": lesson.changed,
        "links": "\n".join(f"{link['label']} | {link['url']}" for link in lesson.links),
    }


def _preview(form: LessonForm) -> dict[str, Any] | None:
    """Return what was typed as it will be read; None before anything was."""
    if not form.is_bound:
        return None
    return {
        name: markdown.rendered(form.data.get(name, "")[: lessons.TEXT_MOST])
        for name in ("happened", "changed")
    }


def _must_see(request: HttpRequest) -> None:
    if not may_see_reports(request.user):
        raise PermissionDenied


def _one(request: HttpRequest, pk: int) -> Lesson:
    _must_see(request)
    people = ("written_by", "reviewed_by", "published_by")
    return get_object_or_404(Lesson.objects.select_related(*people), pk=pk)

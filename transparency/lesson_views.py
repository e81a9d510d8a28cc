"""Lessons learned, for everybody to read."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from policies import markdown
from transparency.domain import lessons

A_PAGE = 25


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the lessons, the newest first."""
    page = Paginator(lessons.published().prefetch_related(None), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "transparency/lessons.html", {"page": page})


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one lesson: what happened, what changed, and what was corrected since."""
    lesson = lessons.published().filter(slug=slug).first()
    if lesson is None:
        raise Http404(_("There is no such lesson."))
    context = {
        "lesson": lesson,
        "happened": markdown.rendered(lesson.happened),
        "changed": markdown.rendered(lesson.changed),
        "notes": [(note, markdown.rendered(note.text)) for note in lesson.notes.all()],
    }
    return render(request, "transparency/lesson.html", context)

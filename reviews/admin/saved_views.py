"""A reviewer's own views of the queue, and its live figures."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.roles import Duty, may
from audit import clock
from reviews.admin import queue
from reviews.domain import saved_views
from reviews.models import SavedView

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin


class SavedViewPages:
    """What the desk posts and polls. Another person's view is not found, whoever asks."""

    def __init__(self, desk: "CaseAdmin"):
        self.desk = desk

    def paths(self) -> list[URLPattern]:
        view = self.desk.admin_site.admin_view
        return [
            path("desk/counts.json", view(require_GET(self.counts)), name="desk_counts"),
            path("desk/views/", view(require_POST(self.save)), name="view_save"),
            path("desk/views/<int:pk>/default/", view(require_POST(self.make_default)), name="view_default"),
            path("desk/views/<int:pk>/delete/", view(require_POST(self.delete)), name="view_delete"),
        ]

    def counts(self, request: HttpRequest) -> HttpResponse:
        """Count anew what stands above the queue, each up to queue.COUNT_MOST."""
        _must_review(request)
        found = queue.counts(queue.visible_to(request.user), user=request.user, at=clock.now())
        return JsonResponse(vars(found))

    def save(self, request: HttpRequest) -> HttpResponse:
        """Keep the filters of the desk under a name."""
        _must_review(request)
        filters = queue.Filters.read(request.POST)
        try:
            view = saved_views.save(
                request.user,
                name=request.POST.get("name", ""),
                filters=filters.asked(),
                is_default=bool(request.POST.get("is_default")),
                at=clock.now(),
            )
        except saved_views.BadView as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Saved as “%(view)s”.") % {"view": view})
        return redirect(reverse("admin:desk") + filters.url())

    def make_default(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let the desk open with this view, or no more."""
        saved_views.make_default(self._mine(request, pk))
        return redirect("admin:desk")

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        saved_views.drop(self._mine(request, pk))
        return redirect(reverse("admin:desk") + "?view=all")

    def _mine(self, request: HttpRequest, pk: int) -> SavedView:
        _must_review(request)
        return get_object_or_404(SavedView.objects.select_related("reviewer"), pk=pk, reviewer=request.user)


def _must_review(request: HttpRequest) -> None:
    if not may(request.user, Duty.REVIEW_CASES):
        raise PermissionDenied

"""Back-tests of filter rules: asked for on a rule's page, run by rq, watched by whoever may write rules."""

import logging
from functools import partial
from typing import TYPE_CHECKING

import django_rq
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from accounts.languages import grouped
from audit import clock
from enforcement.domain import filter_back_tests
from enforcement.models import FilterBackTest, FilterRuleVersion
from enforcement.permissions import may_write_filters
from enforcement.states import BackTestState
from onboarding.domain import runs
from reviews.domain.proportions import Share

if TYPE_CHECKING:
    from enforcement.admin.filter_rule import FilterRuleAdmin

log = logging.getLogger(__name__)
LONGEST = 1_800  # seconds a run may take
SAYS = {
    filter_back_tests.CONFIRMED: gettext_lazy("Flags of this category that people confirmed"),
    filter_back_tests.DISMISSED: gettext_lazy("Flags of this category that people dismissed"),
    filter_back_tests.OPEN: gettext_lazy("Flags of this category that nobody decided yet"),
    filter_back_tests.ELSEWHERE: gettext_lazy("Flags of other categories"),
    filter_back_tests.HITS: gettext_lazy("Hits of all rules, shadow included"),
}


def paths(desk: "FilterRuleAdmin") -> list[URLPattern]:
    view, place = desk.admin_site.admin_view, "back-tests/<int:number>/"
    return [
        path(
            "rules/<int:pk>/back-test/", view(require_POST(partial(ask, desk))), name="filter_back_test_ask"
        ),
        path(place, view(require_GET(partial(show, desk))), name="filter_back_test"),
        path(
            f"{place}progress.json",
            view(require_GET(never_cache(progress))),
            name="filter_back_test_progress",
        ),
    ]


def ask(desk: "FilterRuleAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a back-test of one version."""
    if not may_write_filters(request.user):
        raise PermissionDenied
    number = request.POST.get("version", "")
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
    version = get_object_or_404(FilterRuleVersion, rule=pk, number=known)
    test = filter_back_tests.ask(version, by=request.user, at=clock.now())
    try:
        django_rq.get_queue("default").enqueue(f"{__name__}.run", test.pk, job_timeout=LONGEST)
    except (RedisError, OSError) as error:
        log.warning("Back-test %s is not in the queue (%s).", test.pk, type(error).__name__)
        messages.warning(
            request, _("No worker knows of it: the queue could not be reached. Ask for another in a minute.")
        )
    return redirect("admin:filter_back_test", test.pk)


def show(desk: "FilterRuleAdmin", request: HttpRequest, number: int) -> HttpResponse:
    """Show how far it is, and what came out."""
    test = _one(request, number)
    return desk.rendered(
        request,
        "admin/enforcement/filter_back_test.html",
        title=_("Back-test"),
        test=test,
        says=_says(test),
        under_way=_under_way(test),
        poll_url=reverse("admin:filter_back_test_progress", args=[test.pk]),
        rows=[(says, Share(*test.figures[group])) for group, says in SAYS.items() if group in test.figures],
    )


def progress(request: HttpRequest, number: int) -> HttpResponse:
    test = _one(request, number)
    return JsonResponse(
        {
            "done": test.done,
            "total": test.total,
            "says": _says(test),
            "finished": not _under_way(test),
            "url": None,
        }
    )


def run(test_id: int) -> None:
    """Run one back-test; rq calls it. Safe to deliver twice."""
    with runs.held(runs.Kind.BACK_TEST, test_id) as mine:
        test = filter_back_tests.begin(test_id, at=clock.now()) if mine else None
        if test:
            _run(test)


def _run(test: FilterBackTest) -> None:
    try:
        filter_back_tests.finish(test, filter_back_tests.run(test), at=clock.now())
    except JobTimeoutException:
        filter_back_tests.fail(test, gettext_noop("It took longer than half an hour."), at=clock.now())
    except Exception:
        problem = gettext_noop("Something unforeseen stopped it; the log says what.")
        filter_back_tests.fail(test, problem, at=clock.now())
        log.exception("Back-test %s stopped.", test.pk)


def _one(request: HttpRequest, number: int) -> FilterBackTest:
    if not may_write_filters(request.user):
        raise PermissionDenied
    test = get_object_or_404(FilterBackTest.objects.select_related("version__rule", "asked_by"), pk=number)
    if test.state == BackTestState.RUNNING:
        filter_back_tests.notice_lost(test, at=clock.now())
        test.refresh_from_db()
    return test


def _under_way(test: FilterBackTest) -> bool:
    return test.state in (BackTestState.WAITING, BackTestState.RUNNING)


def _says(test: FilterBackTest) -> str:
    if test.state == BackTestState.WAITING:
        return _("Waiting for a worker.")
    return _("%(done)s of %(total)s texts read.") % {"done": grouped(test.done), "total": grouped(test.total)}

"""Rules about unusual use in the admin: what each found, its switch, its numbers, and trials on past days."""

import logging
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from redis.exceptions import RedisError

from accounts.languages import grouped
from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty, may
from audit import clock
from enforcement import jobs
from enforcement.domain import anomalies, anomaly_rules, back_tests, throttles, unusual
from enforcement.domain.anomalies import Measure
from enforcement.domain.unusual import QUESTIONS
from enforcement.models import AnomalyRule, BackTest, Throttle
from enforcement.models.anomaly import BACK_TEST_DAYS, REASON_MOST
from enforcement.permissions import may_set_anomaly_rules
from enforcement.states import ANOMALY_TRANSITIONS, AnomalyMode, BackTestState
from onboarding.domain.programs import SayWhy

log = logging.getLogger(__name__)
DAYS = 28  # shown of what rules found
FINDINGS, TRIALS = 20, 10  # shown of one rule
RUNNING = 100  # throttles shown
UNDER_WAY = (BackTestState.WAITING, BackTestState.RUNNING)
REFUSALS = (anomaly_rules.NoSuchStep, anomaly_rules.BadNumbers, SayWhy)
VERBS = {
    AnomalyMode.OFF: gettext_lazy("Switch off"),
    AnomalyMode.SHADOW: gettext_lazy("Put in shadow"),
    AnomalyMode.ON: gettext_lazy("Switch on"),
}


class NumbersForm(forms.Form):
    """The numbers of a rule; `why` is asked for where they are to hold."""

    threshold = forms.FloatField(min_value=0.001, max_value=anomaly_rules.LARGEST)
    minimum = forms.IntegerField(
        label=gettext_lazy("Smallest sample"), min_value=1, max_value=anomaly_rules.LARGEST
    )

    def __init__(self, data: Any, *, rule: AnomalyRule, prefix: str) -> None:
        first = {name: getattr(rule, name) for name in ("threshold", "minimum", "throttle_to")}
        super().__init__(data, initial=first | {"days": 14}, auto_id=f"{prefix}_%s")
        self.fields["threshold"].help_text = QUESTIONS[rule.kind].threshold.capitalize() + "."
        self.fields["minimum"].help_text = QUESTIONS[rule.kind].sample.capitalize() + "."


class RewriteForm(NumbersForm):
    throttle_to = forms.IntegerField(
        label=gettext_lazy("Throttle to, requests a minute"),
        required=False,
        min_value=1,
        max_value=100_000,
        help_text=gettext_lazy("Of each key, for 24 hours at most; empty: it only flags."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=REASON_MOST, widget=forms.Textarea(attrs={"rows": 3})
    )


class TryForm(NumbersForm):
    days = forms.IntegerField(label=gettext_lazy("Days"), min_value=1, max_value=BACK_TEST_DAYS)


@admin.register(AnomalyRule)
class AnomalyRuleAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """Our own pages instead of the stock list; the stock page of one shows what is kept."""

    duties = (Duty.SIGN_AS_SENIOR, Duty.EDIT_POLICIES)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        one = require_http_methods(["GET", "POST"])(self.rule)
        return [
            path("rules/", view(require_GET(self.rules)), name="anomaly_rules"),
            path("rules/<int:pk>/", view(one), name="anomaly_rule"),
            path("rules/<int:pk>/switch/", view(require_POST(self.switch)), name="anomaly_switch"),
            path("throttles/<int:pk>/<slug:verb>/", view(require_POST(self.throttle)), name="throttle_act"),
            path("rules/<int:pk>/try/", view(require_POST(self.attempt)), name="anomaly_try"),
            path(
                "trials/<int:pk>/progress.json",
                view(require_GET(never_cache(self.progress))),
                name="anomaly_progress",
            ),
            *super().get_urls(),
        ]

    def rules(self, request: HttpRequest) -> HttpResponse:
        """List the newest version of each rule with what it found."""
        _permit(request)
        newest = AnomalyRule.objects.order_by("kind", "-version").distinct("kind").select_related("set_by")
        found = anomalies.measures(since=clock.now() - timedelta(days=DAYS))
        rows = [(rule, QUESTIONS[rule.kind], found.get(rule.pk, Measure())) for rule in newest]
        running = Throttle.objects.filter(ended_at=None).select_related(
            "grant__owner__person", "grant__owner__organisation", "grant__program", "finding"
        )
        return self.rendered(
            request,
            "admin/enforcement/anomalies.html",
            title=_("Unusual use"),
            rows=rows,
            days=DAYS,
            running=running[:RUNNING],
        )

    def throttle(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Confirm a throttle, so that it goes on, or lift it."""
        do = {"confirm": throttles.confirm, "lift": throttles.lift}.get(verb)
        if do is None:
            raise Http404
        if not may(request.user, Duty.MANAGE_ACCESS):
            raise PermissionDenied
        try:
            throttle = do(get_object_or_404(Throttle, pk=pk), by=request.user, at=clock.now())
        except throttles.NotForYou as refused:
            raise PermissionDenied(str(refused)) from None
        except throttles.ThrottleIsOver as refused:
            messages.error(request, str(refused))
        else:
            messages.success(
                request, _("It is lifted.") if throttle.ended_at else _("It goes on for 14 days.")
            )
        return redirect("admin:anomaly_rules")

    def rule(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one rule: numbers, switch, findings, trials; or give it other numbers."""
        rule = _rule(request, pk)
        form = RewriteForm(request.POST if request.method == "POST" else None, rule=rule, prefix="set")
        if request.method == "POST" and form.is_valid():
            try:
                made = anomaly_rules.rewrite(rule, by=request.user, at=clock.now(), **form.cleaned_data)
            except REFUSALS as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(
                    request,
                    _("Version %(version)s is %(mode)s.")
                    % {"version": made.version, "mode": made.get_mode_display().lower()},
                )
                return redirect("admin:anomaly_rule", made.pk)
        return self._show(request, rule, form=form, status=422 if form.errors else 200)

    def switch(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Switch one, with the reason posted."""
        rule, to = _rule(request, pk), request.POST.get("to", "")
        reason = request.POST.get("reason", "").replace("\0", "")
        try:
            rule = anomaly_rules.switch(rule, to=to, by=request.user, at=clock.now(), reason=reason)
        except REFUSALS as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("It is %(mode)s now.") % {"mode": rule.get_mode_display().lower()})
        return redirect("admin:anomaly_rule", pk)

    def attempt(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a trial of other numbers on the last days."""
        rule = _rule(request, pk)
        form = TryForm(request.POST, rule=rule, prefix="try")
        if not form.is_valid():
            return self._show(request, rule, trying=form, status=422)
        test = back_tests.ask(rule, by=request.user, at=clock.now(), **form.cleaned_data)
        try:
            jobs.enqueue(test)
        except (RedisError, OSError) as error:
            log.warning("Back-test %s is not in the queue (%s).", test.pk, type(error).__name__)
            messages.warning(
                request, _("No worker knows of it yet: the queue could not be reached. Ask again.")
            )
        return redirect("admin:anomaly_rule", pk)

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        _permit(request)
        test = _alive(get_object_or_404(BackTest, pk=pk))
        said = {"done": test.done, "total": test.total, "says": _says(test), "url": None}
        return JsonResponse(said | {"finished": test.state not in UNDER_WAY})

    def _show(
        self,
        request: HttpRequest,
        rule: AnomalyRule,
        *,
        form: RewriteForm | None = None,
        trying: TryForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        trials = [_alive(test) for test in BackTest.objects.filter(kind=rule.kind)[:TRIALS]]
        running = next((test for test in trials if test.state in UNDER_WAY), None)
        findings = rule.findings.select_related(
            "key__grant__owner__person", "key__grant__owner__organisation", "flag"
        )
        return self.rendered(
            request,
            "admin/enforcement/anomaly.html",
            status=status,
            title=str(rule),
            rule=rule,
            question=QUESTIONS[rule.kind],
            steps=[(to, VERBS[AnomalyMode(to)]) for to in sorted(ANOMALY_TRANSITIONS[rule.mode])],
            form=form or RewriteForm(None, rule=rule, prefix="set"),
            trying=trying or TryForm(None, rule=rule, prefix="try"),
            findings=[
                (each, unusual.read(rule.kind, each.figures, each.says)) for each in findings[:FINDINGS]
            ],
            measure=anomalies.measures(since=clock.now() - timedelta(days=DAYS)).get(rule.pk, Measure()),
            days=DAYS,
            trials=trials,
            running=running,
            says=_says(running) if running else "",
            poll_url=reverse("admin:anomaly_progress", args=[running.pk]) if running else "",
        )


def _permit(request: HttpRequest) -> None:
    if not may_set_anomaly_rules(request.user):
        raise PermissionDenied


def _rule(request: HttpRequest, pk: int) -> AnomalyRule:
    _permit(request)
    return get_object_or_404(AnomalyRule.objects.select_related("set_by"), pk=pk)


def _alive(test: BackTest) -> BackTest:
    """Return a trial, failed if its worker has died."""
    return back_tests.notice_lost(test, at=clock.now()) if test.state == BackTestState.RUNNING else test


def _says(test: BackTest) -> str:
    if test.state == BackTestState.WAITING:
        return _("Waiting for a worker.")
    return _("%(done)s of %(total)s hours looked at, %(hits)s hits.") % {
        "done": grouped(test.done),
        "total": grouped(test.total),
        "hits": grouped(test.hits),
    }

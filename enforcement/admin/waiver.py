"""Exceptions in the admin: what does not suspend a grant at once, by whom, why, until when; given and taken back."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty, may
from audit import clock
from enforcement.admin.flag_forms import ByHand, categories, number_in
from enforcement.domain import emergencies, sanctions
from enforcement.models import Flag, FlagCase, Waiver
from enforcement.models.sanction import REASON_MOST
from enforcement.permissions import hidden_applications, may_waive
from onboarding.domain.programs import SayWhy
from onboarding.models import Grant

SHOWN = 100  # of those in force, and of those that are over
RELATED = ("grant__owner__person", "grant__owner__organisation", "grant__program", "grant__application", "given_by",
           "ended_by", "sanction")  # fmt: skip


class WaiverForm(ByHand):
    """What one grant is excepted from. Rules are those that ever flagged it: another name would except nothing."""

    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    rule = forms.ChoiceField(
        label=gettext_lazy("Rule"),
        required=False,
        help_text=gettext_lazy("Of those that flagged it. With a category as well: only what is of both."),
    )
    until_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Empty: while the approved use stays as it is."),
        widget=forms.DateTimeInput({"type": "datetime-local"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        help_text=gettext_lazy("For colleagues. No names of people."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": REASON_MOST}),
    )

    def __init__(self, *args: Any, grant: Grant, case: FlagCase | None = None, **kwargs: Any) -> None:
        flagged = Flag.objects.filter(grant=grant).exclude(rule="").order_by("rule")
        rules = [(rule, rule) for rule in flagged.values_list("rule", flat=True).distinct()]
        super().__init__(
            *args, initial={"category": case.category, "rule": case.rule} if case else None, **kwargs
        )
        self.fields["reason"].mark = _("required")
        self.fields["category"].choices = [("", "any"), *categories()[1:]]
        self.fields["rule"].choices = [("", "any"), *rules]


@admin.register(Waiver)
class WaiverAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """A list of its own, and a page to make one for a grant; the stock page of one shows what is kept."""

    duties = (Duty.MANAGE_ACCESS,)
    list_display = ("grant", "rule", "category", "given_at", "given_by", "until_at", "ended_at", "ended_by")
    list_select_related = ("grant", "given_by", "ended_by")

    def has_view_permission(self, request: HttpRequest, obj: Waiver | None = None) -> bool:
        return may_waive(request.user, obj.grant) if obj else may(request.user, Duty.MANAGE_ACCESS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Waiver]:
        return super().get_queryset(request).exclude(grant__application__in=hidden_applications(request.user))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("exceptions/", view(require_GET(self.page)), name="waivers"),
            path(
                "give/<int:pk>/", view(require_http_methods(["GET", "POST"])(self.give)), name="waiver_give"
            ),
            path("<int:pk>/end/", view(require_POST(self.end)), name="waiver_end"),
            *super().get_urls(),
        ]

    def page(self, request: HttpRequest) -> HttpResponse:
        """List the exceptions that hold, and those that are over."""
        if not may(request.user, Duty.MANAGE_ACCESS):
            raise PermissionDenied
        return self.rendered(
            request,
            "admin/enforcement/waivers.html",
            title=_("Exceptions"),
            **_listed(self.get_queryset(request)),
        )

    def give(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what one grant is excepted from; except it from something."""
        grant = self._grant(request.user, pk)
        case = FlagCase.objects.filter(grant=grant, pk=number_in(request.GET.get("case", ""))).first()
        form = WaiverForm(request.POST if request.method == "POST" else None, grant=grant, case=case)
        if request.method == "POST" and form.is_valid():
            try:
                emergencies.waive(grant, by=request.user, at=clock.now(), **form.cleaned_data)
            except SayWhy as refused:
                form.add_error("reason", str(refused))
            except (emergencies.BadRule, emergencies.AlreadySo, sanctions.NotForYou) as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("The exception holds from the next flag on."))
                return redirect("admin:flag_case", case.pk) if case else redirect("admin:waiver_give", pk)
        return self.rendered(
            request, "admin/enforcement/waiver_give.html", status=422 if form.errors else 200,
            title=_("Make an exception"), form=form, grant=grant, case=case,
            **_listed(Waiver.objects.filter(grant=grant)),
        )  # fmt: skip

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take one back."""
        waiver = get_object_or_404(Waiver.objects.select_related("grant__application"), pk=pk)
        if not may_waive(request.user, waiver.grant):
            raise PermissionDenied
        emergencies.end_waiver(waiver, by=request.user, at=clock.now())
        messages.success(request, _("Taken back: the next flag acts as it would without it."))
        return redirect("admin:waivers")

    def _grant(self, user: User, pk: int) -> Grant:
        """Return a grant this person may except: 404 for none, 403 for one in which they have a part."""
        found = get_object_or_404(
            Grant.objects.select_related(
                "application__owner", "owner__person", "owner__organisation", "program"
            ),
            pk=pk,
        )
        if not may_waive(user, found):
            raise PermissionDenied
        return found


def _listed(rows: QuerySet[Waiver]) -> dict[str, Any]:
    """Return what a page lists: those that hold now, and those that are over."""
    rows, at = rows.select_related(*RELATED), clock.now()
    live = rows.in_force(at)  # type: ignore[attr-defined]  # of WaiverQuerySet
    return {"live": live[:SHOWN], "over": rows.exclude(pk__in=live.values("pk"))[:SHOWN], "at": at}

"""Taking the next case, going on with one, putting it aside, handing it over, taking it away: what the buttons call."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import holders
from accounts.roles import Duty, may
from audit import clock
from onboarding.domain.programs import SayWhy
from reviews.admin import queue, workspace
from reviews.domain import claims, handing, pulling, slots
from reviews.models import Case, Claim, SecondReview
from reviews.permissions import conflicts, may_take_away

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

SHOWN_MOST = 200
REFUSALS = (
    claims.NotForYou, claims.HeldBy, claims.NotHeld, claims.NothingWaits, slots.TooMany, SayWhy,
    handing.BadHold, handing.CannotBeGiven, handing.TooLong, handing.NothingToTakeAway,
    handing.NotYoursToTakeAway,
)  # fmt: skip


class HoldForm(forms.Form):
    """Until when, in the reader's zone, and why."""

    until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=handing.REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Shown to seniors and managers."),
    )

    def __init__(self, *args: Any, at: Any, **kwargs: Any):
        super().__init__(*args, auto_id="hold_%s", **kwargs)
        tomorrow = localtime(at + timedelta(days=1)).replace(second=0, microsecond=0)
        self.fields["until"].initial = tomorrow
        self.fields["until"].help_text = _("At most %(days)s days.") % {"days": handing.HOLD_MOST.days}


class HandOverForm(forms.Form):
    """To whom, and what they should know."""

    to = forms.ModelChoiceField(
        label=gettext_lazy("To"), queryset=User.objects.none(), empty_label=gettext_lazy("Choose")
    )
    note = forms.CharField(
        label=gettext_lazy("What they should know"),
        required=False,
        max_length=handing.REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any):
        super().__init__(*args, auto_id="hand_%s", **kwargs)
        self.fields["to"].queryset = reviewers().exclude(pk=by.pk)


class TakeAwayForm(forms.Form):
    reason = forms.CharField(max_length=handing.REASON_MOST)


def reviewers():
    """Return everybody who reviews, by name."""
    return holders(Duty.REVIEW_CASES).order_by("full_name", "email")


class HandingPages:
    """Views of the case admin, which opens, shows and refuses for them."""

    def __init__(self, desk: "CaseAdmin"):
        self.desk = desk

    def paths(self) -> list[URLPattern]:
        view = self.desk.admin_site.admin_view
        return [
            path("desk/next/", view(require_POST(self.next)), name="case_next"),
            path("claims/", view(require_GET(self.claims)), name="claims"),
            path("<int:pk>/renew/", view(require_POST(self.renew)), name="case_renew"),
            path("<int:pk>/hold/", view(require_POST(self.hold)), name="case_hold"),
            path("<int:pk>/hand-over/", view(require_POST(self.hand_over)), name="case_hand_over"),
            path("<int:pk>/take-away/", view(require_POST(self.take_away)), name="case_take_away"),
        ]

    def next(self, request: HttpRequest) -> HttpResponse:
        """Take the first case that fits the filters of the desk; every so often it is one to look at again."""
        if not may(request.user, Duty.REVIEW_CASES):
            raise PermissionDenied
        at, filters = clock.now(), queue.Filters.read(request.POST)
        try:
            taken = pulling.pull(by=request.user, at=at, wanted=queue.wanted(filters))
        except REFUSALS as error:
            messages.error(request, str(error))
            return redirect(reverse("admin:desk") + filters.url())
        if isinstance(taken, SecondReview):
            return redirect("admin:second_look")
        return redirect("admin:case", taken.case_id)

    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hold the case longer, for the page that is open; says until when, or what became of it."""
        case = self._seen(request, pk)
        try:
            going_on = claims.renew(case, by=request.user, at=clock.now())
        except REFUSALS as error:
            return JsonResponse({"says": str(error)}, status=409)
        until = time_format(localtime(going_on.expires_at), "H:i")
        return JsonResponse(
            {
                "says": _("yours until %(expires_at)s") % {"expires_at": until},
                "until": going_on.expires_at.isoformat(),
            }
        )

    def hold(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put the case aside."""
        case, at = self._seen(request, pk), clock.now()
        form = HoldForm(request.POST, at=at)
        if not form.is_valid():
            return self._again(request, case, at, hold_form=form, status=422)
        says = _("Put aside. It stays yours, and is under “Held by me”.")
        return self._do(
            request, case, lambda: handing.hold(case, by=request.user, at=at, **form.cleaned_data), says,
            hold_form=form,
        )  # fmt: skip

    def hand_over(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the case to a named person."""
        case, at = self._seen(request, pk), clock.now()
        form = HandOverForm(request.POST, by=request.user)
        if not form.is_valid():
            return self._again(request, case, at, hand_over_form=form, status=422)
        to = form.cleaned_data["to"]
        return self._do(
            request, case, lambda: handing.hand_over(case, by=request.user, at=at, **form.cleaned_data),
            _("%(to)s has the case now.") % {"to": to}, hand_over_form=form,
        )  # fmt: skip

    def take_away(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put a case back into the queue that somebody else has."""
        if not may(request.user, Duty.MANAGE_QUEUE):
            raise PermissionDenied
        case = get_object_or_404(Case.objects.select_related("application"), pk=pk)
        if not may_take_away(request.user, case):
            raise PermissionDenied
        form, at = TakeAwayForm(request.POST), clock.now()
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        try:
            handing.take_away(case, by=request.user, at=at, reason=reason)
        except REFUSALS as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("%(application)s is in the queue again.") % {"application": case.application}
            )
        return redirect("admin:claims")

    def claims(self, request: HttpRequest) -> HttpResponse:
        """Show who has which case, what is put aside and why."""
        if not may(request.user, Duty.MANAGE_QUEUE):
            raise PermissionDenied
        at = clock.now()
        standing = (
            Claim.objects.unreleased()
            .exclude(conflicts(request.user, to="case__application__"))
            .select_related("case__application", "case__program", "reviewer", "handed_by")
            .defer("case__application__answers", "case__application__facts")
            .order_by("-held_at", "claimed_at")
        )
        return self.desk.rendered(
            request,
            "admin/reviews/claims.html",
            title=_("Who has what"),
            at=at,
            claims=standing[:SHOWN_MOST],
            may_review=may(request.user, Duty.REVIEW_CASES),
        )

    def _seen(self, request: HttpRequest, pk: int) -> Case:
        return self.desk.case(request, pk)

    def _do(
        self, request: HttpRequest, case: Case, act: Callable[[], object], says: str, **forms_typed: Any
    ) -> HttpResponse:
        try:
            act()
        except REFUSALS as error:
            messages.error(request, str(error))
            return self._again(request, case, clock.now(), status=409, **forms_typed)
        messages.success(request, says)
        return redirect("admin:desk")

    def _again(
        self, request: HttpRequest, case: Case, at: Any, *, status: int, **forms_typed: Any
    ) -> HttpResponse:
        """Show the case as it is now, with what was typed."""
        work = workspace.of(self._seen(request, case.pk), user=request.user, at=at)
        for name, form in forms_typed.items():
            setattr(work, name, form)
        return self.desk.show(request, work, status=status)


def context(work: workspace.Work, *, user: User) -> dict[str, Any]:
    """Return the forms by which a case passes on, for who has it; a senior may take it away."""
    if not work.mine:
        return {"may_take_away": work.claim is not None and may_take_away(user, work.case)}
    return {
        "hold_form": work.hold_form or HoldForm(at=work.at),
        "hand_over_form": work.hand_over_form or HandOverForm(by=user),
    }

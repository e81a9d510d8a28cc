"""Second looks and what they show: the blind page of one, and the seniors' page of all, without names."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Duty, may
from audit import clock
from policies.models import Category
from reviews.admin import answered, shares
from reviews.admin.forms import KEYS, SHORT
from reviews.domain import giving, openings, opinions, quality, reconciling, second_reviews, slots, statements
from reviews.models import Decision, Reconciliation, SecondReview
from reviews.permissions import conflicts, may_see_quality
from reviews.states import Outcome, Reconciled

if TYPE_CHECKING:
    from reviews.admin.case import CaseAdmin

CARDS_MOST = 20
REFUSALS = (
    second_reviews.NothingDrawn, second_reviews.NotYours, giving.NotForYou, slots.TooMany,
    reconciling.NotYoursToReconcile, reconciling.ClosedAlready, reconciling.NotGolden,
)  # fmt: skip


class LookForm(forms.Form):
    outcome = forms.ChoiceField(
        label=gettext_lazy("What you would decide"),
        choices=[(value, f"{SHORT[value]} ({KEYS[value]})") for value in Outcome],
        widget=forms.RadioSelect,
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Because of"), required=False, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=opinions.NOTE_MOST,
        widget=forms.Textarea(attrs={"rows": 4, "data-count": "", "data-max": opinions.NOTE_MOST}),
    )

    def __init__(self, data: Any, *, guidelines: int) -> None:
        super().__init__(data)
        found = Category.objects.filter(guidelines=guidelines).order_by("position", "pk")
        self.fields["categories"].choices = found.values_list("code", "name")


class CardForm(forms.Form):
    ended = forms.ChoiceField(
        label=gettext_lazy("What comes of it"), choices=Reconciled.choices, widget=forms.RadioSelect
    )
    category = forms.ChoiceField(label=gettext_lazy("The paragraph that was read in two ways"))
    remark = forms.CharField(
        label=gettext_lazy("What is unclear in it"),
        max_length=reconciling.REMARK_MOST,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "data-max": reconciling.REMARK_MOST}),
    )

    def __init__(self, data: Any, *, card: int, categories: list[tuple[str, str]]) -> None:
        super().__init__(data, auto_id=f"card{card}-%s")
        self.fields["category"].choices = [("", _("Choose")), *categories]


class GoldenForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("Number of the application"), max_length=20)
    expected = forms.ChoiceField(label=gettext_lazy("The outcome it should have"), choices=Outcome.choices)


def paths(desk: "CaseAdmin") -> list[URLPattern]:
    view = desk.admin_site.admin_view
    pages = [
        ("second-look/", require_http_methods(["GET", "POST"]), look, "second_look"),
        ("second-look/next/", require_POST, take, "second_look_next"),
        ("quality/", require_GET, board, "quality"),
        ("quality/golden/", require_POST, mark, "quality_golden"),
        ("quality/cards/<int:card>/", require_POST, close, "quality_card"),
    ]
    found = [path(route, view(only(partial(page, desk))), name=name) for route, only, page, name in pages]
    return [*found, *shares.paths(desk)]


def look(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Show what one looks at a second time, and nothing of the first time; keep one's own view of it."""
    if not may(request.user, Duty.REVIEW_CASES):
        raise PermissionDenied
    review = second_reviews.mine(request.user)
    if request.method != "POST":
        return _look(desk, request, review)
    if review is None:
        messages.error(request, str(second_reviews.NotYours()))
        return _look(desk, request, None, status=409)
    form = LookForm(request.POST, guidelines=review.revision.guidelines_id)
    if not form.is_valid():
        return _look(desk, request, review, form, status=422)
    try:
        second_reviews.give(review, by=request.user, at=clock.now(), **form.cleaned_data)
    except statements.Incomplete as error:
        for name, problem in error.problems.items():
            form.add_error(name, problem)
        return _look(desk, request, review, form, status=422)
    except REFUSALS as error:
        messages.error(request, str(error))
        return _look(desk, request, review, form, status=409)
    messages.success(
        request, _("Your view is kept. What was decided is on the page of the case, as for everybody.")
    )
    return redirect("admin:case", review.case_id)


def take(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Take the next case to look at a second time."""
    if not may(request.user, Duty.REVIEW_CASES):
        raise PermissionDenied
    try:
        second_reviews.take_next(by=request.user, at=clock.now())
    except REFUSALS as error:
        messages.error(request, str(error))
        return _look(desk, request, second_reviews.mine(request.user), status=409)
    return redirect("admin:second_look")


def board(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Show seniors how far people agree, and which paragraphs leave them in doubt."""
    _permit(request)
    return _board(desk, request)


def close(desk: "CaseAdmin", request: HttpRequest, card: int) -> HttpResponse:
    """Say what comes of two views that differ."""
    _permit(request)
    asked = get_object_or_404(_cards(request.user, closed=True), pk=card)
    form = CardForm(request.POST, card=card, categories=_categories(asked))
    if not form.is_valid():
        return _board(desk, request, bad=form, of=card, status=422)
    try:
        closed = reconciling.close(asked, by=request.user, at=clock.now(), **form.cleaned_data)
    except REFUSALS as error:
        messages.error(request, str(error))
        return _board(desk, request, bad=form, of=card, status=409)
    if closed.ended == Reconciled.CORRECTION:
        messages.success(request, _("Noted. Nothing is corrected yet: correct the decision here."))
        return redirect("admin:case", asked.review.case_id)
    messages.success(request, _("Noted: the first decision stands."))
    return redirect("admin:quality")


def mark(desk: "CaseAdmin", request: HttpRequest) -> HttpResponse:
    """Keep a decided case to look at again, with the outcome it should have."""
    _permit(request)
    form = GoldenForm(request.POST)
    if not form.is_valid():
        return _board(desk, request, golden=form, status=422)
    found = Decision.objects.filter(
        case__application__number__iexact=form.cleaned_data["number"].replace("\0", "")
    )
    decision = found.filter(told_at__isnull=False).order_by("pk").first()
    try:
        if decision is None:
            raise reconciling.NotGolden(_("No decision that was told has this number."))
        reconciling.mark_golden(
            decision, by=request.user, at=clock.now(), expected=form.cleaned_data["expected"]
        )
    except REFUSALS as error:
        form.add_error("number", str(error))
        return _board(desk, request, golden=form, status=422)
    messages.success(request, _("It comes back as a second look within the month, and to no applicant."))
    return redirect("admin:quality")


def _permit(request: HttpRequest) -> None:
    if not may_see_quality(request.user):
        raise PermissionDenied


def _look(
    desk: "CaseAdmin",
    request: HttpRequest,
    review: SecondReview | None,
    form: LookForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    shown: dict[str, Any] = {"review": review, "title": _("A second look")}
    if review:
        shown["form"] = form or LookForm(None, guidelines=review.revision.guidelines_id)
        shown["sections"] = answered.sections(review.revision, review.case)
        facts = review.case.application.facts
        shown["facts"] = [(name, answered.plain(value)) for name, value in facts.items()]
    return desk.rendered(request, "admin/reviews/second_look.html", status=status, **shown)


def _board(
    desk: "CaseAdmin",
    request: HttpRequest,
    *,
    bad: CardForm | None = None,
    of: int = 0,
    golden: GoldenForm | None = None,
    status: int = 200,
) -> HttpResponse:
    at, first = clock.now(), openings.since()
    cards = list(_cards(request.user)[:CARDS_MOST])
    names = _names(cards)
    for card in cards:
        guidelines = card.review.revision.guidelines_id
        card.form = (
            bad if bad and card.pk == of else CardForm(None, card=card.pk, categories=names[guidelines])
        )
        card.views = [
            (_("Decided"), card.review.decision, card.review.decision.facts),
            (_("Second look"), card.review.opinion, card.review.opinion.note),
        ]
    return desk.rendered(
        request,
        "admin/reviews/quality.html",
        title=_("Quality"),
        status=status,
        lines=quality.lines(),
        golden=quality.golden(),
        paragraphs=quality.paragraphs(at=at),
        weeks=quality.weeks(at=at),
        files_since=first,
        unread_weeks=openings.by_week(first, at=at) if first else {},
        unread_categories=openings.by_category(first, at=at) if first else [],
        least=quality.LEAST,
        cards=cards,
        golden_form=golden or GoldenForm(),
        golden_cases=shares.coming_back(request.user),
        shares=shares.lines(),
    )


def _cards(user: User, *, closed: bool = False) -> Any:
    """Return the cards this person may close: not their own two views, not what is kept from them."""
    review = "review__"
    found = Reconciliation.objects.exclude(conflicts(user, to="review__case__application__"))
    found = found.exclude(**{f"{review}reviewer": user}).exclude(**{f"{review}decision__decided_by": user})
    found = found.exclude(**{f"{review}decision__signed_by": user})
    if not closed:
        found = found.filter(closed_at=None)
    return found.select_related(
        "review__case__application", "review__revision", "review__decision", "review__opinion"
    ).order_by("opened_at", "pk")


def _names(cards: list[Reconciliation]) -> dict[int, list[tuple[str, str]]]:
    """Return the categories of the guidelines each card was judged under. One query."""
    names: dict[int, list[tuple[str, str]]] = {card.review.revision.guidelines_id: [] for card in cards}
    found = Category.objects.filter(guidelines__in=list(names)).order_by("position", "pk")
    for guidelines, code, name in found.values_list("guidelines", "code", "name"):
        names[guidelines].append((code, name))
    return names


def _categories(card: Reconciliation) -> list[tuple[str, str]]:
    return _names([card])[card.review.revision.guidelines_id]

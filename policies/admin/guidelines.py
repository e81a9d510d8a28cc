"""Guidelines, for policy editors: write a draft, show it, approve it, publish what somebody else approved."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty, may
from audit import clock
from onboarding.domain import lane_preview
from policies import markdown
from policies.domain import consultations, edits, guidelines, source
from policies.domain.guidelines import BadGuidelines
from policies.models import GuidelineVersion
from policies.states import TRANSITIONS, Lane, VersionState

WRONG, CONFLICT = 422, 409
SWITCHED = (Lane.HOLD, Lane.NOTIFY, Lane.MONITOR)  # refuse is no switch: it says what a category is
PREVIEWED = ("7", "30", "90", "365")  # days
REFUSALS = (
    BadGuidelines,
    guidelines.IllegalMove,
    guidelines.NotApproved,
    guidelines.SamePerson,
    guidelines.OutOfTurn,
    guidelines.TooSoon,
    guidelines.VersionTaken,
    consultations.IsOpen,
)


class DraftForm(forms.Form):
    """A text to load: typed, or as a file, which then counts."""

    text = forms.CharField(required=False, strip=False)
    file = forms.FileField(required=False)

    @property
    def raw(self) -> bytes:
        given = self.cleaned_data.get("file")
        if given and given.size > source.LARGEST_FILE:
            return bytes(source.LARGEST_FILE + 1)  # is refused in words, and never read whole
        return given.read() if given else self.cleaned_data.get("text", "").encode()


@admin.register(GuidelineVersion)
class GuidelineVersionAdmin(ReadOnly, OwnPages, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    change_list_template = "admin/policies/guideline_versions.html"
    list_display = (
        "version",
        "state",
        "material",
        "loaded_at",
        "published_at",
        "effective_at",
        "superseded_at",
        "page",
    )
    fields = (
        "version",
        "state",
        "material",
        "text_hash",
        "loaded_at",
        "edited_at",
        "edited_by",
        "approved_at",
        "approved_by",
        "published_at",
        "published_by",
        "effective_at",
        "acknowledge_by",
        "superseded_at",
        "parts",
    )
    actions = None
    show_full_result_count = False

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("new/", view(self.new), name="guidelines_new"),
            path("<int:pk>/draft/", view(self.draft), name="guidelines_draft"),
            path("<int:pk>/section/", view(require_POST(self.section)), name="guidelines_section"),
            path("<int:pk>/lanes/", view(self.lanes), name="guidelines_lanes"),
            path("<int:pk>/step/<slug:verb>/", view(require_POST(self.step)), name="guidelines_step"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[GuidelineVersion]:
        return super().get_queryset(request).defer("source")

    @admin.display(description=gettext_lazy("page"))
    def page(self, version: GuidelineVersion) -> str | SafeString:
        if version.published_at is None:
            address = reverse("admin:guidelines_draft", args=[version.pk])
            return format_html('<a href="{}">{}</a>', address, _("write and publish"))
        return format_html(
            '<a href="{}">{}</a>', reverse("guidelines_version", args=[version.version]), _("read")
        )

    @admin.display(description=gettext_lazy("categories and usual uses"))
    def parts(self, version: GuidelineVersion) -> SafeString:
        """Show the parts as one table: a formset of hundreds of rows takes most of a second."""
        shown = {"categories": version.categories.all(), "usual": version.usual_uses.all()}
        return render_to_string("admin/policies/_parts.html", shown)

    def new(self, request: HttpRequest) -> HttpResponse:
        """Load a new draft, typed or as a file; begin with the text that is in force."""
        _permit(request)
        if request.method != "POST":
            latest = GuidelineVersion.objects.order_by("-pk").first()
            return self._new(request, source.written(latest.source) if latest else "")
        form = _bound(request)
        try:
            version = guidelines.load(source.checked(form.raw), by=request.user, at=clock.now())
        except (BadGuidelines, guidelines.VersionTaken) as refused:
            return self._new(request, _typed(form), refused, status=WRONG)
        messages.success(request, _("%(version)s is here as a draft.") % {"version": str(version)})
        return redirect("admin:guidelines_draft", version.pk)

    def draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a version says and what may happen to it next; a POST puts another text in its place."""
        _permit(request)
        version = _version(pk)
        if request.method != "POST":
            return self._page(request, version)
        form = _bound(request)
        try:
            text = source.checked(form.raw)
            guidelines.edit(version, source=text, seen=_seen(request), by=request.user, at=clock.now())
        except guidelines.Stale as stale:
            return self._page(request, _version(pk), _typed(form), stale, status=CONFLICT)
        except REFUSALS as refused:
            return self._page(request, version, _typed(form), refused, status=WRONG)
        messages.success(request, _("The draft is saved. An approval it had is void."))
        return redirect("admin:guidelines_draft", pk)

    def section(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put in, change or take out one part of the running text."""
        _permit(request)
        version, said = _version(pk), request.POST
        text = edits.put_section(
            version.source,
            code=said.get("code", "").strip(),
            title=said.get("title", ""),
            text=said.get("text", "").replace("\r\n", "\n"),
        )
        try:
            guidelines.edit(version, source=text, seen=_seen(request), by=request.user, at=clock.now())
        except guidelines.Stale as stale:
            return self._page(request, _version(pk), refusal=stale, status=CONFLICT, section=said)
        except REFUSALS as refused:
            return self._page(request, version, refusal=refused, status=WRONG, section=said)
        messages.success(request, _("The section is saved. An approval the draft had is void."))
        return redirect("admin:guidelines_draft", pk)

    def lanes(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Switch lanes of a draft, and show how many of the last applications that would have touched."""
        _permit(request)
        version = _version(pk)
        if request.method != "POST":
            return self._lanes(request, version)
        chosen = {
            code.removeprefix("lane_"): lane
            for code, lane in request.POST.items()
            if code.startswith("lane_") and lane in SWITCHED
        }
        try:
            text = edits.switch_lanes(version.source, chosen)
            guidelines.edit(version, source=text, seen=_seen(request), by=request.user, at=clock.now())
        except guidelines.Stale as stale:
            return self._lanes(request, _version(pk), stale, status=CONFLICT)
        except REFUSALS as refused:
            return self._lanes(request, version, refused, status=WRONG)
        messages.success(request, _("The lanes are saved. An approval the draft had is void."))
        return redirect("admin:guidelines_lanes", pk)

    def step(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Take one step of a version's life."""
        _permit(request)
        if verb not in STEPS:
            raise Http404
        version = _version(pk)
        try:
            said = STEPS[verb](request, version, clock.now())
        except BadDate as refused:
            return self._page(request, version, refusal=refused, status=WRONG)
        except guidelines.Stale as stale:
            return self._page(request, _version(pk), refusal=stale, status=CONFLICT)
        except REFUSALS as refused:
            return self._page(request, version, refusal=refused, status=WRONG)
        messages.success(request, said)
        return redirect("admin:guidelines_draft", pk)

    def _lanes(
        self,
        request: HttpRequest,
        version: GuidelineVersion,
        refusal: Exception | None = None,
        status: int = 200,
    ) -> HttpResponse:
        days = request.GET.get("days", "")
        days = days if days in PREVIEWED else PREVIEWED[1]
        shown = {
            "title": _("Lanes of %(version)s") % {"version": str(version)},
            "version": version,
            "written": version.state == VersionState.DRAFT,
            "preview": lane_preview.of(version, days=int(days), at=clock.now()),
            "days": days,
            "choices": PREVIEWED,
            "lanes": [(lane.value, lane.label) for lane in SWITCHED],
            "problems": _problems(refusal),
        }
        return self.rendered(request, "admin/policies/guideline_lanes.html", status=status, **shown)

    def _new(
        self, request: HttpRequest, text: str, refusal: Exception | None = None, status: int = 200
    ) -> HttpResponse:
        shown = {"title": _("New guidelines"), "text": text, "problems": _problems(refusal)}
        return self.rendered(request, "admin/policies/guideline_new.html", status=status, **shown)

    def _page(
        self,
        request: HttpRequest,
        version: GuidelineVersion,
        typed: str | None = None,
        refusal: Exception | None = None,
        status: int = 200,
        section: Any = None,
    ) -> HttpResponse:
        written = version.state == VersionState.DRAFT
        shown = {
            "title": str(version),
            "version": version,
            "written": written,
            "text": source.written(version.source) if typed is None else typed,
            "sections": [
                {"part": part, "shown": markdown.rendered(part.text)} for part in version.sections.all()
            ],
            "typed_section": section,
            "problems": _problems(refusal),
            "may_publish": VersionState.PUBLISHED in TRANSITIONS[version.state],
            "is_approver": version.approved_by_id == request.user.pk,
            "notice": guidelines.notice(version),
        }
        return self.rendered(request, "admin/policies/guideline_draft.html", status=status, **shown)


class BadDate(Exception):
    def __init__(self) -> None:
        super().__init__(_("Write the day as 2027-01-31, or leave it empty for the notice the text gives."))


def _consult(request: HttpRequest, version: GuidelineVersion, at: datetime) -> str:
    guidelines.consult(version, by=request.user, at=at)
    return _("Everybody can read this version now. Its text rests until you take it back.")


def _redraft(request: HttpRequest, version: GuidelineVersion, at: datetime) -> str:
    guidelines.redraft(version, by=request.user, at=at)
    return _("It is a draft again.")


def _approve(request: HttpRequest, version: GuidelineVersion, at: datetime) -> str:
    guidelines.approve(version, seen=_seen(request), by=request.user, at=at)
    return _("You approved this text. Somebody else publishes it; an edit makes your approval void.")


def _publish(request: HttpRequest, version: GuidelineVersion, at: datetime) -> str:
    made = guidelines.publish(version, effective_at=_day(request), by=request.user, at=at)
    when = f"{localtime(made.effective_at):%-d %B %Y, %H:%M %Z}"
    return _("%(version)s is public now and comes into force on %(when)s.") % {
        "version": str(made),
        "when": when,
    }


STEPS = {"consult": _consult, "redraft": _redraft, "approve": _approve, "publish": _publish}


def _permit(request: HttpRequest) -> None:
    if not may(request.user, Duty.EDIT_POLICIES):
        raise PermissionDenied


def _version(pk: int) -> GuidelineVersion:
    rows = GuidelineVersion.objects.select_related("edited_by", "approved_by", "published_by")
    return get_object_or_404(rows, pk=pk)


def _bound(request: HttpRequest) -> DraftForm:
    form = DraftForm(request.POST, request.FILES)
    form.is_valid()
    return form


def _typed(form: DraftForm) -> str:
    """Return what goes back into the box: a file that is not right is not put there."""
    return form.cleaned_data.get("text", "")


def _seen(request: HttpRequest) -> str:
    return request.POST.get("seen", "")


def _day(request: HttpRequest) -> datetime | None:
    """Return the beginning of the day that was typed, in the reader's zone. Raises BadDate."""
    said = request.POST.get("effective_on", "").strip()
    try:
        return datetime.combine(date.fromisoformat(said), time(), get_current_timezone()) if said else None
    except ValueError:
        raise BadDate from None


def _problems(refusal: Exception | None) -> list[str]:
    if isinstance(refusal, BadGuidelines):
        return refusal.problems
    return [str(refusal)] if refusal else []

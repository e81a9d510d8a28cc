"""Consultations, for policy editors: prepare, open, extend, invite, group, answer; somebody else publishes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock
from policies.admin import moderation as desk
from policies.consultation_views import csv_of
from policies.domain import comment_export, comment_lists, consultations, consultees, themes
from policies.models import Comment, Consultation, GuidelineVersion
from policies.permissions import may_edit
from policies.states import (
    AffiliationKind,
    ConsultationState,
    Phase,
    QuestionKind,
    ThemeAnswer,
    VersionState,
)

WRONG = 422
REFUSALS = (
    consultations.IllegalMove,
    consultations.Frozen,
    consultations.NotPublic,
    consultations.BadConsultation,
    consultees.BadInvitation,
    themes.BadTheme,
    themes.NotReady,
)


class BadDate(Exception):
    def __init__(self) -> None:
        super().__init__(_("Write day and time, in UTC, as 2027-01-31T12:00."))


@admin.register(Consultation)
class ConsultationAdmin(ReadOnly, OwnPages, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    change_list_template = "admin/policies/consultations.html"
    list_display = ("guidelines", "state", "opens_at", "closes_at", "page")
    list_select_related = ("guidelines",)
    fields = (
        "guidelines", "state", "introduction", "opens_at", "closes_at", "text_hash", "prepared_at", "prepared_by",
        "opened_at", "opened_by", "summary", "summary_edited_at", "summary_edited_by", "summarised_at", "summarised_by",
    )  # fmt: skip
    actions = None
    show_full_result_count = False

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("new/", view(self.new), name="consultation_new"),
            *desk.paths(self),
            path("<int:pk>/work/", view(require_GET(self.work)), name="consultation_work"),
            path("<int:pk>/group/", view(self.group), name="consultation_group"),
            path(
                "<int:pk>/everything.csv", view(require_POST(self.everything)), name="consultation_everything"
            ),
            path("<int:pk>/do/<slug:verb>/", view(require_POST(self.do)), name="consultation_do"),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("page"))
    def page(self, asked: Consultation) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:consultation_work", args=[asked.pk]),
            _("prepare and answer"),
        )

    def new(self, request: HttpRequest) -> HttpResponse:
        """Begin a consultation on a version that has none."""
        permit(request)
        versions = GuidelineVersion.objects.filter(
            state__in=(VersionState.DRAFT, VersionState.CONSULTATION), consultation=None
        )
        problems: list[str] = []
        if request.method == "POST":
            version = get_object_or_404(versions.defer("source"), pk=number(request.POST.get("version")))
            try:
                made = consultations.prepare(
                    version, **_dates(request), introduction=_said(request, "introduction"), by=request.user,
                    at=clock.now(),
                )  # fmt: skip
            except (*REFUSALS, BadDate) as refused:
                problems = problems_of(refused)
            else:
                return redirect("admin:consultation_work", made.pk)
        shown = {
            "title": _("A new consultation"),
            "versions": versions.defer("source"),
            "typed": request.POST,
            "problems": problems,
        }
        status = WRONG if problems else 200
        return self.rendered(request, "admin/policies/consultation_new.html", status=status, **shown)

    def work(
        self, request: HttpRequest, pk: int, refusal: Exception | None = None, status: int = 200
    ) -> HttpResponse:
        """Show all there is to a consultation, and what may be done now."""
        permit(request)
        asked, at = _consultation(pk), clock.now()
        phase = asked.phase(at)
        shown = {
            "title": str(asked),
            "asked": asked,
            "version": asked.guidelines,
            "phase": phase,
            "prepared": asked.state == ConsultationState.PREPARED,
            "may_invite": phase in (Phase.ANNOUNCED, Phase.OPEN),
            "answers": asked.state == ConsultationState.OPENED and phase != Phase.ANNOUNCED,
            "questions": asked.questions.all(),
            "kinds": QuestionKind.choices,
            "clauses": asked.clauses.items(),
            "invitations": asked.invitations.select_related("comment").all(),
            "affiliations": AffiliationKind.choices,
            "themes": asked.themes.select_related("written_by").all(),
            "theme_answers": ThemeAnswer.choices,
            "not_ready": themes.not_ready(asked, by=request.user, at=at),
            "to_read": asked.comments.to_read().count(),
            "typed": request.POST,
            "problems": problems_of(refusal),
        }
        return self.rendered(request, "admin/policies/consultation_work.html", status=status, **shown)

    def group(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put the shown comments into themes, a page at a time; a POST is one comment."""
        permit(request)
        asked = _consultation(pk)
        if request.method == "POST":
            comment = get_object_or_404(asked.comments, number=request.POST.get("comment", ""))
            chosen = asked.themes.filter(pk__in=[n for n in map(number, request.POST.getlist("themes")) if n])
            try:
                themes.group(comment, chosen, by=request.user, at=clock.now())
            except REFUSALS as refused:
                messages.error(request, str(refused))
            else:
                messages.success(request, _("%(comment)s is grouped.") % {"comment": comment.number})
            return redirect(f"{request.path}?{request.GET.urlencode()}")
        listed = comment_lists.page(
            asked, before=number(request.GET.get("before")), after=number(request.GET.get("after"))
        )
        grouped = _grouped(row.comment for row in listed.rows)
        shown = {
            "title": _("Comments into themes"),
            "asked": asked,
            "version": asked.guidelines,
            "listed": [(row, grouped.get(row.comment.pk, set())) for row in listed.rows],
            "themes": list(asked.themes.all()),
            "newer_url": f"?after={listed.newer}" if listed.newer else "",
            "older_url": f"?before={listed.older}" if listed.older else "",
        }
        return self.rendered(request, "admin/policies/consultation_group.html", **shown)

    def everything(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give all that was sent, with addresses; the ledger keeps that this person took it."""
        permit(request)
        asked = _consultation(pk)
        rows = comment_export.everything(asked, by=request.user, at=clock.now())
        return csv_of(rows, comment_export.FULL, f"consultation-{asked.guidelines.version}-everything.csv")

    def do(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Take one step, and say what came of it."""
        permit(request)
        if verb not in STEPS:
            raise Http404
        asked = _consultation(pk)
        try:
            said = STEPS[verb](request, asked, clock.now())
        except (*REFUSALS, BadDate) as refused:
            return self.work(request, pk, refused, WRONG)
        messages.success(request, said)
        return redirect("admin:consultation_work", pk)


def _edit(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    words = _said(request, "introduction")
    consultations.edit(asked, **_dates(request), introduction=words, by=request.user, at=at)
    return _("Introduction and dates are saved.")


def _question(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultations.add_question(
        asked, kind=_said(request, "kind"), text=_said(request, "text"),
        options=_said(request, "options").splitlines(), clause=_said(request, "clause"), by=request.user, at=at,
    )  # fmt: skip
    return _("The question is added.")


def _earlier(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultations.ask_earlier(_part(request, asked.questions), by=request.user, at=at)
    return _("The question is asked earlier.")


def _drop_question(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultations.drop_question(_part(request, asked.questions), by=request.user, at=at)
    return _("The question is taken out.")


def _open(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultations.open_(asked, by=request.user, at=at)
    return _("It is public. Introduction and questions rest from now on.")


def _extend(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultations.extend(
        asked, until=_when(request, "until"), reason=_said(request, "reason"), by=request.user, at=at
    )
    return _("It is extended; the reason is public.")


def _invite(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    fields = ("email", "name", "affiliation_kind", "affiliation_name")
    consultees.invite(asked, **{name: _said(request, name) for name in fields}, by=request.user, at=at)
    return _("The letter is on its way.")


def _resend(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultees.resend(_part(request, asked.invitations), by=request.user, at=at)
    return _("Another letter is on its way; the link before is void.")


def _uninvite(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    consultees.withdraw(_part(request, asked.invitations), by=request.user, at=at)
    return _("The invitation is withdrawn.")


def _theme(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    old = _part(request, asked.themes) if request.POST.get("part") else None
    themes.write(
        asked, theme=old, title=_said(request, "title"), outcome=_said(request, "outcome"), text=_said(request, "text"),
        clauses=request.POST.getlist("clauses"), by=request.user, at=at,
    )  # fmt: skip
    return _("The theme is saved.")


def _drop_theme(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    themes.drop(_part(request, asked.themes), by=request.user, at=at)
    return _("The theme is taken out; its comments stay.")


def _summary(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    themes.write_summary(asked, summary=_said(request, "summary"), by=request.user, at=at)
    return _("The summary is saved. Somebody who wrote nothing of it publishes it.")


def _publish(request: HttpRequest, asked: Consultation, at: datetime) -> str:
    themes.publish(asked, by=request.user, at=at)
    return _("The summary is public; whoever commented gets a letter.")


STEPS: dict[str, Callable[[HttpRequest, Consultation, datetime], str]] = {
    "edit": _edit, "question": _question, "earlier": _earlier, "drop-question": _drop_question, "open": _open,
    "extend": _extend, "invite": _invite, "resend": _resend, "uninvite": _uninvite, "theme": _theme,
    "drop-theme": _drop_theme, "summary": _summary, "publish": _publish,
}  # fmt: skip


def permit(request: HttpRequest) -> None:
    if not may_edit(request.user):
        raise PermissionDenied


def problems_of(refusal: Exception | None) -> list[str]:
    return getattr(refusal, "problems", None) or ([str(refusal)] if refusal else [])


def number(said: str | None) -> int | None:
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) < 16 else None


def _grouped(comments: Any) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    pairs = Comment.themes.through.objects.filter(comment__in=list(comments))
    for comment, theme in pairs.values_list("comment", "theme"):
        found.setdefault(comment, set()).add(theme)
    return found


def _consultation(pk: int) -> Consultation:
    rows = Consultation.objects.select_related(
        "guidelines", "summary_edited_by", "summarised_by", "opened_by"
    )
    return get_object_or_404(rows, pk=pk)


def _part(request: HttpRequest, rows: Any) -> Any:
    return get_object_or_404(rows, pk=number(request.POST.get("part")))


def _said(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\0", "")


def _dates(request: HttpRequest) -> dict[str, datetime]:
    return {name: _when(request, name) for name in ("opens_at", "closes_at")}


def _when(request: HttpRequest, name: str) -> datetime:
    """Return a moment that was typed in UTC. Raises BadDate."""
    try:
        when = datetime.fromisoformat(_said(request, name).strip())
    except ValueError:
        raise BadDate from None
    if when.tzinfo is not None or not 2000 <= when.year <= 2100:
        raise BadDate
    return when.replace(tzinfo=UTC)

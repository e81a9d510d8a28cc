"""The letters, to be read by those whose duty it is, and the one thing that can be done: put one back."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.reading import ReadOnly
from accounts.roles import Duty, may
from audit import clock
from outbox import erasure, letters
from outbox.models import Letter

BLANKED = (letters.BLANKED, erasure.BLANKED)
HIDDEN = _("Not shown: it holds a one-time link or code.")


class StandingFilter(admin.SimpleListFilter):
    title = _("standing")
    parameter_name = "standing"
    CHOICES = {
        "owed": (_("Owed"), {"sent_at": None, "recalled_at": None, "given_up_at": None}),
        "failing": (
            _("Owed, failed before"),
            {"sent_at": None, "recalled_at": None, "given_up_at": None, "tries__gt": 0},
        ),
        "given_up": (_("Given up"), {"given_up_at__isnull": False, "recalled_at": None}),
        "sent": (_("Sent"), {"sent_at__isnull": False}),
        "recalled": (_("Recalled"), {"recalled_at__isnull": False}),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _filter) in self.CHOICES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Letter]) -> QuerySet[Letter]:
        chosen = self.CHOICES.get(self.value() or "")
        return queryset.filter(**chosen[1]) if chosen else queryset


@admin.register(Letter)
class LetterAdmin(ReadOnly, admin.ModelAdmin):
    duties = (Duty.SEE_LEDGER, Duty.RESEND_LETTERS)
    list_display = ("kind", "recipient", "standing", "due_at", "tries", "problem")
    list_filter = (StandingFilter,)
    search_fields = ("recipient__iexact", "kind__iexact")
    search_help_text = _("A whole address, or a kind such as onboarding/invitation.")
    ordering = ("-id",)
    show_full_result_count = False
    list_per_page = 50
    actions = ("put_back",)
    fields = (
        "kind", "recipient", "subject", "body", "about_type", "about_id", "written_at", "due_at", "tried_at", "tries",
        "problem", "sent_at", "recalled_at", "given_up_at",
    )  # fmt: skip

    @admin.display(description=_("standing"))
    def standing(self, letter: Letter) -> str:
        if letter.recalled_at:
            return pgettext("letter", "recalled")
        if letter.given_up_at:
            return pgettext("letter", "given up")
        return pgettext("letter", "sent") if letter.sent_at else pgettext("letter", "owed")

    @admin.display(description=_("text"))
    def body(self, letter: Letter) -> str:
        """A one-time link read here would open somebody else's account: staff do not see it before it is gone."""
        if letter.passing and not letter.sent_at:
            return str(HIDDEN)
        return gettext(letter.text) if letter.text in BLANKED else letter.text

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Duty.RESEND_LETTERS)

    @admin.action(description=_("Put back letters that were given up"), permissions=["resend"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        at, done, refused = clock.now(), 0, 0
        for letter in queryset:
            try:
                letters.put_back(letter, by=request.user, at=at)
                done += 1
            except letters.NotGivenUp:
                refused += 1
        if done:
            says = ngettext(
                "%(count)d put back; it is sent within a minute.",
                "%(count)d put back; they are sent within a minute.",
                done,
            )
            self.message_user(request, says % {"count": done}, messages.SUCCESS)
        if refused:
            says = ngettext(
                "%(count)d had not been given up and stays as it is.",
                "%(count)d had not been given up and stay as they are.",
                refused,
            )
            self.message_user(request, says % {"count": refused}, messages.WARNING)

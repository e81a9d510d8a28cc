"""The ledger and its seals, to be read by those whose duty it is. Nothing here writes."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.reading import ReadOnly
from audit.forms import LedgerFilter
from audit.models import LedgerEntry, Seal

A_PAGE = 50
HIGHEST = 2**63 - 1


@admin.register(LedgerEntry)
class LedgerAdmin(ReadOnly, admin.ModelAdmin):
    """A page by key instead of Django's list: no count, no offset, so the millionth row is as near as the first."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = LedgerFilter(request.GET or None)
        entries, newer, older = _page(form, before=_id(request, "before"), after=_id(request, "after"))
        people = _people(entries)
        shown = {
            **self.admin_site.each_context(request),
            "title": _("Ledger"),
            "form": form,
            "rows": [(entry, people.get(entry.actor, entry.actor)) for entry in entries],
            "newer_url": newer and _address(request, after=newer),
            "older_url": older and _address(request, before=older),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/audit/ledger.html", shown)


@admin.register(Seal)
class SealAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "sealed_at", "entries", "hash")
    ordering = ("-number",)
    actions = None


def _page(form: LedgerFilter, *, before: int | None, after: int | None) -> tuple[list[LedgerEntry], int, int]:
    """Return the entries newest first, and the ids newer and older pages start from (0 where there is none)."""
    chosen = form.chosen()
    if after is not None:
        found = list(chosen.filter(id__gt=after).order_by("id")[: A_PAGE + 1])
        entries, more_newer, more_older = found[:A_PAGE][::-1], len(found) > A_PAGE, True
    else:
        found = list(
            chosen.filter(id__lt=HIGHEST if before is None else before).order_by("-id")[: A_PAGE + 1]
        )
        entries, more_newer, more_older = found[:A_PAGE], before is not None, len(found) > A_PAGE
    if not entries:
        return [], 0, 0
    return entries, entries[0].pk if more_newer else 0, entries[-1].pk if more_older else 0


def _id(request: HttpRequest, name: str) -> int | None:
    said = request.GET.get(name, "")
    return min(int(said), HIGHEST) if said.isascii() and said.isdigit() and len(said) < 20 else None


def _address(request: HttpRequest, **place: int) -> str:
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query.update({name: str(value) for name, value in place.items()})
    return f"?{query.urlencode()}"


def _people(entries: list[LedgerEntry]) -> dict[str, str]:
    """Return the addresses of the people among the actors, in one query."""
    ids = {entry.actor.removeprefix("user:") for entry in entries if entry.actor.startswith("user:")}
    return {f"user:{pk}": email for pk, email in User.objects.filter(pk__in=ids).values_list("pk", "email")}

"""What lists in the admin share that those with a duty may read and nobody may change, and pages of our own there."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from accounts.roles import Duty, may


class ReadOnly:
    """Mix into a ModelAdmin or an inline before Django's class; any one of `duties` lets a person read."""

    duties: tuple[Duty, ...] = (Duty.SEE_LEDGER,)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return any(may(request.user, duty) for duty in self.duties)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(may(request.user, duty) for duty in self.duties)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnPages:
    """Mix into a ModelAdmin that has pages of its own beside Django's."""

    admin_site: AdminSite
    opts: Any

    def rendered(
        self, request: HttpRequest, template: str, *, status: int = 200, **shown: Any
    ) -> TemplateResponse:
        """Return a page in the admin's frame, without the list of models beside it."""
        context = {
            **self.admin_site.each_context(request),
            "is_nav_sidebar_enabled": False,
            "opts": self.opts,
            **shown,
        }
        return TemplateResponse(request, template, context, status=status)

"""What every list in the admin shares that those with a duty may read and nobody may change."""

from typing import Any

from django.http import HttpRequest

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

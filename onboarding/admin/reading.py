"""Pages of the admin that only show: state is changed by commands, never in a form."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.roles import Duty, may


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows to those who hold one of `duties`; adds, changes and deletes nothing."""

    duties: tuple[Duty, ...] = (Duty.SEE_LINE,)
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return any(may(request.user, duty) for duty in self.duties)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

"""What onboarding's lists in the admin share: they only show, and stay quick when they are long."""

from django.contrib import admin

from accounts.reading import ReadOnly
from accounts.roles import Duty


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    """Rows for those who see the line, unless `duties` says otherwise."""

    duties: tuple[Duty, ...] = (Duty.SEE_LINE,)
    list_per_page = 50
    show_full_result_count = False
    actions = None

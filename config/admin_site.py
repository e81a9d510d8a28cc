"""The admin: staff only, a second factor outside development, the first page by role."""

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Duty, may

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class StaffSite(AdminSite):
    site_header = site_title = "Gatehouse"
    index_title = gettext_lazy("Everything")
    site_url = "/"
    enable_nav_sidebar = False  # the desk and the lists need its 300 px

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and _has_second_factor_where_needed(request.user)

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Send people to allauth's sign-in (rate limits, second factor), and staff without a factor to set one."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")
        if self.has_permission(request):
            safe = url_has_allowed_host_and_scheme(
                wanted, {request.get_host()}, require_https=request.is_secure()
            )
            return redirect(wanted if safe else "admin:index")
        if request.user.is_active and request.user.is_staff:
            messages.info(
                request, _("The admin needs a second factor: set one up here, then open the admin again.")
            )
            return redirect("mfa_index")
        raise PermissionDenied(_("This account does not belong to the staff."))

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> Any:
        """Show a reviewer the queue and a manager the weeks; `?all` shows the stock index."""
        if "all" not in request.GET:
            if may(request.user, Duty.REVIEW_CASES):
                return redirect("admin:desk")
            if may(request.user, Duty.DECIDE_APPEALS):
                return redirect("admin:appeals")
            if may(request.user, Duty.MANAGE_RATES):
                return redirect("admin:board")
        return super().index(request, extra_context)


def _has_second_factor_where_needed(user: AbstractBaseUser | AnonymousUser) -> bool:
    """An app or a passkey is one. Recovery codes alone are none: they are the way back to one."""
    return (
        not settings.STAFF_NEED_SECOND_FACTOR
        or Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()
    )

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoliciesConfig(AppConfig):
    """Says what is allowed: guidelines, weaknesses, acceptances."""

    name = "policies"
    verbose_name = _("Policies")

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnforcementConfig(AppConfig):
    """Watches: the gateway and what follows from it."""

    name = "enforcement"
    verbose_name = _("Enforcement")

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Remembers: every event, once, for good."""

    name = "audit"
    verbose_name = _("Audit")

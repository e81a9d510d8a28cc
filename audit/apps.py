from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Remembers: every event, once, for good."""

    name = "audit"
    verbose_name = "Audit"

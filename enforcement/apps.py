from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    """Watches: the gateway and what follows from it."""

    name = "enforcement"
    verbose_name = "Enforcement"

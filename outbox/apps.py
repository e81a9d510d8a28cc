from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    """Writes letters: what is owed, and its one payer."""

    name = "outbox"
    verbose_name = _("Outbox")

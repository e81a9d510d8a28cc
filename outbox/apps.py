from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Writes letters: what is owed, and its one payer."""

    name = "outbox"
    verbose_name = "Outbox"

from django.apps import AppConfig


class TransparencyConfig(AppConfig):
    """Tells the public: reports counted from the ledger, its seals, the guarantees."""

    name = "transparency"
    verbose_name = "Public account"

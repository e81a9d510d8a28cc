from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TransparencyConfig(AppConfig):
    """Tells the public: reports counted from the ledger, its seals, the guarantees."""

    name = "transparency"
    verbose_name = _("Public account")

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Signs people up: users, organisations, roles."""

    name = "accounts"
    verbose_name = _("Accounts")

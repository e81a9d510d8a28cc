from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Signs people up: users, organisations, roles."""

    name = "accounts"
    verbose_name = "Accounts"

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """Says what is allowed: guidelines, weaknesses, acceptances."""

    name = "policies"
    verbose_name = "Policies"

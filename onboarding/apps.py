from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OnboardingConfig(AppConfig):
    """Lets in: programs, applications, line, weeks, grants, keys."""

    name = "onboarding"
    verbose_name = _("Onboarding")

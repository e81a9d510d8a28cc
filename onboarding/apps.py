from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """Lets in: programs, applications, line, weeks, grants, keys."""

    name = "onboarding"
    verbose_name = "Onboarding"

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Decides: cases, claims, findings, decisions."""

    name = "reviews"
    verbose_name = "Reviews"

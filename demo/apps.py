from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Fills a fresh development site, by the product's own commands and nothing else. Not installed in production."""

    name = "demo"

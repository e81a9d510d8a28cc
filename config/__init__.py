"""The composition root: settings, addresses, processes. It may import any app; no app imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]

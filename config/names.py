"""Names of models and fields that Django makes of what they are called in the code, looked up like other words.

Naming each in its model would change every migration's state; so they stand in `shown_names` for the catalogues, and
at start a look-up is put in their place. What a model names itself stays as it is.
"""

from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models import Field, Model
from django.utils.translation import pgettext_lazy


def is_ours(app: AppConfig) -> bool:
    return Path(app.path).parent == settings.BASE_DIR


def unnamed_fields(model: type[Model]) -> list[Field]:
    """Return the fields without a `verbose_name` of their own."""
    fields = [*model._meta.local_fields, *model._meta.local_many_to_many]
    return [field for field in fields if getattr(field, "_verbose_name", None) is None]


def unnamed(model: type[Model]) -> list[str]:
    """Return which of `verbose_name` and `verbose_name_plural` a model leaves to Django."""
    return [
        name for name in ("verbose_name", "verbose_name_plural") if name not in model._meta.original_attrs
    ]


def look_up() -> None:
    """Let each name that Django made be looked up when it is shown."""
    for app in filter(is_ours, apps.get_app_configs()):
        for model in app.get_models():
            for field in unnamed_fields(model):
                field.verbose_name = pgettext_lazy("name", str(field.verbose_name))
            for name in unnamed(model):
                setattr(model._meta, name, pgettext_lazy("name", str(getattr(model._meta, name))))

"""The countries people choose from, by the names of their own language."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.utils.translation import get_language, gettext

CONTENT = Path(__file__).resolve().parent.parent / "content"


def names() -> Mapping[str, str]:
    """Return ISO 3166-1 alpha-2 code -> name in the active language, in the order people choose from."""
    return _names(get_language() or settings.LANGUAGE_CODE)


@lru_cache(maxsize=8)
def _names(language: str) -> Mapping[str, str]:
    written = yaml.safe_load((CONTENT / "countries.yaml").read_text("utf-8"))
    if language == settings.LANGUAGE_CODE:
        return written
    return dict(
        sorted(((code, gettext(name)) for code, name in written.items()), key=lambda one: _plain(one[1]))
    )


def _plain(name: str) -> str:
    """Return a name without accents: "Åland" and "Ávila" are looked for under A."""
    return "".join(c for c in unicodedata.normalize("NFD", name.casefold()) if not unicodedata.combining(c))

"""config/shown_names.py holds every name that the admin shows and Django makes of an attribute or a class.

`WRITE_NAMES=1 pytest tests/test_names.py` writes it anew.
"""

import os
from pathlib import Path

from django.apps import apps
from django.contrib import admin
from django.utils import translation

from config import names
from onboarding.models import WaitlistEntry

FILE = Path(__file__).resolve().parent.parent / "config" / "shown_names.py"
HEAD = '''"""Names of fields and models as the admin shows them, for the catalogues; `config.names` looks them up.

Written by `WRITE_NAMES=1 pytest tests/test_names.py`.
"""

from django.utils.translation import pgettext

NAMES = (
'''


def shown() -> set[str]:
    found = set()
    for model, page in admin.site._registry.items():
        if not names.is_ours(apps.get_app_config(model._meta.app_label)):
            continue
        left_out = set(page.exclude or ())
        found |= {
            str(field.verbose_name) for field in names.unnamed_fields(model) if field.name not in left_out
        }
        found |= {str(getattr(model._meta, name)) for name in names.unnamed(model)}
    return found


def test_every_name_the_admin_shows_is_in_the_catalogues():
    with translation.override("en-gb"):
        written = HEAD + "".join(f'    pgettext("name", "{name}"),\n' for name in sorted(shown())) + ")\n"
    if os.environ.get("WRITE_NAMES"):
        FILE.write_text(written)

    assert FILE.read_text() == written


def test_a_name_is_looked_up_when_it_is_shown(monkeypatch):
    monkeypatch.setattr(translation._trans, "pgettext", lambda about, said: f"<{about}: {said}>")

    said = (WaitlistEntry._meta.get_field("joined_at").verbose_name, WaitlistEntry._meta.verbose_name)

    assert tuple(map(str, said)) == ("<name: joined at>", "<name: waitlist entry>")

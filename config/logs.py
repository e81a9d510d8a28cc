"""Log lines without secrets: people paste them into addresses, and Django logs an address it does not know."""

import logging
import re
from functools import cache

from django.conf import settings


class Masking(logging.Formatter):
    """Cuts whatever has the form of a secret down to its prefix, in the line and in its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return _secret().sub(r"\1…", super().format(record))


@cache
def _secret() -> re.Pattern[str]:
    return re.compile(rf"({re.escape(settings.KEY_PREFIX)}_(?:test|live|pat|int)_)[0-9A-Za-z]{{36}}")

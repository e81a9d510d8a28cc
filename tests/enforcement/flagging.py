"""Flags and their cases, made by the verbs the product uses."""

from datetime import datetime, timedelta
from typing import Any

from enforcement.domain import flags
from enforcement.models import Flag
from onboarding.models import Grant
from tests.factories import MONDAY, make_grant

TUESDAY = MONDAY + timedelta(days=1)


def make_flag(
    grant: Grant | None = None,
    *,
    source: str = "filter",
    by: Any = "filter",
    at: datetime = TUESDAY,
    **said: Any,
) -> Flag:
    """Return a flag about a grant; its case is open."""
    grant = grant or make_grant()
    return flags.record(source=source, owner=grant.owner, grant=grant, by=by, at=at, **said)

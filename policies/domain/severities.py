"""How hard the cases of a category may be to read: what this product ships where guidelines do not say it."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

SHIPPED = Path(__file__).resolve().parent.parent / "content" / "severities.yaml"


def usual(code: str, kind: str) -> int:
    """Return the severity of a category whose guidelines give none: by its code, else by its kind."""
    known = _shipped()["categories"].get(code)
    return known["severity"] if known else _shipped()["of_kind"][kind]


@cache
def hints() -> dict[str, str]:
    """Return category code -> the PostgreSQL pattern of the words that make one expect it."""
    return {
        code: rf"\m(?:{'|'.join(known['hints'])})\M"
        for code, known in _shipped()["categories"].items()
        if known.get("hints")
    }


@cache
def _shipped() -> dict[str, Any]:
    return yaml.safe_load(SHIPPED.read_text())

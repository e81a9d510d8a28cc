"""How hard the cases of a category may be to read: what this product ships where guidelines do not say it."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SHIPPED = Path(__file__).resolve().parent.parent / "content" / "severities.yaml"


def usual(code: str, kind: str) -> int:
    """Return the severity of a category whose guidelines give none: by its code, else by its kind."""
    known = _shipped()["categories"].get(code)
    return known["severity"] if known else _shipped()["of_kind"][kind]


def hinted(words: Any) -> set[str]:
    """Return the categories that something in these words, however nested, makes one expect."""
    text = "\n".join(_texts(words))
    return {code for code, pattern in _hints().items() if pattern.search(text)}


def _texts(words: Any) -> Iterator[str]:
    if isinstance(words, dict):
        words = words.values()
    elif isinstance(words, str):
        yield words
        return
    elif not isinstance(words, list):
        return
    for part in words:
        yield from _texts(part)


@cache
def _hints() -> dict[str, re.Pattern[str]]:
    return {
        code: re.compile(rf"\b(?:{'|'.join(known['hints'])})\b", re.IGNORECASE)
        for code, known in _shipped()["categories"].items()
        if known.get("hints")
    }


@cache
def _shipped() -> dict[str, Any]:
    return yaml.safe_load(SHIPPED.read_text())

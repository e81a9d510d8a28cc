"""Small changes of guidelines, part by part: what each makes of the whole source.

Nothing is checked here: `guidelines.edit` does.
"""

from collections.abc import Mapping
from typing import Any

from policies.states import Lane

LISTS = ("prohibited", "extra_scrutiny", "almost_always_approved")  # whose parts have a lane


def put_section(source: dict[str, Any], *, code: str, title: str, text: str) -> dict[str, Any]:
    """Return the source with this section changed, or added at the end; without text it is taken out."""
    kept = list(source.get("sections", []))
    known = [part.get("id") for part in kept]
    if not text.strip():
        return source | {"sections": [part for part in kept if part.get("id") != code]}
    part = {"id": code, "title": title, "text": text}
    if code in known:
        kept[known.index(code)] = part
    else:
        kept.append(part)
    return source | {"sections": kept}


def switch_lanes(source: dict[str, Any], lanes: Mapping[str, str]) -> dict[str, Any]:
    """Return the source with other lanes for these categories and usual uses, by id; what refuses goes on refusing."""
    switched = dict(source)
    for name in LISTS:
        if name in source:
            switched[name] = [
                part | {"lane": lanes[part["id"]]} if _switches(part, lanes) else part
                for part in source[name]
            ]
    return switched


def _switches(part: dict[str, Any], lanes: Mapping[str, str]) -> bool:
    return part["id"] in lanes and part.get("lane") != Lane.REFUSE

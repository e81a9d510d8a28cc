"""The built-in rules as they stand in builtin.yaml, and what was measured of them."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from enforcement.filters.rules import Kind

SOURCE = Path(__file__).parent / "builtin.yaml"
MEASURED = Path(__file__).parent / "measured.yaml"


@dataclass(frozen=True)
class Builtin:
    """One built-in rule; `measured` has its figures beside a plain keyword list's, and when."""

    code: str
    name: str
    category: str
    kind: Kind
    content: str
    threshold: float
    hits: tuple[str, ...]
    passes: tuple[str, ...]
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def beats_keywords(self) -> bool:
        """Return whether it was measured to; else it stays in shadow."""
        return bool(self.measured.get("beats_keywords"))


@cache
def shipped() -> list[Builtin]:
    """Return the rules that came with the product."""
    measured = yaml.safe_load(MEASURED.read_text("utf-8")) if MEASURED.exists() else {"rules": {}}
    when = {"measured_on": measured.get("measured_on", ""), "on": measured.get("on", "")}
    return [
        Builtin(
            code=one["code"], name=one["name"], category=one["category"], kind=Kind(one["kind"]),
            content=one["content"].strip(), threshold=float(one.get("threshold", 1.0)), hits=tuple(one["hits"]),
            passes=tuple(one["passes"]),
            measured=when | found if (found := measured["rules"].get(one["code"])) else {},
        )
        for one in yaml.safe_load(SOURCE.read_text("utf-8"))
    ]  # fmt: skip

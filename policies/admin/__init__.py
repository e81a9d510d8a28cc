"""The policy editors' pages in the admin."""

from policies.admin import (
    consultations,
    evaluations,
    guidelines,
    practices,
    rules,
    weakness_records,
    weaknesses,
)

__all__ = [
    "consultations",
    "evaluations",
    "guidelines",
    "practices",
    "rules",
    "weakness_records",
    "weaknesses",
]

"""The policy editors' pages in the admin."""

from policies.admin import consultations, guidelines, rules, weakness_records, weaknesses

__all__ = ["consultations", "guidelines", "rules", "weakness_records", "weaknesses"]

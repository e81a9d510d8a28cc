"""The policy editors' pages in the admin."""

from policies.admin import guidelines, rules, weakness_records, weaknesses

__all__ = ["guidelines", "rules", "weakness_records", "weaknesses"]

"""The staff's side of the public account in the admin."""

from transparency.admin import lessons, reports

__all__ = ["lessons", "reports"]

"""The senior reviewers' side of enforcement: appeals."""

from enforcement.admin.appeal import AppealAdmin

__all__ = ["AppealAdmin"]

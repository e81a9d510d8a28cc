"""Everything enforcement keeps, by noun."""

from enforcement.models.appeal import STATEMENT_LEAST, STATEMENT_MOST, Appeal, AppealQuerySet

__all__ = ["STATEMENT_LEAST", "STATEMENT_MOST", "Appeal", "AppealQuerySet"]

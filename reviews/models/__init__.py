"""Everything reviews keeps, by noun."""

from reviews.models.case import Case, Claim, Finding
from reviews.models.decision import Decision, InformationRequest

__all__ = ["Case", "Claim", "Decision", "Finding", "InformationRequest"]

"""Everything reviews keeps, by noun."""

from reviews.models.bar import Bar
from reviews.models.case import Case, Finding
from reviews.models.claim import Claim
from reviews.models.decision import Decision, InformationRequest
from reviews.models.likeness import Likeness

__all__ = ["Bar", "Case", "Claim", "Decision", "Finding", "InformationRequest", "Likeness"]

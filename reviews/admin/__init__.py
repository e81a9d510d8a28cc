"""The reviewers' desk: the queue, the workspace of one case, and the search of the stock admin."""

from reviews.admin.case import CaseAdmin

__all__ = ["CaseAdmin"]

"""Everything reviews keeps, by noun."""

from reviews.models.automatic import AutomaticApproval
from reviews.models.bar import Bar
from reviews.models.bulk import Bulk, BulkItem
from reviews.models.care import Care, CareRule, CategoryChoice, Exposure
from reviews.models.case import Case, Finding
from reviews.models.claim import Claim
from reviews.models.day_off import DayOff
from reviews.models.decision import Decision
from reviews.models.file_opening import FileOpening
from reviews.models.interest import Interest, InterestOverride
from reviews.models.likeness import Likeness
from reviews.models.opinion import Opinion, Tenure
from reviews.models.promise_warning import PromiseWarning
from reviews.models.quality import GoldenCase, Reconciliation, SecondReview, SecondReviewRule
from reviews.models.question import InformationRequest, Question
from reviews.models.queue_export import QueueExport
from reviews.models.saved_view import SavedView
from reviews.models.triage import RuleMatch, RuleVersion, TriageRule
from reviews.models.writing import Note, Unsent

__all__ = [
    "AutomaticApproval",
    "Bar",
    "Bulk",
    "BulkItem",
    "Care",
    "CareRule",
    "Case",
    "CategoryChoice",
    "Claim",
    "DayOff",
    "Decision",
    "Exposure",
    "FileOpening",
    "Finding",
    "GoldenCase",
    "InformationRequest",
    "Interest",
    "InterestOverride",
    "Likeness",
    "Note",
    "Opinion",
    "PromiseWarning",
    "Question",
    "QueueExport",
    "Reconciliation",
    "RuleMatch",
    "RuleVersion",
    "SavedView",
    "SecondReview",
    "SecondReviewRule",
    "Tenure",
    "TriageRule",
    "Unsent",
]

"""Everything onboarding keeps, by noun."""

from onboarding.models.access import Grant
from onboarding.models.application import Application, QuestionSet, Revision
from onboarding.models.attachment import Attachment
from onboarding.models.back_test import BackTest
from onboarding.models.counts import CohortCount, LineCount, OutcomeCount, StepCount
from onboarding.models.guard import Freeze, GuardReading, GuardRule, GuardWatch
from onboarding.models.imports import ImportJob
from onboarding.models.key import Key, Secret
from onboarding.models.limit import Limit
from onboarding.models.line import Invitation, Move, RateStep, Seat, WaitlistEntry, Week
from onboarding.models.line_bulk import LineBulk, LineBulkItem
from onboarding.models.pick import Pick, PickList
from onboarding.models.plan import PlanShare, RatePlan, WeekShare
from onboarding.models.program import OfferedModel, Program, Tier
from onboarding.models.question_draft import QuestionDraft
from onboarding.models.sealed import SealedAnswer
from onboarding.models.showcase import ShowcaseEntry
from onboarding.models.stage import StageChange

__all__ = [
    "Application",
    "Attachment",
    "BackTest",
    "CohortCount",
    "Freeze",
    "Grant",
    "GuardReading",
    "GuardRule",
    "GuardWatch",
    "ImportJob",
    "Invitation",
    "Key",
    "Limit",
    "LineBulk",
    "LineBulkItem",
    "LineCount",
    "Move",
    "OfferedModel",
    "OutcomeCount",
    "Pick",
    "PickList",
    "PlanShare",
    "Program",
    "QuestionDraft",
    "QuestionSet",
    "RatePlan",
    "RateStep",
    "Revision",
    "SealedAnswer",
    "Seat",
    "Secret",
    "ShowcaseEntry",
    "StageChange",
    "StepCount",
    "Tier",
    "WaitlistEntry",
    "Week",
    "WeekShare",
]

"""Guidelines in versions, consultations on them, what is known of the models, and who accepted which text."""

from policies.models.acceptance import Acceptance
from policies.models.comment import (
    Comment,
    CommentQuerySet,
    CommentRevision,
    ConsulteeInvitation,
    Theme,
    ThemeComment,
)
from policies.models.consultation import SCALE, Consultation, ConsultationQuestion, Extension
from policies.models.evaluation import Evaluation
from policies.models.guidelines import (
    UNPUBLISHED,
    Category,
    CategoryKind,
    GuidelineVersion,
    GuidelineVersionQuerySet,
    Section,
    UsualUse,
)
from policies.models.practice import Practice
from policies.models.rule import ProgramRule, ProgramRuleQuerySet
from policies.models.subscription import Subscription, SubscriptionQuerySet
from policies.models.weakness import KnownWeakness
from policies.models.weakness_record import WeaknessRecord, WeaknessRecordQuerySet

__all__ = [
    "SCALE",
    "UNPUBLISHED",
    "Acceptance",
    "Category",
    "CategoryKind",
    "Comment",
    "CommentQuerySet",
    "CommentRevision",
    "Consultation",
    "ConsultationQuestion",
    "ConsulteeInvitation",
    "Evaluation",
    "Extension",
    "GuidelineVersion",
    "GuidelineVersionQuerySet",
    "KnownWeakness",
    "Practice",
    "ProgramRule",
    "ProgramRuleQuerySet",
    "Section",
    "Subscription",
    "SubscriptionQuerySet",
    "Theme",
    "ThemeComment",
    "UsualUse",
    "WeaknessRecord",
    "WeaknessRecordQuerySet",
]

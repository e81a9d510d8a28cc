"""Guidelines in versions, known weaknesses, and who accepted which text."""

from policies.models.acceptance import Acceptance
from policies.models.guidelines import (
    UNPUBLISHED,
    Category,
    CategoryKind,
    GuidelineVersion,
    GuidelineVersionQuerySet,
    Section,
    UsualUse,
)
from policies.models.rule import ProgramRule, ProgramRuleQuerySet
from policies.models.subscription import Subscription, SubscriptionQuerySet
from policies.models.weakness import KnownWeakness
from policies.models.weakness_record import WeaknessRecord, WeaknessRecordQuerySet

__all__ = [
    "UNPUBLISHED",
    "Acceptance",
    "Category",
    "CategoryKind",
    "GuidelineVersion",
    "GuidelineVersionQuerySet",
    "KnownWeakness",
    "ProgramRule",
    "ProgramRuleQuerySet",
    "Section",
    "Subscription",
    "SubscriptionQuerySet",
    "UsualUse",
    "WeaknessRecord",
    "WeaknessRecordQuerySet",
]

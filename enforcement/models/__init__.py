"""Everything enforcement keeps, by noun."""

from enforcement.models.anomaly import AnomalyFinding, AnomalyRule, BackTest, Throttle
from enforcement.models.appeal import STATEMENT_LEAST, STATEMENT_MOST, Appeal, AppealQuerySet
from enforcement.models.filter_back_test import FilterBackTest
from enforcement.models.filter_hit import FilterHit
from enforcement.models.filter_rule import FilterRule, FilterRuleVersion, FilterTestText
from enforcement.models.flag import Flag, FlagCase
from enforcement.models.flag_report import FlagReport
from enforcement.models.integrator import Integrator, IntegratorQuerySet
from enforcement.models.leak import LeakReport, LeakRule
from enforcement.models.sanction import EmergencyRule, Sanction, Waiver
from enforcement.models.usage import UsageDay, UsageHour, UsageMark, UsageSeal
from enforcement.models.usage_notice import UsageNotice, UsageNoticeChoice
from enforcement.models.webhook import Webhook, WebhookDelivery, WebhookTry

__all__ = [
    "STATEMENT_LEAST",
    "STATEMENT_MOST",
    "AnomalyFinding",
    "AnomalyRule",
    "Appeal",
    "AppealQuerySet",
    "BackTest",
    "EmergencyRule",
    "FilterBackTest",
    "FilterHit",
    "FilterRule",
    "FilterRuleVersion",
    "FilterTestText",
    "Flag",
    "FlagCase",
    "FlagReport",
    "Integrator",
    "IntegratorQuerySet",
    "LeakReport",
    "LeakRule",
    "Sanction",
    "Throttle",
    "UsageDay",
    "UsageHour",
    "UsageMark",
    "UsageNotice",
    "UsageNoticeChoice",
    "UsageSeal",
    "Waiver",
    "Webhook",
    "WebhookDelivery",
    "WebhookTry",
]

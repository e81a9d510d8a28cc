"""The staff's side of enforcement."""

from enforcement.admin.anomaly import AnomalyRuleAdmin
from enforcement.admin.appeal import AppealAdmin
from enforcement.admin.filter_rule import FilterRuleAdmin
from enforcement.admin.flag import FlagCaseAdmin
from enforcement.admin.integrator import IntegratorAdmin
from enforcement.admin.leak import LeakReportAdmin
from enforcement.admin.waiver import WaiverAdmin
from enforcement.admin.webhook import WebhookAdmin

__all__ = [
    "AnomalyRuleAdmin",
    "AppealAdmin",
    "FilterRuleAdmin",
    "FlagCaseAdmin",
    "IntegratorAdmin",
    "LeakReportAdmin",
    "WaiverAdmin",
    "WebhookAdmin",
]

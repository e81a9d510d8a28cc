"""The staff's side of enforcement: appeals, integrators, webhooks."""

from enforcement.admin.appeal import AppealAdmin
from enforcement.admin.integrator import IntegratorAdmin
from enforcement.admin.webhook import WebhookAdmin

__all__ = ["AppealAdmin", "IntegratorAdmin", "WebhookAdmin"]

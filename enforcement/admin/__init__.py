"""The staff's side of enforcement: appeals, integrators."""

from enforcement.admin.appeal import AppealAdmin
from enforcement.admin.integrator import IntegratorAdmin

__all__ = ["AppealAdmin", "IntegratorAdmin"]

"""Make flags of what integrators reported to the gateways: the gateway only writes it down and gives a receipt."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from enforcement.domain import flags, owed
from enforcement.models import FlagReport
from enforcement.states import FlagSource
from onboarding.models import Key


def record_owed(*, at: datetime) -> int:
    """Record what was reported; return how many. Safe to run twice and beside itself: one flag for each report."""
    waiting = FlagReport.objects.filter(flag=None, problem="").order_by("pk")
    return owed.settle_each(waiting, lambda pk: _record(pk, at), what="The report of an integrator")


@transaction.atomic
def _record(pk: int, at: datetime) -> bool:
    report = (
        FlagReport.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("integrator")
        .filter(pk=pk, flag=None, problem="")
        .first()
    )
    if report is None:
        return False  # another payer has it
    key = Key.objects.select_related("grant__owner").filter(key_id=report.key_id).first()
    try:
        if key is None:
            raise flags.BadFlag(_("No key is called that."))
        report.flag = flags.record(
            source=FlagSource.PARTNER if report.integrator.is_partner else FlagSource.INTEGRATOR,
            owner=None, key=key, end_user=report.end_user, category=report.category,
            severity=report.severity, excerpt=report.excerpt, by="integrator", at=at,
            idempotency=f"{report.integrator_id}:{report.receipt}",
        )  # fmt: skip
    except flags.BadFlag as error:
        report.problem = str(error)[:200]
    report.excerpt = ""
    report.save(update_fields=["flag", "problem", "excerpt"])
    return True

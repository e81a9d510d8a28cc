"""No rejection for silence before a reminder was delivered and some days have passed since."""

from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from audit import ledger
from outbox.models import Letter
from reviews.models import Case, InformationRequest

REASON = "R8_no_reply"
REMINDERS = ("reviews/question_reminder", "reviews/question_due")
AFTER_REMINDER = timedelta(days=7)  # from the reminder's own sending, so that there was time to read it


def why_not(case: Case, *, at: datetime) -> str:
    """Return why silence is no reason to reject yet, in words for the reviewer; nothing where it is one."""
    asked = InformationRequest.objects.unanswered_of(case).order_by("-pk").first()
    if asked is None:
        return _("Nothing was asked that is still unanswered: silence is no reason here.")
    sent_at = _reminded_at(asked)
    if sent_at is None:
        return _("No reminder has been sent yet: nobody is rejected for silence before that.")
    if at < sent_at + AFTER_REMINDER:
        return _("The first reminder was sent on %(sent)s; silence is a reason from %(after)s on.") % {
            "sent": date_format(localtime(sent_at), _("j F, H:i T")),
            "after": date_format(localtime(sent_at + AFTER_REMINDER), _("j F, H:i T")),
        }
    return ""


def _reminded_at(asked: InformationRequest) -> datetime | None:
    """Return when the first reminder of a question left for its reader."""
    reminders = Letter.objects.filter(
        about_type=ledger.kind_of(asked), about_id=str(asked.pk), kind__in=REMINDERS, sent_at__isnull=False
    )
    return reminders.order_by("sent_at").values_list("sent_at", flat=True).first()

"""What the keys of a grant were used for, as a file; and which notices about it the holder wants."""

import csv
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit import clock
from enforcement import usage
from enforcement.domain import usage_notices
from enforcement.models.usage import COLUMNS
from onboarding.domain import keys
from onboarding.views import access, limits
from onboarding.views import holding as held


@login_required
@require_safe
def file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Answer the last three months of all keys of a grant as CSV, one UTC day a line, each answer by its code."""
    grant, at = access.mine(request, public_id), clock.now()
    recent = limits.recent(held.holding(grant, {}, at), at=at, days=usage.DAYS_IN_FILE)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="usage-{grant.application.number}.csv"'
    writer = csv.writer(answer)
    writer.writerow(["day", *COLUMNS])
    writer.writerows([day.on.isoformat(), *(day.counts[name] for name in COLUMNS)] for day in recent.days)
    return answer


@require_POST
@login_required
def choose(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Keep which levels of a day's limit the holder wants letters about."""
    grant = access.mine(request, public_id)
    levels = [int(level) for level in request.POST.getlist("level") if level.isascii() and level.isdecimal()]
    try:
        usage_notices.choose(grant, levels=levels, by=request.user, at=clock.now())
    except keys.NotYours as refusal:  # removed since the page looked
        raise Http404 from refusal
    except usage_notices.BadLevels as refusal:
        return access.page(request, grant, refusal=str(refusal), status=422)
    messages.success(
        request, _("Kept: you get letters about the levels you ticked, and about a limit that is reached.")
    )
    return access.back(grant)

"""What the keys of a grant were used for, as a file."""

import csv
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit import clock
from enforcement import usage
from enforcement.models.usage import COLUMNS
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

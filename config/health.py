"""What a load balancer and Prometheus ask."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from accounts.models import Erasure
from audit import clock
from enforcement.models import Appeal
from onboarding.models import Application, Grant, Invitation, Key, SealedAnswer, Secret
from outbox.models import Letter
from reviews.models import Decision, InformationRequest


def live(request: HttpRequest) -> JsonResponse:
    """Answer that this process runs."""
    return JsonResponse({"ok": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer whether PostgreSQL and Redis answer; 503 names the one that does not."""
    down = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        down.append("postgresql")
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        down.append("redis")
    return JsonResponse({"ok": not down, "down": down}, status=503 if down else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer how many promises are owed, by kind: what stays high means that a payer does not run."""
    at = clock.now()
    owed = {
        "letters": Letter.objects.owed(at).count(),
        "cases": Application.objects.filter(case_owed=True).count(),
        "decisions": Decision.objects.to_tell(at).count(),
        "questions": InformationRequest.objects.open().filter(due_at__lte=at).count(),
        "invitations": Invitation.objects.untold().count(),
        "wipings": SealedAnswer.objects.filter(wipe_owed=True).count(),
        "reminders": Invitation.objects.to_remind(at).count(),
        "keys": Grant.objects.owed_a_key().count(),
        "appeals": Appeal.objects.late(at).count(),
        "erasures": Erasure.objects.filter(paid_at=None, owed_at__lte=at).count(),
        "overlaps": Secret.objects.live().filter(expires_at__lte=at).count(),
        "projections": Key.objects.projection_owed().count(),
    }
    lines = ["# HELP gatehouse_owed Promises that are due and not yet kept.", "# TYPE gatehouse_owed gauge"]
    lines += [f'gatehouse_owed{{promise="{name}"}} {count}' for name, count in owed.items()]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8")

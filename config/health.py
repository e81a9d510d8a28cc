"""What a load balancer asks."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError


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

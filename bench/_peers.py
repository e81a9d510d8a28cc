"""What the gateway is measured against: `uvicorn bench._peers:NAME`. `prepare()` makes the peers' tables and keys.

`bare` answers, `one_redis` asks Redis once first; `django` is Django with nothing but what the two packages need: no
middleware, connections kept, a view each that lets whoever has a key in (`/api-key`, `/knox`) and says so.
"""

import json
import os
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.urls import path

BODY = json.dumps({"status": 200, "code": "ok"}).encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


def setup(*, pooled: bool = False) -> None:
    """Configure Django for the peers alone, on the database that PEERS_DATABASE_URL names.

    Under ASGI each request has a thread of its own, so a kept connection would never be used again: there a pool.
    """
    import environ

    database = environ.Env.db_url_config(os.environ["PEERS_DATABASE_URL"])
    kept: dict[str, Any] = {"CONN_MAX_AGE": None}
    if pooled:
        kept = {"OPTIONS": database.get("OPTIONS", {}) | {"pool": {"min_size": 4, "max_size": 16}}}
    settings.configure(
        SECRET_KEY="measured",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=[],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework_api_key", "knox",
        ],
        DATABASES={"default": database | kept},
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "UNAUTHENTICATED_USER": None,
        },
    )  # fmt: skip
    django.setup()


def prepare() -> dict[str, str]:
    """Make the tables and a key of each peer; return the value of the Authorization header by path."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from knox.models import AuthToken
    from rest_framework_api_key.models import APIKey

    call_command("migrate", verbosity=0)
    _, key = APIKey.objects.create_key(name="measured")
    _, token = AuthToken.objects.create(User.objects.create(username="measured"), expiry=None)
    return {"/api-key": f"Api-Key {key}", "/knox": f"Token {token}"}


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Answer, asking nobody."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})


async def one_redis(scope: Any, receive: Any, send: Any) -> None:
    """Ask Redis one thing, then answer."""
    if scope["type"] == "http":
        await receive()
        await _redis().get("gh:measured")
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})


_client: Any = None


def _redis() -> Any:
    global _client
    if _client is None:
        from redis.asyncio import Redis

        _client = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    return _client


def _views() -> list[Any]:
    from knox.auth import TokenAuthentication
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework_api_key.permissions import HasAPIKey

    class ApiKey(APIView):
        permission_classes = [HasAPIKey]

        def get(self, request: Any) -> Response:
            return Response({"status": 200, "code": "ok"})

    class Knox(APIView):
        authentication_classes = [TokenAuthentication]
        permission_classes = [IsAuthenticated]

        def get(self, request: Any) -> Response:
            return Response({"status": 200, "code": "ok"})

    return [path("api-key", ApiKey.as_view()), path("knox", Knox.as_view())]


def __getattr__(name: str) -> Any:
    """Make Django only where it is asked for: the bare applications must not carry it."""
    if name == "urlpatterns":
        return _views()
    if name in ("asgi", "wsgi"):
        if not settings.configured:
            setup(pooled=name == "asgi")
        return get_asgi_application() if name == "asgi" else get_wsgi_application()
    raise AttributeError(name)

"""Custom auth of the LiteLLM proxy: each call is asked about at Gatehouse's gateway, with the model its body names.

A refusal reaches the client with the gateway's status, words and Retry-After. What cannot be known is refused.
"""

import os

import httpx
from fastapi import Request
from litellm.proxy._types import ProxyException, UserAPIKeyAuth

GATEWAY = os.environ.get("GATEHOUSE_URL", "http://127.0.0.1:8001")
PATIENCE = 4.0  # seconds: the gateway itself waits a second for Redis and two for PostgreSQL
PASSED_ON = ("retry-after", "ratelimit", "ratelimit-policy", "www-authenticate")

# Where LiteLLM uses the model of the body and no other: some of its paths name one, some fields a second one.
PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/moderations")
OTHERS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "router_settings_override")

client = httpx.AsyncClient(base_url=GATEWAY, timeout=PATIENCE)


async def user_api_key_auth(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Return who calls, or raise what the client is told."""
    if request.method != "POST" or request.url.path not in PATHS:
        raise refusal(f"Ask by POST at one of {', '.join(PATHS)}.", "not_found", 404, {})
    headers = {
        "Authorization": f"Bearer {api_key.removeprefix('Bearer ')}",
        "X-Gatehouse-Model": await model_of(request),
    }
    if end_user := request.headers.get("x-gatehouse-end-user"):
        headers["X-Gatehouse-End-User"] = end_user
    if request.client:
        headers["X-Forwarded-For"] = request.client.host  # the gateway counts networks
    try:
        answer = await client.get("/v1/authorize", headers=headers)
        said = answer.json()
    except (httpx.HTTPError, ValueError):
        raise refusal(
            "Whether this key may pass cannot be known right now.", "unavailable", 503, {}
        ) from None
    if answer.status_code != 200:
        kept = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
        raise refusal(said["detail"], said["code"], answer.status_code, kept)
    return UserAPIKeyAuth(
        api_key=said["key"],  # the public id: the secret goes no further
        user_id=said["owner"],
        metadata={"gatehouse_grant": said["grant"], "gatehouse_program": said["program"]},
    )


async def model_of(request: Request) -> str:
    """Return the model the body names: without one nobody can tell whether it was approved."""
    try:
        said = await request.json()
        named = said.get("model")
    except (ValueError, AttributeError, UnicodeDecodeError):
        said, named = {}, None
    if others := [name for name in OTHERS if name in said]:
        raise refusal(
            f"Leave out {', '.join(others)}: only the model you name is asked about.", "unreadable", 400, {}
        )
    if not isinstance(named, str) or not named:
        raise refusal('Name the "model" in a JSON body.', "unreadable", 400, {})
    return named


def refusal(detail: str, code: str, status: int, headers: dict[str, str]) -> ProxyException:
    return ProxyException(
        message=detail, type=code, param=None, code=status, headers=headers, openai_code=code
    )

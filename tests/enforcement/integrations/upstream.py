"""A small model server: answers chat completions, tells what it was sent, and holds to the model it was asked about.

`uvicorn tests.enforcement.integrations.upstream:app`. It believes X-Gatehouse-* as a server behind the gateway does.
"""

import json


async def any_model(scope, receive, send) -> None:
    """The same behind a proxy that asked the gateway about the model in the body."""
    await app({**scope, "any_model": True}, receive, send)


async def app(scope, receive, send) -> None:
    if scope["type"] != "http":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message.get("more_body"):
            break
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    asked = json.loads(body or b"{}")
    if not scope.get("any_model") and asked.get("model") != headers.get("x-gatehouse-model"):
        await _answer(send, 400, {"error": {"message": "Ask about the model you use: X-Gatehouse-Model."}})
    elif asked.get("stream"):
        await _stream(send, asked["model"])
    else:
        seen = {name: value for name, value in headers.items() if name.startswith(("x-gatehouse", "author"))}
        await _answer(send, 200, _completion(asked["model"], seen))


def _completion(model: str, seen: dict[str, str]) -> dict[str, object]:
    message = {"role": "assistant", "content": json.dumps(seen)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return {
        "id": "c1", "object": "chat.completion", "created": 0, "model": model, "choices": [choice], "usage": usage,
    }  # fmt: skip


async def _answer(send, status: int, said: dict[str, object]) -> None:
    head = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


async def _stream(send, model: str) -> None:
    head = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    for word in ("one ", "two"):
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        said = {
            "id": "c1", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice],
        }  # fmt: skip
        await send(
            {
                "type": "http.response.body",
                "body": f"data: {json.dumps(said)}\n\n".encode(),
                "more_body": True,
            }
        )
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

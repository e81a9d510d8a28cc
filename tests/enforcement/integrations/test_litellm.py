"""The LiteLLM proxy with deploy/litellm/, from an environment of its own (`make litellm`)."""

from secrets import token_hex

import httpx
import openai
import pytest

from devstack.processes import free_port
from tests.enforcement.conftest import MODEL, open_key
from tests.enforcement.integrations import programs

PROGRAM = programs.ROOT / ".venv-litellm" / "bin" / "litellm"
SAID = [{"role": "user", "content": "hello"}]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PROGRAM.exists(), reason="LiteLLM is not installed: make litellm"),
]


@pytest.fixture
def proxy(gateway, tmp_path, monkeypatch):
    """The address of a LiteLLM proxy in front of the small model server, behind the gateway."""
    port = free_port()
    monkeypatch.setenv("GATEHOUSE_URL", gateway.url)
    monkeypatch.setenv("LITELLM_MASTER_KEY", f"sk-{token_hex(32)}")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # nothing is fetched from outside
    monkeypatch.delenv("DATABASE_URL")  # LiteLLM would take it for its own
    monkeypatch.delenv("REDIS_URL")
    with programs.model_server(holds_to_header=False) as model:
        for file in (programs.DEPLOY / "litellm").iterdir():
            (tmp_path / file.name).write_text(file.read_text().replace(":9000", f":{model}"))
        command = f"--config {tmp_path / 'config.yaml'} --host 127.0.0.1 --port {port}"
        with programs.running(str(PROGRAM), *command.split(), port=port, cwd=tmp_path) as address:
            yield address


def talk(proxy: str, secret: str, *, model: str = MODEL):
    client = openai.OpenAI(api_key=secret, base_url=f"{proxy}/v1", max_retries=0)
    return client.chat.completions.create(model=model, messages=SAID)


def test_litellm_lets_in_whom_the_gateway_lets_in_and_says_what_the_gateway_says(opened, proxy):
    limited = open_key(per_minute=1, program=opened.grant.program)
    passed = talk(proxy, limited.secret)

    with pytest.raises(openai.RateLimitError) as full:
        talk(proxy, limited.secret)
    with pytest.raises(openai.PermissionDeniedError) as other_model:
        talk(proxy, opened.secret, model="gate-9")
    with pytest.raises(openai.AuthenticationError):
        talk(proxy, "gh_live_nonsense")

    assert passed.choices[0].finish_reason == "stop"
    assert int(full.value.response.headers["Retry-After"]) > 0
    assert full.value.response.json()["error"]["type"] == "rate_limited"
    assert other_model.value.response.json()["error"]["type"] == "outside_scope"


def test_litellm_lets_nobody_in_without_a_model_that_can_be_read(opened, proxy):
    answer = httpx.post(
        f"{proxy}/v1/chat/completions",
        content=b"model=gate-1",
        headers={"Authorization": f"Bearer {opened.secret}", "Content-Type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 400

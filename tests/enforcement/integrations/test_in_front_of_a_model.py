"""The OpenAI SDK in front of nginx or Envoy in front of a model: what the gateway says reaches the developer."""

import json

import httpx
import openai
import pytest

from audit import clock
from onboarding.domain import grants
from tests.enforcement.conftest import MODEL, open_key
from tests.enforcement.integrations import programs
from tests.factories import make_senior

pytestmark = [pytest.mark.django_db(transaction=True)]
SAID = [{"role": "user", "content": "hello"}]
NAMES = {
    "x-gatehouse-grant",
    "x-gatehouse-key",
    "x-gatehouse-owner",
    "x-gatehouse-program",
    "x-gatehouse-model",
}


@pytest.fixture(scope="module")
def model_server():
    with programs.model_server() as port:
        yield port


@pytest.fixture(params=["nginx", "envoy"])
def front(request, gateway, model_server, tmp_path):
    """The address of a proxy before the model."""
    if request.param == "nginx" and not programs.nginx_is_here():
        pytest.skip("There is no nginx here: apt-get install nginx-light")
    with getattr(programs, request.param)(tmp_path, gateway=gateway.port, model=model_server) as address:
        yield address


@pytest.fixture
def developer(front):
    """Return the SDK of a developer with this secret, who names the model in a header too."""

    def with_secret(secret: str, *, model: str = MODEL) -> openai.OpenAI:
        return openai.OpenAI(
            api_key=secret,
            base_url=f"{front}/v1",
            max_retries=0,
            default_headers={"X-Gatehouse-Model": model},
        )

    return with_secret


def talk(client: openai.OpenAI, *, model: str = MODEL, **more):
    return client.chat.completions.create(model=model, messages=SAID, **more)


def test_a_good_key_reaches_the_model_which_hears_who_it_is_and_not_the_secret(opened, developer):
    heard = json.loads(talk(developer(opened.secret)).choices[0].message.content)

    assert set(heard) - {"x-gatehouse-request"} == NAMES
    assert (heard["x-gatehouse-key"], heard["x-gatehouse-program"]) == (opened.key.key_id, "gate")


def test_an_answer_may_be_a_stream(opened, developer):
    pieces = [piece.choices[0].delta.content for piece in talk(developer(opened.secret), stream=True)]

    assert pieces == ["one ", "two"]


def test_a_client_sees_what_is_left(opened, developer):
    answer = developer(opened.secret).chat.completions.with_raw_response.create(model=MODEL, messages=SAID)

    assert '"minute";r=59' in answer.headers["RateLimit"]


def test_a_limit_that_is_used_up_is_429_with_the_time_to_come_back(opened, developer):
    client = developer(open_key(per_minute=1, program=opened.grant.program).secret)
    talk(client)

    with pytest.raises(openai.RateLimitError) as refused:
        talk(client)

    answer, said = refused.value.response, refused.value.response.json()
    assert (answer.status_code, said["code"], said["limit"]) == (429, "rate_limited", "requests_per_minute")
    assert int(answer.headers["Retry-After"]) == said["retry_after"] > 0
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_key_is_401_with_the_challenge(opened, developer):
    with pytest.raises(openai.AuthenticationError) as refused:
        talk(developer("gh_live_nonsense"))

    answer = refused.value.response
    assert (answer.json()["code"], "invalid_token" in answer.headers["WWW-Authenticate"]) == (
        "malformed_key",
        True,
    )


def test_a_suspended_key_is_403_and_says_where_to_appeal(opened, developer):
    client = developer(opened.secret)
    grants.suspend(opened.grant, by=make_senior(), at=clock.now(), reason="abuse")

    with pytest.raises(openai.PermissionDeniedError) as refused:
        talk(client)

    assert refused.value.response.json()["code"] == "suspended"
    assert refused.value.response.json()["appeal_url"].endswith("/access/")


def test_another_model_than_the_approved_one_is_403(opened, developer):
    with pytest.raises(openai.PermissionDeniedError) as refused:
        talk(developer(opened.secret, model="gate-9"), model="gate-9")

    assert refused.value.response.json()["reason"] == "model_not_approved"


def test_asking_about_one_model_and_using_another_is_refused_by_the_model(opened, developer):
    with pytest.raises(openai.BadRequestError):
        talk(developer(opened.secret), model="gate-9")


def test_what_a_client_says_it_is_does_not_get_through(opened, developer):
    spoofed = dict.fromkeys(
        ("X-Gatehouse-Owner", "X-Gatehouse-Conditions", "X-Gatehouse-Via"), "auth_request"
    )

    heard = json.loads(talk(developer(opened.secret), extra_headers=spoofed).choices[0].message.content)

    assert heard["x-gatehouse-owner"] == str(opened.grant.owner.public_id)
    assert "auth_request" not in heard.values()


def test_a_gateway_that_does_not_answer_lets_nobody_in(opened, model_server, tmp_path):
    for number, front in enumerate((programs.nginx, programs.envoy)):
        if front is programs.nginx and not programs.nginx_is_here():
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        with front(folder, gateway=1, model=model_server) as address:
            answer = httpx.post(
                f"{address}/v1/chat/completions",
                json={"model": MODEL},
                headers={"Authorization": f"Bearer {opened.secret}", "X-Gatehouse-Model": MODEL},
                timeout=20,
            )
            assert answer.status_code == 503, front

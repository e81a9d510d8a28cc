"""The self-service API: as it describes itself, by scope and person, with the pages' rules and words."""

import json
from datetime import timedelta

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as bounded
from schemathesis import checks

from accounts.domain import tokens
from accounts.scopes import Scope
from config.api import api
from config.wsgi import application as wsgi
from onboarding.models import Application, Grant, Key, Secret
from onboarding.states import ApplicationState
from tests.enforcement.flagging import make_flag
from tests.factories import (
    MONDAY,
    make_application,
    make_entry,
    make_organisation,
    make_program,
    make_rate,
    make_secret,
    make_user,
)
from tests.onboarding import standings

pytestmark = pytest.mark.django_db
ALL = [scope.value for scope in Scope]


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    cache.clear()


@pytest.fixture
def alice():
    return make_user("alice")


def bearer(user, *scopes, name="test"):
    """Return the header that sends a new token of this person."""
    ends_at = MONDAY + timedelta(days=30)
    _, secret = tokens.make(user, name=name, scopes=scopes or ALL, expires_at=ends_at, at=MONDAY)
    return {"Authorization": f"Bearer {secret}"}


def by(user, *scopes, name="test"):
    """Return a client that sends this person's token."""
    return Client(headers=bearer(user, *scopes, name=name), raise_request_exception=False)


def post(client, path, **said):
    return client.post(path, json.dumps(said), content_type="application/json")


# --- who may ask

CALLS = [
    ("GET", "/api/v1/applications", Scope.READ_APPLICATIONS),
    ("GET", "/api/v1/applications/{number}", Scope.READ_APPLICATIONS),
    ("POST", "/api/v1/applications/{number}/withdraw", Scope.WRITE_APPLICATIONS),
    ("POST", "/api/v1/applications/{number}/leave", Scope.WRITE_APPLICATIONS),
    ("POST", "/api/v1/applications/{number}/invitation", Scope.WRITE_APPLICATIONS),
    ("GET", "/api/v1/applications/{number}/questions", Scope.READ_APPLICATIONS),
    ("POST", "/api/v1/applications/{number}/answer", Scope.WRITE_APPLICATIONS),
    ("GET", "/api/v1/access", Scope.READ_KEYS),
    ("POST", "/api/v1/access/{access}/keys", Scope.WRITE_KEYS),
    ("GET", "/api/v1/access/{access}/usage", Scope.READ_USAGE),
    ("GET", "/api/v1/keys", Scope.READ_KEYS),
    ("GET", "/api/v1/keys/{key_id}", Scope.READ_KEYS),
    ("POST", "/api/v1/keys/{key_id}/rename", Scope.WRITE_KEYS),
    ("POST", "/api/v1/keys/{key_id}/limit", Scope.WRITE_KEYS),
    ("POST", "/api/v1/keys/{key_id}/suspend", Scope.WRITE_KEYS),
    ("POST", "/api/v1/keys/{key_id}/resume", Scope.WRITE_KEYS),
    ("POST", "/api/v1/keys/{key_id}/revoke", Scope.WRITE_KEYS),
    ("POST", "/api/v1/keys/{key_id}/end-old", Scope.WRITE_KEYS),
    ("POST", "/api/v1/keys/{key_id}/rotate", Scope.WRITE_KEYS),
    ("POST", "/api/v1/access/{access}/reports", Scope.WRITE_REPORTS),
    ("GET", "/api/v1/reports/{receipt}", Scope.READ_KEYS),
    ("POST", "/api/v1/export", Scope.READ_EXPORT),
    ("GET", "/api/v1/applications/{number}/appeals", Scope.READ_APPLICATIONS),
    ("POST", "/api/v1/applications/{number}/appeals", Scope.WRITE_APPEALS),
    ("POST", "/api/v1/applications/{number}/appeals/{kind}/withdraw", Scope.WRITE_APPEALS),
]
SAID = {
    "answer": "accept",
    "kind": "appeal",
    "statement": "x",
    "environment": "test",
    "name": "board",
    "overlap": "none",
    "seen": 1,
    "per": "day",
    "most": 1,
    "said": "x",
}
MARK = {"Idempotency-Key": "one"}  # what only reports need


def places(path, user):
    """Return what stands in the path's placeholders: things of this person."""
    if "{key_id}" in path or "{access}" in path or "{receipt}" in path:
        key, _ = make_secret(applicant=user)
        flag = make_flag(key.grant, source="holder", by=user)
        return {"key_id": key.key_id, "access": key.grant.public_id, "receipt": flag.receipt}
    return {"number": make_application(applicant=user).number, "kind": "appeal"}


def ask(client, method, path, places):
    path = path.format(**places)
    if method == "GET":
        return client.get(path)
    said = SAID | ({"kind": "requests"} if path.endswith("/limit") else {})
    return client.post(path, json.dumps(said), content_type="application/json", headers=MARK)


def test_the_table_holds_every_operation():
    described = {
        (method.upper(), path)
        for path, methods in api.get_openapi_schema(path_prefix="/api/")["paths"].items()
        for method in methods
    }

    assert described == {(method, path) for method, path, _ in CALLS} | {("GET", "/api/v1/me")}


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_each_call_takes_its_scope_and_no_other(alice, method, path, scope):
    mine = places(path, alice)
    others = [other for other in ALL if other != scope]

    assert ask(by(alice, *others), method, path, mine).status_code == 403
    assert ask(by(alice, scope, name="another"), method, path, mine).status_code not in (401, 403)


@pytest.mark.parametrize(("method", "path", "scope"), [call for call in CALLS if "{" in call[1]])
def test_anothers_things_are_not_there(alice, method, path, scope):
    theirs = places(path, alice)
    before = [list(model.objects.values_list()) for model in (Application, Grant, Key, Secret)]

    answer = ask(by(make_user("charlie")), method, path, theirs)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert [list(model.objects.values_list()) for model in (Application, Grant, Key, Secret)] == before


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_signed_in_on_the_pages_is_nobody_here(client, alice, method, path, scope):
    client.force_login(alice)

    answer = ask(client, method, path, places(path, alice))

    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_asks_nothing_more(alice):
    client = by(alice)
    tokens.revoke(alice.tokens.get(), by=alice, at=MONDAY)

    assert client.get("/api/v1/me").status_code == 401


def test_a_member_asks_for_the_organisation(alice):
    owner = standings.owner_of(make_organisation(make_user("bob"), alice))
    application = make_application(owner=owner, applicant=make_user("zoe"))

    assert by(alice).get(f"/api/v1/applications/{application.number}").json()["owner"] == "Pygma Labs"


def test_more_calls_than_allowed_wait_for_the_next_minute(alice, settings):
    settings.API_PER_MINUTE = 2
    client, other = by(alice), by(alice, name="other")

    answers = [client.get("/api/v1/me").status_code for _ in range(3)]

    assert (answers, other.get("/api/v1/me").status_code) == ([200, 200, 429], 200)
    assert client.get("/api/v1/me").headers["Retry-After"].isdigit()


# --- what it tells and does


@pytest.mark.parametrize("standing", standings.MAKERS)
def test_each_standing_is_told_as_on_the_pages(alice, standing):
    application = standings.MAKERS[standing](alice)

    told = by(alice).get(f"/api/v1/applications/{application.number}").json()

    assert told["standing"] == standing


def test_a_place_is_told_with_its_dates(alice):
    application = standings.in_line(alice)

    place = by(alice).get(f"/api/v1/applications/{application.number}").json()["place"]

    assert (place["position"], place["total"], place["observed_weeks"]) == (1, 1, None)
    assert place["earliest"] < place["latest"]


def test_the_list_goes_on_by_key_and_asks_as_much_for_three_as_for_one(alice, django_assert_num_queries):
    client = by(alice)
    client.get("/api/v1/me")  # notes the token's use, once in a while
    made = []
    for _ in range(3):
        made.append(make_application(applicant=alice).number)
        with django_assert_num_queries(3):  # the token, the list, its seats and grants where there are any
            client.get("/api/v1/applications")

    first = client.get("/api/v1/applications", {"limit": 2}).json()
    rest = client.get("/api/v1/applications", {"limit": 2, "after": first["after"]}).json()

    assert [one["number"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["after"] is None


def test_accepting_gives_access_and_declining_after_is_refused_in_the_pages_words(alice):
    application, _ = standings.invited(alice)
    client, path = by(alice), f"/api/v1/applications/{application.number}/invitation"

    accepted = post(client, path, answer="accept")
    declined = post(client, path, answer="decline")

    assert accepted.json()["standing"] == "key_owed"
    assert (declined.status_code, declined.json()["detail"]) == (
        409,
        "This invitation is accepted; nothing was changed.",
    )


def test_withdrawing_and_leaving(alice):
    program = make_program()
    make_rate(program, 1)
    waiting, sent = make_entry(program, applicant=alice).application, make_application(applicant=alice)
    client = by(alice)

    left = post(client, f"/api/v1/applications/{waiting.number}/leave")
    withdrawn = post(client, f"/api/v1/applications/{sent.number}/withdraw")
    again = post(client, f"/api/v1/applications/{sent.number}/withdraw")

    assert (left.json()["standing"], withdrawn.json()["standing"], again.status_code) == (
        "lapsed",
        "withdrawn",
        409,
    )
    assert Application.objects.get(pk=sent.pk).state == ApplicationState.WITHDRAWN


def test_an_appeal_is_filed_once_and_taken_back(alice):
    application = standings.rejected(alice)
    client, path = by(alice), f"/api/v1/applications/{application.number}/appeals"
    said = {"kind": "appeal", "statement": "The addresses were not bought: each person asked for the letter."}

    filed = [post(client, path, **said) for _ in range(2)]
    short = post(client, path, kind="appeal", statement="No.")
    withdrawn = post(client, f"{path}/appeal/withdraw")

    assert [answer.status_code for answer in filed] == [201, 201]
    assert short.status_code in (409, 422)
    assert withdrawn.json()["state"] == "withdrawn"
    assert len(client.get(path).json()["items"]) == 1


def test_a_wrong_call_says_what_is_wrong_and_repeats_nothing(alice):
    application, _ = standings.invited(alice)
    path = f"/api/v1/applications/{application.number}/invitation"

    answer = post(by(alice), path, answer="gh_live_pasted_here")

    assert answer.status_code == 422
    assert "answer" in answer.json()["detail"]
    assert "pasted_here" not in answer.content.decode()


def test_text_that_is_no_text_and_calls_too_large_are_refused(alice, settings):
    application, _ = standings.invited(alice)
    client, path = by(alice), f"/api/v1/applications/{application.number}/invitation"

    broken = client.post(path, '{"answer": "decline", "reason": "\\ud800"}', content_type="application/json")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    large = post(client, path, answer="decline", reason="x" * 200)

    assert (broken.status_code, large.status_code, large.json()["code"]) == (422, 413, "too_large")
    assert broken.headers["Content-Type"] == large.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/me", "/api/v1/applications/a/b/c/d"])
def test_every_other_address_answers_as_the_api_does(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_the_page_of_the_documentation_names_every_operation_and_needs_no_script(client):
    page = client.get("/api/docs").content.decode()

    assert [path for _, path, _ in CALLS if path not in page] == []
    assert "cdn" not in page


# --- against its own description

schema = schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi)
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture
def things(alice, settings):
    """Alice with something at every address; the test's own connection outlives each call."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield something_everywhere(alice, settings)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def something_everywhere(alice, settings):
    settings.API_PER_MINUTE = 1_000_000
    standings.invited(alice)
    key, _ = make_secret(applicant=alice)
    return {
        "number": standings.rejected(alice).number,
        "key_id": key.key_id,
        "access": str(key.grant.public_id),
        "receipt": make_flag(key.grant, source="holder", by=alice).receipt,
    }


@pytest.fixture(params=["token", "nobody"])
def headers(request, alice):
    return bearer(alice) if request.param == "token" else {}


@schema.parametrize()
@bounded(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_it_keeps_to_its_own_description(case, things, headers):
    """Made-up calls: no server error, no status, media type or answer that is not described."""
    case.call_and_validate(headers=headers, checks=CHECKS)


@schema.parametrize()
@bounded(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_it_keeps_to_it_about_what_is_there(case, things, headers):
    known = {name: thing for name, thing in things.items() if name in case.path_parameters}
    case.path_parameters.update(known)

    case.call_and_validate(headers=headers, checks=CHECKS)


@pytest.mark.parametrize(
    ("standing", "act", "said", "side"),
    [
        ("in_line", "withdraw", {}, "onboarding.domain.steps.may_see"),
        ("in_line", "leave", {}, "onboarding.domain.places.may_see"),
        (
            "invited",
            "invitation",
            {"answer": "accept"},
            "onboarding.domain.invitations.may_answer_invitation",
        ),
        (
            "rejected",
            "appeals",
            {"kind": "appeal", "statement": "x" * 50},
            "enforcement.domain.appeals.may_file",
        ),
    ],
)
def test_who_is_removed_between_the_look_and_the_lock_is_told_nothing(
    alice, monkeypatch, standing, act, said, side
):
    number = standings.MAKERS[standing](alice).number
    monkeypatch.setattr(side, lambda user, thing: False)

    answer = post(by(alice), f"/api/v1/applications/{number}/{act}", **said)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

"""Integrators report to the gateway: a receipt is a row, and a row becomes one flag."""

import httpx
import pytest

from audit import clock
from enforcement.domain import flag_reports, integrators
from enforcement.models import Flag, FlagReport
from tests.enforcement.appealing import known
from tests.enforcement.conftest import Opened
from tests.factories import make_guidelines, make_manager
from tests.processes import until

MARK = {"Idempotency-Key": "report-1"}


@pytest.fixture
def token(transactional_db) -> str:
    make_guidelines()
    return integrators.make(name="Proxy", by=known("dora", make_manager), at=clock.now())[1]


def send(gateway, token: str | None, said: object, **headers: str) -> httpx.Response:
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(f"{gateway.url}/v1/flags", headers=headers, json=said, timeout=20)


def accepted(gateway, token: str, said: object, **headers: str) -> dict:
    """Return the answer once this gateway knows the token: it looks again twice a second."""
    until(lambda: send(gateway, token, {}).status_code != 401, "the token to be known")
    return send(gateway, token, said, **headers).json()


def test_a_report_is_a_row_and_becomes_one_flag(gateway, opened: Opened, token):
    said = {
        "key": opened.key.key_id,
        "category": "cyber_abuse",
        "severity": 2,
        "excerpt": "How to",
        "end_user": "h",
    }

    first, again = (accepted(gateway, token, said, **MARK) for _ in "ab")
    made = [flag_reports.record_owed(at=clock.now()) for _ in "ab"]

    report, flag = FlagReport.objects.get(), Flag.objects.get()
    assert (first["receipt"], again["receipt"], again["repeated"]) == (report.receipt, report.receipt, True)
    assert (made, flag.source, flag.key, flag.severity) == ([1, 0], "integrator", opened.key, 2)
    assert (flag.excerpt, flag.end_user, report.excerpt) == ("How to", "h", "")


def test_what_the_guidelines_do_not_know_is_kept_with_why_no_flag_was_made(gateway, opened: Opened, token):
    accepted(gateway, token, {"key": opened.key.key_id, "category": "nonsense"}, **MARK)

    flag_reports.record_owed(at=clock.now())

    assert FlagReport.objects.get().problem == "The guidelines have no category “nonsense”."


@pytest.mark.parametrize(
    ("said", "headers", "status", "code"),
    [
        ({"key": "k_0000000000000000"}, MARK, 404, "no_such_key"),
        ({"key": "nonsense"}, MARK, 400, "unreadable"),
        ({"key": "k_0000000000000000"}, {}, 400, "unreadable"),
        ({"key": "k_0000000000000000", "severity": 9}, MARK, 400, "unreadable"),
        ({"key": "k_0000000000000000", "excerpt": "x" * 501}, MARK, 400, "unreadable"),
        ([], MARK, 400, "unreadable"),
    ],
    ids=["no such key", "no key", "no mark", "too grave", "too long", "no object"],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(gateway, opened, token, said, headers, status, code):
    answer = accepted(gateway, token, said, **headers)

    assert (answer["status"], answer["code"], FlagReport.objects.count()) == (status, code, 0)


def test_nobody_reports_without_a_token(gateway, opened):
    assert send(gateway, None, {"key": opened.key.key_id}, **MARK).status_code == 401

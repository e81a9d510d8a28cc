"""The holder of a key reports by the API: one report for one mark, a receipt, and where it stands."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache

from enforcement.domain import flag_cases
from enforcement.models import Flag
from tests.enforcement.appealing import known
from tests.enforcement.flagging import VIOLATION
from tests.factories import MONDAY, make_guidelines, make_organisation, make_reviewer, make_secret, make_user
from tests.onboarding.standings import owner_of
from tests.test_api import by

pytestmark = pytest.mark.django_db
SAID = {"said": "Somebody sells our key.", "end_user": "h-17"}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    cache.clear()
    make_guidelines()


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def key(alice):
    return make_secret(applicant=alice)[0]


def report(client, key, *, mark="one", **said):
    headers = {"Idempotency-Key": mark} if mark is not None else {}
    path = f"/api/v1/access/{key.grant.public_id}/reports"
    return client.post(path, json.dumps(SAID | said), content_type="application/json", headers=headers)


def test_a_report_gets_a_receipt_and_a_person_within_a_day(alice, key):
    answer = report(by(alice), key, key_id=key.key_id, category="fraud_spam")

    flag, said = Flag.objects.get(), answer.json()
    assert (flag.source, flag.raised_by, flag.key, flag.end_user, flag.category) == (
        "holder", alice, key, "h-17", "fraud_spam",
    )  # fmt: skip
    assert (answer.status_code, said["receipt"], said["state"]) == (201, flag.receipt, "open")
    assert flag.case.due_at == MONDAY + timedelta(hours=24)


def test_sent_again_it_is_the_same_report(alice, key):
    client = by(alice)

    first, again = (report(client, key) for _ in "ab")

    assert (first.status_code, again.status_code, Flag.objects.count()) == (201, 200, 1)
    assert first.json() == again.json()


def test_one_mark_is_not_for_two_reports(alice, key):
    client = by(alice)
    report(client, key)

    answer = report(client, key, said="Something else.")

    assert (answer.status_code, answer.json()["code"], Flag.objects.count()) == (409, "mark_used", 1)


def test_the_marks_of_two_people_are_two(alice, key):
    bob = make_user("bea")
    theirs, _ = make_secret(applicant=bob)

    report(by(alice), key)
    report(by(bob), theirs)

    assert Flag.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"said": " "}, "bad_report"),
        ({"said": "x" * 2001}, "bad_report"),
        ({"key_id": "k_0000000000000000"}, "bad_report"),
        ({"category": "gh_live_pasted_here"}, "bad_report"),
        ({"end_user": "x" * 129}, "invalid"),
        ({"key_id": "nonsense"}, "invalid"),
        ({"mark": None}, "invalid"),
        ({"mark": "two words"}, "invalid"),
        ({"mark": "x" * 101}, "invalid"),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused_in_words_and_not_repeated(alice, key, said, code):
    answer = report(by(alice), key, **said)

    assert (answer.status_code, answer.json()["code"], Flag.objects.count()) == (422, code, 0)
    assert "pasted_here" not in answer.content.decode()


def test_after_twenty_in_an_hour_one_waits_but_may_repeat(alice, key):
    client = by(alice)
    for number in range(20):
        report(client, key, mark=f"m{number}")

    more, again = report(client, key, mark="m20"), report(client, key, mark="m19")

    assert (more.status_code, more.json()["code"], more.headers["Retry-After"]) == (
        429, "too_many_reports", "3600",
    )  # fmt: skip
    assert again.status_code == 200


def test_where_it_stands_is_told_until_it_is_decided(alice, key):
    client, bob = by(alice), known("bob", make_reviewer)
    path = f"/api/v1/reports/{report(client, key).json()['receipt']}"
    before = client.get(path).json()
    case = Flag.objects.get().case

    flag_cases.decide(flag_cases.take(case, by=bob, at=MONDAY), by=bob, at=MONDAY, **VIOLATION)

    after = client.get(path).json()
    assert (before["state"], before["decided_at"]) == ("open", None)
    assert (after["state"], after["decided_at"]) == ("confirmed", "2026-11-23T12:00:00Z")


def test_a_colleague_sees_it_and_a_stranger_does_not(alice):
    mo = make_user("mo")
    organisation = owner_of(make_organisation(alice, mo))
    key, _ = make_secret(applicant=alice, owner=organisation)
    path = f"/api/v1/reports/{report(by(alice), key).json()['receipt']}"

    found = [by(person).get(path).status_code for person in (mo, make_user("charlie"))]

    assert found == [200, 404]


def test_what_others_reported_about_it_is_not_there(alice, key):
    flag = Flag.objects.get(receipt=report(by(alice), key).json()["receipt"])
    about = Flag.objects.create(
        source="filter", owner=flag.owner, grant=flag.grant, severity=1, case=flag.case, raised_at=MONDAY
    )

    assert by(alice, name="b").get(f"/api/v1/reports/{about.receipt}").status_code == 404

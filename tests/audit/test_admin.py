"""The ledger's page: who may read it, its filters, and that it is as quick at the end as at the start."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from accounts.roles import Role
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_staff, make_user, verified

pytestmark = pytest.mark.django_db

PAGE = "/admin/audit/ledgerentry/"


@pytest.fixture
def olga(client):
    user = make_staff("olga", Role.AUDITOR)
    client.force_login(user)
    return user


def fill(number: int) -> None:
    said = {
        "at": MONDAY,
        "event": Event.KEY_ISSUED,
        "subject_type": "onboarding.key",
        "actor": "system:worker",
    }
    LedgerEntry.objects.bulk_create(LedgerEntry(subject_id=str(i), **said) for i in range(number))


def shown(client, query: str = "") -> list[int]:
    return [
        int(pk)
        for pk in re.findall(
            r'ledgerentry/(\d+)/change/" data-row', client.get(PAGE + query).content.decode()
        )
    ]


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ([Role.AUDITOR], 200),
        ([Role.REVIEWER], 403),
        ([Role.ONBOARDING_MANAGER], 403),
        ([Role.POLICY_EDITOR], 403),
    ],
)
def test_only_auditors_read_the_ledger(client, roles, status):
    client.force_login(make_staff("somebody", *roles))

    assert client.get(PAGE).status_code == status


@pytest.mark.parametrize("page", [PAGE, "/admin/audit/seal/"])
def test_a_stranger_sees_none_of_it(client, page):
    client.force_login(verified(make_user("charlie")))

    assert client.get(page, follow=True).status_code == 403


def test_one_entry_is_read_and_cannot_be_changed(client, olga):
    fill(1)
    page = reverse("admin:audit_ledgerentry_change", args=[LedgerEntry.objects.get().pk])

    assert (client.get(page).status_code, client.post(page, {"reason": "x"}).status_code) == (200, 403)
    assert client.post(page.replace("change", "delete")).status_code == 403
    assert client.get(f"{PAGE}add/").status_code == 403


def test_pages_by_key_show_every_entry_once(client, olga):
    fill(120)
    seen, query = [], ""
    while True:
        answer = client.get(PAGE + query)
        seen += [entry.pk for entry, _ in answer.context["rows"]]
        if not answer.context["older_url"]:
            break
        query = answer.context["older_url"]

    assert seen == list(LedgerEntry.objects.order_by("-id").values_list("id", flat=True))


def test_the_newer_page_is_the_one_one_came_from(client, olga):
    fill(120)
    first = client.get(PAGE).context
    second = client.get(PAGE + first["older_url"]).context

    back = client.get(PAGE + second["newer_url"]).context

    assert [entry.pk for entry, _ in back["rows"]] == [entry.pk for entry, _ in first["rows"]]


def test_each_filter_chooses(client, olga):
    fill(2)
    with_alice = make_user("alice")
    ledger.record(Event.USER_JOINED, subject=with_alice, actor=with_alice, at=MONDAY + timedelta(days=2))
    keys = list(LedgerEntry.objects.filter(event="key.issued").order_by("-id").values_list("id", flat=True))
    joined = LedgerEntry.objects.get(event="user.joined").pk

    expected = {
        "?event=key.issued": keys,
        "?actor=ALICE@example.org": [joined],
        f"?actor=user:{with_alice.pk}": [joined],
        "?actor=worker": keys,
        "?kind=accounts.user": [joined],
        "?kind=onboarding.key&number=0": keys[1:],
        "?since=2026-11-24": [joined],
        "?until=2026-11-23": keys,
        "?since=2026-11-23&until=2026-11-23&actor=system:worker": keys,
    }
    assert {query: shown(client, query) for query in expected} == expected


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?actor=nobody@example.org", "Nobody has this e-mail address."),
        ("?number=5", "An id needs its kind beside it."),
        ("?since=2026-11-24&until=2026-11-23", "before the first one"),
        ("?since=tomorrow", "Enter a valid date"),
        ("?event=nonsense", "Select a valid choice"),
        ("?before=abc&after=-1&before=99999999999999999999999", ""),
    ],
)
def test_a_filter_that_cannot_be_read_is_answered_in_words(client, olga, query, says):
    answer = client.get(PAGE + query)

    assert (answer.status_code, says in answer.content.decode()) == (200, True)


def test_people_are_named_by_their_address(client, olga):
    ledger.record(Event.USER_JOINED, subject=olga, actor=olga, at=MONDAY)

    assert "olga@example.org" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_asks_the_same_however_many_people_acted(client, olga, number, django_assert_num_queries):
    for _ in range(number):
        person = make_user()
        ledger.record(Event.USER_JOINED, subject=person, actor=person, at=MONDAY)

    with django_assert_num_queries(6):  # session, person, rights (2), entries, their actors
        client.get(PAGE)


@pytest.mark.parametrize(
    "query", ["", "?event=user.erased", "?actor=system:nobody", "?kind=onboarding.key&number=77777"]
)
def test_no_filter_reads_the_whole_ledger(query):
    """Looked at in the plan: rare values go through their own index, never through a scan of the table."""
    from django.http import QueryDict

    from audit.forms import LedgerFilter

    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO audit_ledgerentry (at, event, subject_type, subject_id, actor, reason, details)
               SELECT now() - i * interval '1 second', 'key.issued', 'onboarding.key', i, 'user:' || i % 500, '', '{}'
               FROM generate_series(1, 30000) i"""
        )
        cursor.execute("ANALYZE audit_ledgerentry")

    plan = LedgerFilter(QueryDict(query[1:]) or None).chosen().order_by("-id")[:51].explain()

    assert "Seq Scan" not in plan

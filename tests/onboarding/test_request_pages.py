"""Requests about a grant on their pages: what the holder is told, what the reviewer may see, what it costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import LedgerEntry
from onboarding.domain import grants, keys, renewals
from onboarding.models import Tier
from onboarding.states import ApplicationKind
from outbox.models import Letter
from reviews.domain import cases, claims
from reviews.models import Case
from tests.audit.test_invariants import broken, by_force
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_entry,
    make_grant,
    make_owner,
    make_program,
    make_reviewer,
    make_secret,
    make_senior,
    make_user,
)
from tests.onboarding.requesting import CHANGE, EVIDENCE, LATER, sent, told, trial_grant
from tests.onboarding.test_requests import REQUESTS, request_about

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
Kind = ApplicationKind


def words(response) -> str:
    return " ".join(response.content.decode().split())


# --- the holder


def test_the_limits_shown_are_those_in_force(client, alice):
    key, _ = make_secret(make_program("code"), applicant=alice)
    page = reverse("grant", args=[key.grant.public_id])
    shown = [client.get(page).context["allowances"]]
    grants.limit(grants.locked(key.grant_id), by="beat", at=MONDAY, reason="not_acknowledged")
    shown.append(client.get(page).context["allowances"])

    own, trial = Tier.objects.get(environment="live"), Tier.objects.get(environment="test")
    assert [[(each.environment, each.tier, each.own) for each in rows] for rows in shown] == [
        [("live", own, None)],
        [("live", trial, own)],
    ]
    assert "instead of 1,000" in words(client.get(page))


@pytest.mark.parametrize("name", ["access", "applications"])
def test_the_lists_ask_as_often_for_three_requests_as_for_one(client, alice, name):
    grant = make_grant(applicant=alice)
    counts = []
    for kind in REQUESTS:
        request_about(grant, kind)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(reverse(name))
        counts.append(len(asked))

    assert counts == [counts[0]] * 3


def test_the_status_page_asks_as_often_for_three_requests_as_for_one(client, alice):
    grant = make_grant(applicant=alice)
    client.get(
        reverse("application", args=[grant.application.number])
    )  # a question set is read once a process
    counts = []
    for kind in REQUESTS:
        request_about(grant, kind)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("application", args=[grant.application.number]))
        counts.append(len(asked))

    assert counts == [counts[0]] * 3


def test_a_program_page_says_where_its_reader_stands_instead_of_asking_to_apply(client, alice):
    program = make_program()
    page = reverse("program", args=[program.slug])
    seen = [words(client.get(page))]
    make_entry(program, applicant=alice)
    seen.append(words(client.get(page)))

    assert [("See where you stand" in text, "About ten minutes" in text) for text in seen] == [
        (False, True),
        (True, False),
    ]
    assert [text.count("btn-fill") for text in seen] == [1, 1]


def test_a_program_page_names_nobody_elses_application(client, alice):
    program = make_program()
    make_application(program)

    assert client.get(reverse("program", args=[program.slug])).context["ours"] == []


def test_a_letter_about_a_request_that_came_to_nothing_does_not_say_they_asked_for_it(alice):
    accept_guidelines(alice)
    grant = trial_grant(alice)
    sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    grants.revoke(grant, by=make_senior(), at=LATER, reason="Sold the key")

    renewals.drop_moot(at=LATER)

    letter = Letter.objects.get(kind="onboarding/withdrawn")
    assert "because the access to Code that it was about has ended" in letter.text
    assert "as you or somebody" not in letter.text


# --- the reviewer


def test_the_test_login_is_shown_to_who_holds_the_case_and_each_showing_is_recorded(client, alice):
    accept_guidelines(alice)
    request = sent(trial_grant(alice), Kind.PRODUCTION, alice, at=MONDAY, **EVIDENCE)
    cases.open_owed(at=MONDAY)
    case = Case.objects.get(application=request)
    bob, bea = make_reviewer("bob"), make_reviewer("bea")
    claims.claim(case, by=bob, at=MONDAY)

    seen = []
    for reader in (bea, bob, bob):
        client.force_login(reader)
        answer = client.post(reverse("admin:case_test_login", args=[case.pk]))
        seen.append((answer.status_code, "hunter2" in words(answer)))
    page = client.get(reverse("admin:case", args=[case.pk]))

    assert seen == [(409, False), (200, True), (200, True)]
    assert ("no-store" in answer["Cache-Control"], "hunter2" in words(page)) == (True, False)
    rows = LedgerEntry.objects.filter(event="sealed.shown")
    assert list(rows.values_list("actor", flat=True)) == [f"user:{bob.pk}"] * 2


# --- what must hold

BREAKS = [
    (
        "UPDATE onboarding_application SET owner_id = (SELECT max(id) FROM accounts_owner) WHERE kind = 'amendment'",
        "A request about a grant has the grant's program and owner.",
    ),
    (
        "UPDATE onboarding_application SET kind = 'renewal' WHERE kind = 'amendment'",
        "No grant has two open requests of one kind.",
    ),
    (
        "UPDATE onboarding_application SET state = 'rejected' WHERE kind = 'production'",
        "A grant that was raised has an approved production review.",
    ),
    (
        "DELETE FROM audit_ledgerentry WHERE event = 'grant.raised'",
        "A grant given in the trial tier has the live one only since it was raised.",
    ),
    (
        "DELETE FROM audit_ledgerentry WHERE event = 'grant.raised'",
        "Every approved request changed its grant once, and nothing else did.",
    ),
    (
        "UPDATE onboarding_grant SET revision_id = (SELECT r.id FROM onboarding_revision r"
        " JOIN onboarding_application a ON a.id = r.application_id WHERE a.kind = 'amendment')",
        "The use in force was submitted for its grant, and was approved.",
    ),
    (
        "UPDATE onboarding_application SET state = 'withdrawn' WHERE kind = 'renewal'",
        "Access goes on past its end only for a renewal that is under review.",
    ),
    ("UPDATE onboarding_grant SET limited_since = now()", "A grant is limited when the ledger says so."),
    (
        "UPDATE onboarding_sealedanswer SET wipe_owed = false",
        "No sealed answer outlives the telling of its decision unnoticed.",
    ),
]


def test_each_invariant_of_requests_notices_what_is_broken_by_hand(alice):
    accept_guidelines(alice)
    grant = trial_grant(alice)
    keys.issue_owed(at=MONDAY)
    told(sent(grant, Kind.PRODUCTION, alice, **EVIDENCE))
    grant.refresh_from_db()
    sent(grant, Kind.AMENDMENT, alice, test_account=EVIDENCE["test_account"], **CHANGE)
    near_the_end = grant.expires_at - timedelta(days=80)
    sent(grant, Kind.RENEWAL, alice, at=near_the_end, use_changed="no")
    make_owner(make_user("charlie"))
    before = broken()

    missed = []
    for sql, sentence in BREAKS:
        with by_force() as cursor:
            cursor.execute("DROP INDEX IF EXISTS one_open_request_per_grant_and_kind")
            cursor.execute(sql)
            if sentence not in broken():
                missed.append(sentence)

    assert (before, missed) == (set(), [])

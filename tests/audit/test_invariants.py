# ruff: noqa: E501 - the table below has one breakage a line
"""check_invariants: quiet on what the product made itself, loud on each thing that is broken by hand."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from enforcement.domain import appeals
from enforcement.management.commands.check_invariants import MODULES
from onboarding.domain import clocks, grants, invitations, keys, order, waitlist
from onboarding.states import Overlap
from outbox import letters
from policies.domain import weaknesses
from reviews.domain import cases, claims, decisions, telling
from tests.enforcement.appealing import known, make_appeal, make_ended
from tests.factories import (
    MONDAY,
    accept_guidelines,
    deliver,
    make_application,
    make_entry,
    make_grant,
    make_key,
    make_manager,
    make_program,
    make_rate,
    make_reviewer,
    make_secret,
    make_senior,
    make_user,
)

pytestmark = pytest.mark.django_db

BREAKS = [
    ('UPDATE onboarding_week SET "limit" = 1', "No week has given more seats than its limit."),
    ("UPDATE onboarding_week SET admitted = admitted + 1", "Every week counts the seats it gave."),
    ("UPDATE onboarding_waitlistentry SET state = 'waiting' WHERE state = 'admitted'", "A place in line agrees with its invitations."),
    ("DELETE FROM onboarding_invitation WHERE state = 'declined'", "Every seat has its invitation."),
    ("UPDATE onboarding_invitation SET state = 'offered' WHERE state = 'accepted'", "Every grant has an accepted invitation."),
    ("DELETE FROM onboarding_key; DELETE FROM onboarding_grant", "Every accepted invitation has one grant."),
    ("UPDATE onboarding_grant SET key_owed = true", "Every request for a key is owed or paid, never both and never twice."),
    ("DELETE FROM onboarding_key WHERE state = 'issued'", "Every request for a key is owed or paid, never both and never twice."),
    ("UPDATE onboarding_key SET state = 'active' WHERE state = 'revoked'", "A grant that ended has no live key."),
    ("UPDATE onboarding_key SET opened_at = NULL WHERE state = 'active'", "Exactly the keys that were opened have secrets, and of those only hashes, each another."),
    ("UPDATE onboarding_secret SET digest = 'gh_live_clear' || id", "Exactly the keys that were opened have secrets, and of those only hashes, each another."),
    ("DELETE FROM onboarding_secret", "Exactly the keys that were opened have secrets, and of those only hashes, each another."),
    ("UPDATE onboarding_secret SET ended_at = NULL", "A key that works has one current secret, and at most one more that has its end."),
    ("UPDATE onboarding_secret SET ended_at = minted_at", "A key that works has one current secret, and at most one more that has its end."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'key.rotated'", "Secrets are numbered without a gap, and each but the first came by a rotation in the ledger."),
    ("UPDATE onboarding_key SET last_used_at = now() + interval '1 day' WHERE state = 'active'", "No key was used before it was opened, or in the future."),
    ("DROP INDEX one_live_key_per_name; INSERT INTO onboarding_key SELECT (jsonb_populate_record(k, jsonb_build_object('id', k.id + 1000, 'key_id', 'k_2', 'request', 9))).* FROM onboarding_key k WHERE state = 'active'", "No grant has more than ten live keys, and no two of one name."),
    ("UPDATE onboarding_grant SET tier_id = (SELECT id FROM onboarding_tier WHERE environment = 'test' LIMIT 1)", "A live key belongs to a grant of the live tier."),
    ("UPDATE onboarding_key SET state = 'expired' WHERE state = 'issued'", "The ledger agrees with the state of every key."),
    ("UPDATE onboarding_grant SET state = 'active' WHERE state = 'suspended'", "The ledger agrees with the state of every grant."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'application.approved'", "The ledger agrees with the state of every application."),
    ("INSERT INTO audit_ledgerentry (at, event, subject_type, subject_id, actor, reason, details) SELECT at, event, subject_type, subject_id, actor, reason, details FROM audit_ledgerentry WHERE event = 'key.issued'", "What can happen to a thing only once is in the ledger only once."),
    ("UPDATE audit_ledgerentry SET reason = 'He shouted at us' WHERE event = 'grant.revoked'", "Every ledger row's reason is a code or a digest, never what somebody typed."),
    ("UPDATE audit_ledgerentry SET actor = 'nobody'", "Every ledger row names an actor of the form user:<id> or system:<name>."),
    ("DELETE FROM outbox_letter WHERE kind = 'onboarding/invitation'", "Every invitation that was told has its letter."),
    ("UPDATE onboarding_invitation SET delivered_at = delivered_at - interval '1 hour' WHERE delivered_at IS NOT NULL", "The clock of an invitation runs from the moment its letter was sent."),
    ("UPDATE onboarding_invitation SET expires_at = reminder_delivered_at WHERE state = 'expired'", "No invitation ran out before its promised days, or within a day of its reminder."),
    ("DELETE FROM onboarding_move", "Every change of the order has a written reason, and the line shows the last one."),
    ("UPDATE onboarding_move move SET moved_by_id = application.applicant_id FROM onboarding_application application, onboarding_waitlistentry entry WHERE entry.id = move.entry_id AND application.id = entry.application_id", "Nobody moved their own place in line, or their organisation's."),
    ("UPDATE onboarding_waitlistentry SET state = 'waiting' WHERE state = 'held'", "The ledger agrees with the state of every place in line."),
    ("DELETE FROM outbox_letter WHERE kind = 'onboarding/key_ready'", "Every issued key has its letter."),
    ("DELETE FROM outbox_letter WHERE kind LIKE 'reviews/%'", "Everybody whose decision was told was written a letter."),
    ("DELETE FROM outbox_letter WHERE kind = 'onboarding/receipt'", "Everybody who submitted an application was written a receipt."),
    ("UPDATE outbox_letter SET recalled_at = sent_at, given_up_at = sent_at", "A letter that was sent is not recalled, given up or owed a next try."),
    ("UPDATE reviews_decision d SET decided_by_id = a.applicant_id FROM reviews_case c, onboarding_application a WHERE c.id = d.case_id AND a.id = c.application_id", "Nobody decided their own or their organisation's case."),
    ("UPDATE reviews_decision SET signed_by_id = decided_by_id, signed_at = decided_at", "Nobody signed their own decision."),
    ("UPDATE reviews_decision SET second = 'reviewer', signed_at = NULL, signed_by_id = NULL", "A decision that needed a second person was told only after one signed."),
    ("UPDATE reviews_decision SET second = 'nobody'", "A domain, the refuse lane, or risk level III or more asks for a second person, IV for a senior one."),
    ("UPDATE reviews_decision SET outcome = 'rejected'", "An application is what the latest decision that was told says."),
    ("DELETE FROM reviews_decision", "Nothing was approved or rejected without a decision that was told."),
    ("UPDATE reviews_decision SET told_at = NULL", "A decision is told when the ledger says so."),
    ("UPDATE enforcement_appeal SET state = 'denied' WHERE state = 'upheld'", "The ledger agrees with the state of every appeal."),
    ("UPDATE enforcement_appeal a SET decided_by_id = d.decided_by_id FROM reviews_decision d WHERE d.id = a.decision_id AND a.decided_at IS NOT NULL", "Every appeal was decided by a third person."),
    ("UPDATE enforcement_appeal SET decided_by_id = filed_by_id WHERE decided_at IS NOT NULL", "Every appeal's outcome is in the ledger, by the person who decided it."),
    ("UPDATE onboarding_application SET state = 'rejected' WHERE state = 'in_review'", "No application stands rejected by a decision that an appeal overturned."),
    ("UPDATE onboarding_application SET state = 'rejected' WHERE state = 'in_review'", "An application is what the latest decision that was told says."),
    ("UPDATE enforcement_appeal SET state = 'denied' WHERE state = 'upheld'", "A decision is overturned only by an appeal that was upheld."),
    ("UPDATE reviews_decision SET reapply_allowed_at = NULL", "Whoever was reinstated may apply again."),
    ("UPDATE reviews_decision SET reapply_allowed_at = NULL", "Applying again early is allowed when the ledger says so."),
    ("UPDATE enforcement_appeal SET filed_at = closes_at WHERE closes_at IS NOT NULL", "Every appeal was filed within its window, which begins with the notice."),
    ("DELETE FROM outbox_letter WHERE kind = 'enforcement/appeal_upheld'", "Every appeal was acknowledged, and its end told."),
    ("UPDATE reviews_decision SET overturned_at = NULL", "A decision is overturned when the ledger says so, by the same person."),
    ("INSERT INTO reviews_decision (case_id, revision_id, guidelines_id, outcome, reason_code, reasons_version, categories, explanation, facts, what_would_change, reapply_never, conditions, second, decided_by_id, decided_at, return_reason, why_different, token, emergency_reason, recall_reason, template_version) SELECT case_id, revision_id, guidelines_id, 'approved', 'A1_notify_list', '1', '[]', 'x', '', '', false, '[]', 'nobody', decided_by_id, overturned_at, '', '', '', '', '', '' FROM reviews_decision WHERE overturned_at IS NOT NULL", "Nobody who made an overturned decision made the next one."),
    ("DELETE FROM policies_acceptance; INSERT INTO policies_acceptance (user_id, document, version, text_hash, accepted_at) SELECT id, 'guidelines', '7.7.7', 'x', now() FROM accounts_user LIMIT 1", "Every acceptance of the guidelines is of a text that was loaded."),
    ("UPDATE policies_guidelineversion SET state = 'superseded'", "The ledger agrees with the state of every guideline version."),
    ("UPDATE onboarding_program SET stage = 'open'", "The ledger agrees with the stage of every program."),
    ("UPDATE onboarding_revision SET lane = 'monitor'", "An application shows lane and risk of its latest revision."),
    ("INSERT INTO onboarding_week (program_id, starts_at, ends_at, \"limit\", admitted, opened_at) SELECT program_id, starts_at + interval '1 day', ends_at, 5, 0, now() FROM onboarding_week", "No two weeks of a program overlap."),
]  # fmt: skip

ALL = {sentence: sql for module in MODULES for sentence, sql in module.INVARIANTS.items()}


def check(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("check_invariants", *options, stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue()
    return 0, out.getvalue()


def broken() -> set[str]:
    return set(json.loads(check("--json")[1])["broken"])


def breaking(rule: str) -> list[tuple]:
    """Return the rows that break one invariant, by its own SQL."""
    (sql,) = (module.INVARIANTS[rule] for module in MODULES if rule in module.INVARIANTS)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@contextmanager
def by_force() -> Iterator[CursorWrapper]:
    """Do what no trigger and no constraint lets anybody do; all of it is taken back at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            """SELECT conrelid::regclass::text, conname FROM pg_constraint
               WHERE contype = 'c' AND connamespace = 'public'::regnamespace"""
        )
        for table, constraint in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        transaction.set_rollback(True)


def unnoticed(breaks: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs of SQL that breaks a sentence, and the sentence, of which nothing was found."""
    missed = []
    for sql, sentence in breaks:
        with by_force() as cursor:
            cursor.execute(sql)
            if sentence not in broken():
                missed.append((sql, sentence))
    return missed


@pytest.fixture
def _everything():
    """One of each thing, made by the product's own functions."""
    program, bob, alice = make_program(), make_reviewer(), make_user("alice")
    make_rate(program, 50)
    accept_guidelines(alice)
    weaknesses.publish(program.slug, text="It invents names.", by=alice, at=MONDAY)
    decided(make_application(program, applicant=alice, lane="notify", risk_score=3), bob)
    rotated, _ = make_secret(program)
    keys.rotate(rotated, overlap=Overlap.DAY, seen=1, by=rotated.opened_by, at=MONDAY)
    make_key(program)
    make_entry(program)
    grants.suspend(make_grant(program), by=make_manager("mia"), at=MONDAY, reason="Too many complaints")
    grants.revoke(make_secret(program)[0].grant, by=bob, at=MONDAY, reason="Fraud")
    left_over(program)
    with_receipt(make_ended("upheld")), with_receipt(make_reinstated())
    moved_and_held(program, make_manager("mo"))
    letters.send_owed(at=MONDAY)


def make_reinstated():
    sam, at = known("sam", make_senior), MONDAY + timedelta(days=1)
    taken = appeals.take(make_appeal(kind="reinstatement", at=at), by=sam, at=at)
    return appeals.uphold(taken, by=sam, at=at, reason_code="mended", explanation="It is mended.")


def with_receipt(appeal):
    """Write the receipt that the factories leave out."""
    application = appeal.decision.case.application
    about = {"about_type": "onboarding.application", "about_id": str(application.pk)}
    letters.Letter.objects.create(
        kind="onboarding/receipt",
        recipient=appeal.filed_by.email,
        subject="Receipt",
        text="x",
        due_at=MONDAY,
        **about,
    )


def decided(application, bob):
    letters.forward("onboarding/receipt", to="alice@example.org", subject="Receipt", text="x", at=MONDAY)
    letters.Letter.objects.filter(kind="onboarding/receipt", about_id="").update(
        about_type="onboarding.application", about_id=str(application.pk)
    )
    cases.open_owed(at=MONDAY)
    case = application.case
    claims.claim(case, by=bob, at=MONDAY)
    decisions.decide(case, by=bob, at=MONDAY, outcome="approved", reason_code="A1_notify_list")
    telling.tell_owed(at=MONDAY)


def left_over(program):
    """An invitation declined, one that expired, and one still offered."""
    entries = [make_entry(program) for _ in range(3)]
    waitlist.admit(program, by="test", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    deliver()
    first, second, _ = [entry.seats.get().invitation for entry in entries]
    invitations.decline(first, by=entries[0].application.applicant, at=MONDAY)
    half = MONDAY + timedelta(days=4)
    clocks.remind_owed(at=half)
    deliver(at=half)
    type(second).objects.exclude(pk=second.pk).filter(state="offered").update(
        expires_at=MONDAY + timedelta(days=90)
    )
    invitations.expire_due(at=MONDAY + timedelta(days=8))


def moved_and_held(program, manager):
    """Two in line: one put forward, one held."""
    order.put_forward(make_entry(program), by=manager, at=MONDAY, reason="Flood response")
    order.hold(make_entry(program), by=manager, at=MONDAY, reason="Asked to wait")


def test_an_empty_site_breaks_nothing():
    assert check() == (0, f"All {len(ALL)} invariants hold.\n")


@pytest.mark.usefixtures("_everything")
def test_what_the_product_made_itself_breaks_nothing():
    assert check() == (0, f"All {len(ALL)} invariants hold.\n")


@pytest.mark.usefixtures("_everything")
def test_what_is_broken_by_hand_is_found():
    make_application(make_program(), state="approved", risk_level=4, domains=["health"], lane="refuse")

    assert unnoticed(BREAKS) == []


@pytest.mark.usefixtures("_everything")
def test_the_rows_that_break_one_are_named():
    with by_force() as cursor:
        cursor.execute('UPDATE onboarding_week SET "limit" = 1')
        code, said = check()

    assert (code, "BROKEN: No week has given more seats than its limit.\n  id=" in said) == (1, True)


@pytest.mark.parametrize("sentence", ALL)
def test_every_invariant_is_a_sentence_and_its_query_runs_on_nothing(sentence):
    with connection.cursor() as cursor:
        cursor.execute(ALL[sentence])

        assert (sentence[0].isupper(), sentence[-1], cursor.fetchall()) == (True, ".", [])


def test_no_two_apps_state_the_same_invariant():
    assert len(ALL) == sum(len(module.INVARIANTS) for module in MODULES)

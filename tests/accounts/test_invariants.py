"""check_invariants is loud on each thing about organisations that is broken by hand."""

import pytest
from django.db import connection

from accounts.domain import joining, ownership
from accounts.invariants import INVARIANTS
from tests.factories import MONDAY, make_invitation, make_member, make_organisation, make_user, verified

pytestmark = pytest.mark.django_db
SHUT = (
    """UPDATE accounts_user SET erasure_asked_at = now(), is_active = false WHERE email = '{}@example.org';"""
)
OWED = """INSERT INTO accounts_erasure (user_id, part, owed_at) SELECT id, part, now() FROM accounts_user,
    unnest(ARRAY['letters', 'applications', 'reviews', 'appeals', 'account']) part WHERE NOT is_active;"""
BREAKS = [
    (
        "UPDATE accounts_organisationinvitation SET state = 'revoked' WHERE state = 'invited'",
        "The ledger agrees with the state of every invitation into an organisation.",
    ),
    (
        "UPDATE accounts_ownershipoffer SET state = 'withdrawn', ended_at = now()",
        "The ledger agrees with the state of every offer of ownership.",
    ),
    (
        "ALTER TABLE accounts_membership DISABLE TRIGGER USER; UPDATE accounts_membership SET role = 'member'",
        "Every organisation that has members has an owner.",
    ),
    (
        "UPDATE accounts_organisationinvitation SET answered_by_id = invited_by_id WHERE state = 'accepted'",
        "An invitation was accepted by a person whom it let in.",
    ),
    (
        SHUT.format("alice") + OWED,
        "Every organisation that has members has an owner.",
    ),
    (
        SHUT.format("ana"),
        "Everybody who deletes their account is owed each part of that once.",
    ),
    (
        SHUT.format("ana") + OWED + "UPDATE accounts_erasure SET paid_at = now() WHERE part = 'letters'",
        "A part of a deleted account is in the ledger once it is blanked, and only once.",
    ),
    (
        SHUT.format("ana") + OWED + "UPDATE accounts_user SET erased_at = now() WHERE NOT is_active",
        "A deleted account is blank, after every part of it.",
    ),
]


def broken() -> set[str]:
    found = set()
    with connection.cursor() as cursor:
        for sentence, sql in INVARIANTS.items():
            cursor.execute(sql)
            if cursor.fetchall():
                found.add(sentence)
    return found


@pytest.fixture(autouse=True)
def _an_organisation_with_everything():
    alice, ana = verified(make_user("alice")), verified(make_user("ana"))
    pygma = make_organisation(alice)
    member = make_member(pygma, ana)
    ownership.offer(member, by=alice, at=MONDAY)
    make_invitation(pygma, "open@example.org")
    joining.revoke(make_invitation(pygma, "revoked@example.org")[0], by=alice, at=MONDAY)


def test_what_the_product_made_is_whole():
    assert broken() == set()


@pytest.mark.parametrize(("sql", "sentence"), BREAKS)
def test_what_is_broken_by_hand_is_named(sql, sentence):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)

    assert broken() == {sentence}


def test_every_sentence_is_broken_once():
    assert {sentence for _, sentence in BREAKS} == set(INVARIANTS)

# ruff: noqa: E501 - the table below has one breakage a line
"""What check_invariants proves of care, triage rules, second looks, bulks: quiet on the product's own, loud on a breach."""

from datetime import timedelta
from uuid import uuid4

import pytest

from reviews import invariants
from reviews.domain import (
    bulk,
    care,
    decisions,
    exposure,
    handing,
    interests,
    matches,
    optouts,
    rules,
    telling,
)
from tests.audit.test_invariants import broken, by_force
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.caring import make_severe
from tests.reviews.looking import make_card
from tests.reviews.making import SAYS, make_case, make_claimed

pytestmark = pytest.mark.django_db

ALONE = "What a rule decided alone is an approval in the notify lane, below level III, without a domain."
BREAKS = [
    ("UPDATE reviews_care SET paused_at = paused_at - interval '2 hours'", "Nobody on a break has a case that was given to them since it began, unless it is owed back."),
    ("UPDATE reviews_exposure SET ends_by = opened_at + interval '16 minutes'", "No severe text was open for more than a quarter of an hour at once."),
    ("UPDATE reviews_exposure SET ended_at = opened_at + interval '241 minutes'", "Nobody had severe text of one kind open in a day for longer than two days of the most any rule lets one set."),
    ("UPDATE reviews_carerule SET set_by_id = (SELECT id FROM accounts_user WHERE full_name = 'Bob')", "Every rule of what reviewers are spared is in the ledger, by the person who set it."),
    ("UPDATE reviews_interestoverride SET given_by_id = reviewer_id", "Whoever was let into a case whatever they declared was so by another, once, as the ledger says."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'override.given'", "Whoever was let into a case whatever they declared was so by another, once, as the ledger says."),
    ("UPDATE reviews_triagerule SET state = 'silent'", "The ledger agrees with the state of every triage rule."),
    ("UPDATE reviews_triagerule SET number = number + 1", "Versions of a triage rule are numbered without a gap, and the last one counts."),
    ("UPDATE reviews_ruleversion SET written_by_id = (SELECT id FROM accounts_user WHERE full_name = 'Bob')", "Every version of a triage rule is in the ledger once, by the person who wrote it."),
    ("UPDATE audit_ledgerentry SET details = '{\"version\": 7}' WHERE event = 'rule.switched_on'", "No triage rule is on, or fell silent, in a version that nobody switched on."),
    ("UPDATE reviews_rulematch match SET revision_id = (SELECT id FROM onboarding_revision other WHERE other.id <> match.revision_id LIMIT 1)", "Every match is on a revision of its own case, by a rule of its program or of all."),
    ("UPDATE reviews_triagerule SET program_id = (SELECT id FROM onboarding_program WHERE slug = 'another')", "Every match is on a revision of its own case, by a rule of its program or of all."),
    ("UPDATE reviews_decision SET decided_by_id = NULL", ALONE),
    ("UPDATE reviews_rulematch SET decision_id = NULL", "Every match that is settled rests on a decision on its own case that was told, or on a second look at it."),
    ("UPDATE reviews_secondreview review SET reviewer_id = decision.decided_by_id FROM reviews_decision decision WHERE decision.id = review.decision_id", "Nobody looked a second time at what they had decided or signed themselves."),
    ("UPDATE reviews_opinion SET blind = false", "The opinion of a second review is its reviewer's own, blind, and on the revision that was decided."),
    ("UPDATE reviews_secondreview SET drawn_at = drawn_at - interval '1 hour'", "Only what was told is looked at again."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'second_review.drawn'", "A second review was drawn, and done by its reviewer, when the ledger says so."),
    ("UPDATE reviews_secondreview SET reviewer_id = (SELECT id FROM accounts_user WHERE full_name = 'Bob')", "A second review was drawn, and done by its reviewer, when the ledger says so."),
    ("UPDATE reviews_reconciliation SET closed_by_id = (SELECT id FROM accounts_user WHERE full_name = 'Bob')", "A card was closed when the ledger says so, by the same person."),
    ("DELETE FROM reviews_reconciliation", "A card is open where two views differ, and was closed by neither of the two."),
    ("UPDATE reviews_bulk SET outcome = 'rejected'", "A decision made in bulk says what the bulk says, by whom it was made, on its item's case."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'bulk.decided'", "The ledger tells of every bulk once."),
]  # fmt: skip
ABOUT = {
    ALONE, *invariants.CARE, *invariants.TRIAGE, *invariants.AGAIN,
    *(sentence for sentence in invariants.CASES if "bulk" in sentence),
}  # fmt: skip


@pytest.fixture
def _everything():
    """One of each, made by the product's own functions: Bob is on a break, Sam set the rules."""
    bob, sam, program = make_reviewer("bob"), make_senior("sam"), make_program("another")
    make_card(closed=True)
    numbers = {"minutes": 60, "grave_minutes": 30, "most_minutes": 120, "cool_down": 15, "least_cool_down": 5}
    care.set_rule(by=sam, at=MONDAY, reason="To begin with.", last_hour=16, latest_hour=19, **numbers)
    exposure.begin(make_severe(), by=bob, at=MONDAY)
    exposure.cover(bob, at=MONDAY + timedelta(minutes=10))
    interests.override(make_case(), reviewer=bob, by=sam, at=MONDAY, reason="Nobody else speaks Finnish.")
    _matched_and_settled(bob, sam)
    _in_bulk(make_reviewer("bea"), program)
    _put_aside_before_a_break(bob)


def _matched_and_settled(bob, sam):
    says = rules.Wording("areas contains legal", lane="hold")
    rule = rules.write("Legal", says, program=None, by=sam, at=MONDAY, reason="To try.").rule
    rules.switch_on(rule, seen=1, by=sam, at=MONDAY)
    case, _ = make_claimed(bob, answers={"areas": ["legal"]})
    matches.match_owed(at=MONDAY)
    decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])
    telling.tell_owed(at=MONDAY)
    matches.settle_owed(at=MONDAY)


def _in_bulk(bea, program):
    case = make_case(program)
    says = {"outcome": "approved", **SAYS["approved"]}
    bulk.confirm([case], by=bea, at=MONDAY, says=says, seen={case.pk: case.revision_id}, token=uuid4())


def _put_aside_before_a_break(bob):
    """What is put aside stays with whoever takes a break."""
    case, _ = make_claimed(bob)
    handing.hold(case, by=bob, at=MONDAY, until=MONDAY + timedelta(days=1), reason="Ask them.")
    optouts.pause(by=bob, at=MONDAY + timedelta(hours=1))
    optouts.reroute_owed(at=MONDAY + timedelta(hours=1), of=bob)


def found() -> set[str]:
    """Return which of the sentences here are broken."""
    return broken() & ABOUT


@pytest.mark.usefixtures("_everything")
def test_what_the_desk_made_itself_breaks_nothing():
    assert found() == set()


@pytest.mark.usefixtures("_everything")
def test_what_is_broken_by_hand_is_found():
    unnoticed = []
    for sql, sentence in BREAKS:
        with by_force() as cursor:
            cursor.execute(sql)
            assert cursor.rowcount > 0, sql
            if sentence not in found():
                unnoticed.append((sql, sentence))

    assert unnoticed == []


def test_each_of_these_sentences_is_broken_once_at_least():
    assert {sentence for _, sentence in BREAKS} == ABOUT

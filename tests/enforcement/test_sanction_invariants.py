# ruff: noqa: E501 - the table below has one breakage a line
"""What must hold of flags and sanctions holds for what the product made, and each breakage is found."""

from datetime import timedelta

import pytest

from enforcement.domain import appeals, attaching, flag_cases, flags
from enforcement.invariants import OF_FLAGS_AND_SANCTIONS
from tests.audit.test_invariants import broken, unnoticed
from tests.enforcement.appealing import known
from tests.enforcement.flagging import (
    NOTHING,
    TUESDAY,
    make_case,
    make_emergency,
    make_flag,
    make_sanction,
    make_taken_appeal,
)
from tests.factories import make_grant, make_reviewer

pytestmark = pytest.mark.django_db
BREAKS = {
    "The ledger agrees with the state of every flag.": "UPDATE enforcement_flag SET state = 'dismissed' WHERE state = 'confirmed'",
    "The ledger agrees with the state of every case of flags.": "UPDATE enforcement_flagcase SET state = 'taken' WHERE state = 'open'",
    "The ledger agrees with the state of every sanction.": "UPDATE enforcement_sanction SET state = 'ended' WHERE state = 'active'",
    "No flag of a decided case is open, and none of an open case is decided.": "UPDATE enforcement_flagcase SET state = 'open' WHERE state = 'decided'",
    "A merged case has no flags left; they are of the access of the case they went to.": "UPDATE enforcement_flag SET case_id = (SELECT id FROM enforcement_flagcase WHERE state = 'merged')",
    "What a machine did for flags that were nothing is not in force.": "UPDATE enforcement_sanction SET state = 'active' WHERE proposed_by_id IS NULL",
    "People sanction only what a person found to be a violation.": "UPDATE enforcement_flagcase SET finding = 'cannot_tell'",
    "Every sanction in force was told with its reasons.": "DELETE FROM outbox_letter WHERE kind = 'enforcement/sanction_imposed'",
    "Exactly what sanctions in force stop is stopped.": "UPDATE onboarding_grant SET sanctioned_since = NULL",
    "Exactly what sanctions in force limit is limited, to the least of them.": "UPDATE onboarding_limit SET ended_at = set_at",
    "Exactly the end users that sanctions in force suspend are kept out.": "UPDATE onboarding_grant SET end_users_kept_out = '[]'",
    "A sanction is reversed only by an appeal that was upheld, and then always.": "UPDATE enforcement_sanction SET state = 'lifted' WHERE state = 'reversed'",
    "Every appeal against a sanction was decided by somebody with no part in it.": "UPDATE enforcement_appeal SET decided_by_id = filed_by_id WHERE decided_at IS NOT NULL",
    "Of a deleted account's sanctions no word is left.": "UPDATE accounts_user SET erased_at = now()",
}


@pytest.fixture(autouse=True)
def _everything():
    """A case that is open and one merged into it; a suspension, a limit and two of end users in force; some that ended."""
    later = TUESDAY + timedelta(days=1)
    noticed = make_flag(make_grant(), category="fraud_spam")
    make_sanction(make_grant())
    make_sanction(make_grant(), kind="limit", per_minute=5)
    first = make_sanction(make_grant(), target="end_user", end_user="z")
    make_sanction(first.grant, case=first.case, target="end_user", end_user="A")
    appeal, tess = make_taken_appeal(make_sanction(make_grant()))
    appeals.uphold(appeal, by=tess, at=later, reason_code="facts_wrong", explanation="It was a lesson.")
    make_emergency()
    case = make_case(make_grant(), severity=3)
    bob = known("bob", make_reviewer)
    flag_cases.decide(case, by=bob, at=TUESDAY, **NOTHING)
    report = flags.record(source="public", owner=None, by="public", at=TUESDAY, category="fraud_spam").case
    flag_cases.take(report, by=bob, at=TUESDAY)
    attaching.attach(report, noticed.grant, by=bob, at=TUESDAY, reason="The start of its key.")


def test_each_has_its_breakage():
    assert set(BREAKS) == set(OF_FLAGS_AND_SANCTIONS)


def test_what_the_product_made_breaks_none_of_them():
    assert broken() & set(OF_FLAGS_AND_SANCTIONS) == set()


def test_what_is_broken_by_hand_is_found():
    assert unnoticed((sql, sentence) for sentence, sql in BREAKS.items()) == []

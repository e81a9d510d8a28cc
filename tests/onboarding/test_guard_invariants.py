# ruff: noqa: E501 - the table below has one breakage a line
"""Each invariant of freezes notices what is broken by hand, and nothing the product did."""

import pytest

from onboarding.domain import waitlist
from onboarding.guard_invariants import GUARDS
from tests.audit.test_invariants import broken, unnoticed
from tests.factories import MONDAY, make_entry, make_program, make_rate
from tests.onboarding.guarding import MINUTE, lift, make_freeze, make_guard, read

pytestmark = pytest.mark.django_db
SEATED, SET, TOLD, ITSELF, OWN = GUARDS
BREAKS = [
    ("UPDATE onboarding_seat seat SET given_at = began_at + interval '10 seconds' FROM onboarding_freeze WHERE ended_by_id IS NOT NULL", SEATED),
    ("UPDATE onboarding_freeze SET began_at = began_at - interval '1 hour', ended_at = NULL WHERE ended_by_id IS NOT NULL", SEATED),
    ("UPDATE onboarding_guardrule SET threshold = 99", SET),
    ("DELETE FROM audit_ledgerentry WHERE event = 'guard_rule.set'", SET),
    ("DELETE FROM audit_ledgerentry WHERE event = 'freeze.began'", TOLD),
    ("UPDATE onboarding_freeze SET ended_by_id = NULL", TOLD),
    ("UPDATE onboarding_freeze SET ended_at = NULL, ended_by_id = NULL", TOLD),
    ("UPDATE onboarding_guardrule SET thaw = 'person'", ITSELF),
    ("UPDATE onboarding_freeze SET guard = 'errors' WHERE guard = 'late'", OWN),
    ("UPDATE onboarding_guardrule SET mode = 'watch'", OWN),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _everything():
    """A seat before a freeze and one after it was lifted; a freeze that thawed by its rule; one that is open."""
    program = make_program()
    make_rate(program, 2)
    make_entry(program, at=MONDAY)
    waitlist.admit(program, by="beat", at=MONDAY)
    lift(make_freeze(program, at=MONDAY + MINUTE), at=MONDAY + 2 * MINUTE)
    make_entry(program, at=MONDAY)
    waitlist.admit(program, by="beat", at=MONDAY + 2 * MINUTE)
    make_guard(program, "errors", thaw="rule")
    for minutes, value in ((3, 50), (4, 1)):
        read(program, value, at=MONDAY + minutes * MINUTE, guard="errors")
    make_freeze(make_program())


def test_each_has_its_breakage():
    assert {sentence for _, sentence in BREAKS} == set(GUARDS)


def test_what_the_product_made_breaks_none_of_them():
    assert broken() & set(GUARDS) == set()


def test_what_is_broken_by_hand_is_found():
    assert unnoticed(BREAKS) == []

# ruff: noqa: E501 - the table below has one breakage a line
"""check_invariants finds each thing about plans, weeks and shares that is broken by hand."""

from datetime import timedelta

import pytest

from onboarding.domain import invitations, plans, waitlist
from onboarding.domain.plans import Rules, Share
from tests.audit.test_invariants import broken, unnoticed
from tests.factories import MONDAY, give_seats, make_entry, make_manager, make_program, make_rate

pytestmark = pytest.mark.django_db

TOOK = "No week took over more seats than its plan lets it, of those that were not used before or came back."
OWN = "A seat was taken from a share of its own week, and that is one of its week's plan."
BREAKS = [
    ("DELETE FROM audit_ledgerentry WHERE event = 'plan.set'", "Every rate plan is in the ledger, by the person who set it."),
    ("UPDATE audit_ledgerentry SET actor = 'system:beat' WHERE event = 'plan.set'", "Every rate plan is in the ledger, by the person who set it."),
    ("UPDATE onboarding_planshare SET percent = 101", "The shares of a plan are at most the whole week."),
    ('UPDATE onboarding_week SET "limit" = "limit" + 1', "A week's limit is what the ledger says it was opened with, or last changed to."),
    ("UPDATE onboarding_week SET carried = carried + 1", TOOK),
    ("UPDATE onboarding_rateplan SET carry = 'none'", TOOK),
    ("UPDATE onboarding_rateplan SET carry = 'capped', carry_most = 1", TOOK),
    ("UPDATE onboarding_invitation SET counted_in_id = NULL", TOOK),
    ("UPDATE onboarding_rateplan SET unfilled = 'kept'", TOOK),
    ("UPDATE onboarding_invitation invitation SET counted_in_id = seat.week_id FROM onboarding_seat seat WHERE seat.id = invitation.seat_id AND invitation.counted_in_id IS NOT NULL", "A seat that was given back comes back in a later week of its program."),
    ("UPDATE onboarding_weekshare SET admitted = admitted + 1", "Every share of a week counts the seats that were taken from it."),
    ("UPDATE onboarding_seat SET share_id = (SELECT max(id) FROM onboarding_weekshare)", OWN),
    ("UPDATE onboarding_week SET plan_id = NULL", OWN),
]  # fmt: skip


@pytest.fixture
def _lived():
    """Two weeks of a plan with a share: one seat of it given, one declined, three not used."""
    program = make_program()
    make_rate(program, 5)
    rules = Rules(carry="full", unfilled="carried", shares=(Share("applicant_type", "university", 50),))
    plans.set_plan(program, rules, by=make_manager("mo"), at=MONDAY - timedelta(days=3), reason="As agreed")
    entry = make_entry(program)
    entry.applicant_type = "university"
    entry.save(update_fields=["applicant_type"])
    (seat,) = give_seats(program)
    invitations.decline(seat.invitation, by=entry.application.applicant, at=MONDAY)
    waitlist.admit(program, by="beat", at=MONDAY + timedelta(weeks=1))


@pytest.mark.usefixtures("_lived")
def test_what_the_product_made_breaks_none():
    assert broken() & {sentence for _, sentence in BREAKS} == set()


@pytest.mark.usefixtures("_lived")
def test_each_breakage_is_found():
    assert unnoticed(BREAKS) == []

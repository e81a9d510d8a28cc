"""Payers of stages and of bulks, as real processes at the same moment."""

from datetime import timedelta

import pytest

from audit.models import LedgerEntry
from onboarding.domain import line_bulks, stages
from onboarding.models import LineBulkItem, Program
from onboarding.states import LineVerb, Stage
from outbox.models import Letter
from tests.factories import MONDAY, make_long_line, make_manager, make_program
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = (MONDAY + timedelta(hours=6)).isoformat()


def test_four_payers_at_once_take_a_stage_once_and_write_to_each_person_once():
    program = make_program()
    make_long_line(program, 30)
    stages.plan(
        program, to=Stage.CLOSED, from_at=MONDAY + timedelta(hours=1), by=make_manager(), at=MONDAY, reason="Full"
    )  # fmt: skip

    taken = race(*[["take_stages", AT]] * 4)

    assert (sum(map(int, taken)), Program.objects.get().stage) == (1, "closed")
    assert LedgerEntry.objects.filter(event="program.stage_changed").count() == 1
    told = Letter.objects.filter(kind="onboarding/program_closed").values_list("recipient", flat=True)
    assert (len(told), len(set(told))) == (30, 30)


def test_two_workers_on_one_bulk_hold_each_place_once():
    program = make_program()
    make_long_line(program, 30)
    bulk = line_bulks.draft(
        program, verb=LineVerb.HOLD, by=make_manager(), at=MONDAY + timedelta(hours=1), reason="A question"
    )
    line_bulks.ask(bulk)

    race(*[["run_line_bulk", str(bulk.pk), AT]] * 2)

    assert (LineBulkItem.objects.count(), LedgerEntry.objects.filter(event="entry.held").count()) == (30, 30)
    assert Letter.objects.filter(kind="onboarding/held").count() == 30

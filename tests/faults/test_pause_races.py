"""A pause, and the end of one, beside admissions and new rates, with real processes: nobody waits for ever."""

from datetime import timedelta

import pytest

from audit import clock
from audit.models import LedgerEntry
from onboarding.models import Program, Seat
from tests.audit.test_invariants import broken
from tests.factories import make_long_line, make_manager, make_program, make_rate
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


def test_nobody_is_seated_once_a_pause_is_committed():
    program, dora = make_program(), make_manager()
    make_rate(program, 1000, from_at=clock.now() - timedelta(days=30))
    make_long_line(program, 400)

    *given, paused = race(
        *[["admit_one_by_one", str(program.pk)]] * 3, ["pause", str(program.pk), str(dora.pk)]
    )

    began = LedgerEntry.objects.get(event="program.paused")
    seated = LedgerEntry.objects.filter(event="entry.seated")
    assert (paused, sum(map(int, given))) == ("paused", Seat.objects.count())
    assert 0 < seated.count() < 400
    assert seated.filter(pk__gt=began.pk).count() == 0


def test_pausing_and_going_on_beside_admissions_and_new_rates_blocks_nobody():
    """PostgreSQL would end one of them with “deadlock detected”, which fails the race.

    An admission holds its week and writes rows that point at the program; a pause holds the program and asks for the
    week.
    """
    program, dora = make_program(), make_manager()
    make_rate(program, 1000, from_at=clock.now() - timedelta(days=30))
    make_long_line(program, 300)

    *given, turns, rates = race(
        *[["admit_one_by_one", str(program.pk)]] * 3,
        ["pause_and_go_on", str(program.pk), str(dora.pk)],
        ["set_rates", str(program.pk), str(dora.pk)],
    )

    paused = LedgerEntry.objects.filter(event="program.paused").count()
    assert (turns, rates) == ("20", "10")
    assert (paused, Program.objects.get().paused_at, sum(map(int, given))) == (20, None, Seat.objects.count())
    over = {
        "No week has given more seats than its limit.",
        "Every share of a week counts the seats that were taken from it.",
    }
    assert over & broken() == set()

"""A freeze beside admissions, with real processes: once it is committed, nobody is seated."""

from datetime import timedelta

import pytest

from audit import clock
from audit.models import LedgerEntry
from onboarding.domain import guards
from onboarding.domain.guards import Reading
from onboarding.models import Freeze, Seat
from onboarding.states import GuardKind
from tests.audit.test_invariants import broken
from tests.factories import make_long_line, make_program, make_rate
from tests.onboarding.guarding import make_guard
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


def test_nobody_is_seated_once_a_freeze_is_committed():
    at = clock.now()
    program = make_program()
    make_rate(program, 1000, from_at=at - timedelta(days=30))
    make_long_line(program, 400)
    make_guard(program, at=at)
    guards.report(GuardKind.LATE, [Reading(program.pk, 1, 90, 100)], at=at)

    *given, frozen = race(*[["admit_one_by_one", str(program.pk)]] * 3, ["freeze", str(program.pk)])

    began = LedgerEntry.objects.get(event="freeze.began")
    seated = LedgerEntry.objects.filter(event="entry.seated")
    assert (frozen, sum(map(int, given))) == ("1", Seat.objects.count())
    assert seated.filter(pk__gt=began.pk).count() == 0
    assert Seat.objects.filter(given_at__gt=Freeze.objects.get().began_at).count() == 0
    assert "No seat was given while a freeze was open." not in broken()


def test_four_workers_that_settle_at_once_freeze_once():
    at = clock.now()
    program = make_program()
    make_guard(program, at=at)
    guards.report(GuardKind.LATE, [Reading(program.pk, 1, 90, 100)], at=at)

    changed = race(*[["freeze", str(program.pk)]] * 4)

    assert (sorted(changed), Freeze.objects.count()) == (["0", "0", "0", "1"], 1)

"""kill -9 of processes that admit, at random moments: each week gives what it may, in order, to nobody twice."""

import json
import random

import pytest

from accounts.models import User
from onboarding.domain import plans
from onboarding.domain.plans import Rules
from onboarding.models import Invitation, Seat
from tests.admitters import WEEKS
from tests.factories import MONDAY, make_long_line, make_program, make_rate
from tests.processes import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
RATE = 30


def killed(kills: int, seed: int) -> int:
    """Let admitters of a new program be killed so often; return how many were at work."""
    program = make_program()
    make_rate(program, RATE)
    plans.set_plan(
        program,
        Rules(carry="full"),
        by=User.objects.get(email="dora@example.org"),
        at=MONDAY,
        reason="As agreed",
    )
    make_long_line(program, RATE * WEEKS + 5)
    with running("-m", "tests.admitters", str(program.pk), str(kills), str(seed)) as process:
        said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said
    seats = Seat.objects.filter(week__program=program).order_by("week__starts_at", "pk")
    line = program.entries.in_order().values_list("pk", flat=True)
    assert list(seats.values_list("entry_id", flat=True)) == list(line[: RATE * WEEKS])
    weeks = program.weeks.order_by("starts_at").values_list("limit", "admitted")
    offered = Invitation.objects.filter(seat__in=seats).count()
    assert (list(weeks), offered) == ([(RATE, RATE)] * WEEKS, RATE * WEEKS)
    return json.loads(said.splitlines()[-1])


def test_admitters_killed_at_any_moment_give_each_seat_once_and_in_order():
    assert killed(3, seed=3) >= 1


@pytest.mark.soak
def test_soak_a_hundred_kills_of_admitters_give_each_seat_once_and_in_order():
    chance = random.Random(100)
    hits = 0
    while hits < 100:
        hits += killed(4, seed=chance.randrange(1000))

"""Random plans, pauses, moves, declines, expiries, clock jumps, admitters beside each other, redelivery: on PostgreSQL.

What each admission gives is compared with a reading of the published rule in plain Python (docs/admission.md); after
every step the weeks, and at the end `check_invariants`, must hold.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from onboarding.domain import clocks, invitations, order, plans, programs, rates, waitlist
from onboarding.domain.plans import Rules, Share
from onboarding.models import Invitation, Program, Seat, WaitlistEntry, Week, WeekShare
from outbox import letters
from tests.factories import MONDAY, make_long_line, make_manager, make_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
PEOPLE = 16
KINDS = ("university", "company", "press_or_creator")
HOUR = timedelta(hours=1)

shares = st.lists(
    st.sampled_from(
        [
            Share("applicant_type", "university", 30),
            Share("applicant_type", "university,company", 40),
            Share("country", "ES", 25),
            Share("wave", "first", 20),
            Share("hand_picked", "", 25),
        ]
    ),
    unique=True,
    max_size=2,
)
ramps = st.sampled_from([(100, 1, None), (150, 1, 9), (200, 2, 8)])
carries = st.sampled_from([("none", None), ("capped", 2), ("full", None)])


@st.composite
def some_rules(draw):
    (percent, weeks, most), (carry, carry_most) = draw(ramps), draw(carries)
    return Rules(
        ramp_percent=percent, ramp_weeks=weeks, ramp_most=most, carry=carry, carry_most=carry_most,
        spread=draw(st.sampled_from(["at_once", "daily", "working_days"])),
        unfilled=draw(st.sampled_from(["others", "kept", "carried"])), shares=tuple(draw(shares)),
    )  # fmt: skip


def dora() -> User:
    return User.objects.filter(email="dora@example.org").first() or make_manager()


def belongs(entry: WaitlistEntry, share: Share) -> bool:
    if share.kind == "hand_picked":
        return entry.hand_picked
    return getattr(entry, share.kind) in share.among.split(",")


def by_the_rule(program: Program, week: Week, at) -> list[int]:
    """Return who is to be seated now, in the order of the line: the published rule, one entry after the other."""
    program, week = Program.objects.get(pk=program.pk), Week.objects.get(pk=week.pk)
    part = plans.part_of(week, program, at)
    free = plans.released(week.limit, part) - week.admitted
    if program.paused_at or free <= 0 or program.weeks.filter(starts_at__gt=week.starts_at).exists():
        return []
    line = list(WaitlistEntry.objects.waiting().filter(program=program).exclude(seats__week=week).in_order())
    held = list(WeekShare.objects.filter(week=week).select_related("share").order_by("share__place"))
    room = {each.pk: max(0, plans.released(each.limit, part) - each.admitted) for each in held}
    given = set()
    for entry in line:
        own = next((each for each in held if belongs(entry, each.share)), None)
        if own and room[own.pk]:
            room[own.pk] -= 1
            given.add(entry.pk)
    everybody = plans.released(week.limit - sum(each.limit for each in held), part)
    rest = max(0, everybody - (week.admitted - sum(each.admitted for each in held)))
    if week.plan and week.plan.unfilled == "others":
        rest += sum(room.values())
    given |= set([entry.pk for entry in line if entry.pk not in given][:rest])
    return [entry.pk for entry in line if entry.pk in given][:free]


class Admission(RuleBasedStateMachine):
    """One program with a short line; `now` is the clock everybody reads."""

    @initialize(zone=st.sampled_from(["UTC", "Europe/Madrid", "Asia/Kolkata"]), rate=st.integers(1, 6))
    def begin(self, zone, rate):
        self.now = MONDAY
        self.program = make_program(
            time_zone=zone, invitation_days=1, week_starts_on=6, week_starts_hour=23, week_starts_minute=30
        )
        make_long_line(self.program, PEOPLE, at=MONDAY - timedelta(days=9))
        for number, entry in enumerate(self.program.entries.order_by("pk")):
            entry.applicant_type, entry.country = KINDS[number % 3], "ES" if number % 4 == 0 else "FR"
            entry.wave, entry.hand_picked = "first" if number % 5 == 0 else "", number % 7 == 0
            entry.save()
        self.set_rate(rate)

    @rule(rate=st.integers(0, 6))
    def set_rate(self, rate):
        rates.set_rate(
            self.program, per_week=rate, from_at=self.now, by=dora(), at=self.now, reason="As agreed"
        )

    @rule(rules=some_rules())
    def set_plan(self, rules):
        if rules != plans.rules_of(plans.in_force(self.program, self.now)):
            plans.set_plan(self.program, rules, by=dora(), at=self.now, reason="As agreed")

    @rule(hours=st.sampled_from([1, 20, 30, 100, 168, 300, 24 * 22, -2, -30, -200]))
    def let_time_pass(self, hours):
        self.now += hours * HOUR

    @rule()
    def admit(self):
        self.compare(lambda: waitlist.admit(self.program, by="beat", at=self.now))

    @rule()
    def deliver_twice(self):
        self.admit()
        assert waitlist.admit(self.program, by="beat", at=self.now) == 0

    @rule()
    def admit_beside_each_other(self):
        def give(_: int) -> int:
            try:
                return waitlist.admit(self.program, by="beat", at=self.now)
            finally:
                connection.close()

        def both() -> int:
            with ThreadPoolExecutor(2) as pool:
                return sum(pool.map(give, range(2)))

        self.compare(both)

    def compare(self, act):
        """Admit, and hold who was seated against the rule; the week is opened before, so that it can be asked."""
        opened = waitlist.admit(self.program, by="beat", at=self.now, most=0)
        week = self.program.weeks.order_by("-starts_at").first()
        inside = week is not None and week.starts_at <= self.now < week.ends_at
        expected = by_the_rule(self.program, week, self.now) if inside else []
        before = set(Seat.objects.values_list("pk", flat=True))
        given = act()
        seats = Seat.objects.filter(entry__program=self.program).exclude(pk__in=before).order_by("pk")
        seated = list(seats.values_list("entry_id", flat=True))
        assert (opened, given, seated) == (0, len(expected), expected)

    @rule()
    def beat(self):
        """Write and send what is owed, start the clocks, and let run out what is over."""
        invitations.tell_owed(at=self.now)
        letters.send_owed(at=self.now)
        clocks.start_owed(at=self.now)
        invitations.expire_due(at=self.now)

    def offered(self):
        found = Invitation.objects.offered().filter(seat__entry__program=self.program)
        return [
            each
            for each in found.select_related("seat__entry__application__applicant")
            if not each.is_over(self.now)
        ]

    @precondition(lambda self: self.offered())
    @rule(data=st.data(), accepts=st.booleans())
    def answer(self, data, accepts):
        chosen = data.draw(st.sampled_from(self.offered()))
        verb = invitations.accept if accepts else invitations.decline
        verb(chosen, by=chosen.seat.entry.application.applicant, at=self.now)

    def waiting(self):
        return list(WaitlistEntry.objects.filter(program=self.program, state="waiting").order_by("pk"))

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), hold=st.booleans())
    def move(self, data, hold):
        entry = data.draw(st.sampled_from(self.waiting()))
        if hold:
            order.hold(entry, by=dora(), at=self.now, reason="To be checked")
        elif entry.priority == order.BY_THE_RULE:
            order.put_forward(entry, by=dora(), at=self.now, reason="Helps the flood response")

    @rule()
    def pause_or_resume(self):
        paused = Program.objects.get(pk=self.program.pk).paused_at
        (programs.resume if paused else programs.pause)(
            self.program, by=dora(), at=self.now, reason="To be sure"
        )

    @invariant()
    def every_seat_is_accounted_for(self):
        weeks = list(self.program.weeks.order_by("starts_at"))
        seats = list(Seat.objects.filter(week__in=weeks).values_list("week_id", "entry_id"))
        by_week = Counter(week for week, _ in seats)
        assert len(set(seats)) == len(seats), "two seats in one week"
        assert [week.admitted for week in weeks] == [by_week[week.pk] for week in weeks]
        assert all(week.admitted <= week.limit for week in weeks), "more than the limit"
        assert all(a.ends_at == b.starts_at for a, b in pairwise(weeks)), "a gap between weeks"
        back = Invitation.objects.filter(seat__week__in=weeks, counted_in__isnull=False).count()
        unused = sum(week.limit - week.admitted for week in weeks[:-1])
        assert sum(week.carried for week in weeks) <= unused + back, (
            "a seat was carried over that nobody left"
        )


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Admission,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_whatever_happens_each_week_gives_what_its_plan_says_in_the_order_of_the_line():
    run(examples=6, steps=14)


@pytest.mark.soak
def test_soak_whatever_happens_each_week_gives_what_its_plan_says_in_the_order_of_the_line():
    run(examples=300, steps=40)

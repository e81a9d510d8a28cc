"""Stages: planned, taken by the payer, told; what people have stays theirs."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from audit import ledger
from onboarding import tasks
from onboarding.domain import grants, invitations, keys, order, plans, programs, stages, waitlist, weeks
from onboarding.domain.stages import Touched
from onboarding.models import Invitation, Program, StageChange
from onboarding.states import STAGE_TRANSITIONS, ApplicationState, ShareKind, Spread, Stage, Unfilled
from outbox.models import Letter
from tests.audit.test_invariants import breaking
from tests.factories import (
    MONDAY,
    make_application,
    make_entry,
    make_grant,
    make_long_line,
    make_manager,
    make_program,
    make_rate,
    make_user,
)

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)
WHY = "The safety work is done."


@pytest.fixture
def dora():
    return make_manager()


def plan(program, to, dora, *, from_at=MONDAY, at=MONDAY, reason=WHY):
    return stages.plan(program, to=to, from_at=from_at, by=dora, at=at, reason=reason)


def stage_of(program):
    return Program.objects.get(pk=program.pk).stage


def test_a_planned_change_is_taken_once_when_its_time_has_come(dora):
    program = make_program(stage=Stage.INVITATION_ONLY)
    change = plan(program, Stage.LIMITED, dora, from_at=MONDAY + WEEK)

    taken = [stages.take_due(at=at) for at in (MONDAY, MONDAY + WEEK, MONDAY + WEEK)]

    change.refresh_from_db()
    assert (taken, stage_of(program), change.taken_at) == ([0, 1, 0], "limited", MONDAY + WEEK)
    rows = ledger.of(program).filter(event="program.stage_changed")
    assert [(row.actor, row.details) for row in rows] == [
        (f"user:{dora.pk}", {"was": "invitation_only", "now": "limited", "change": change.pk})
    ]


def test_a_change_from_now_on_is_taken_at_once(dora):
    program = make_program()

    plan(program, Stage.CLOSED, dora)

    assert stage_of(program) == "closed"


def test_a_payer_that_was_away_takes_what_it_missed_in_order(dora):
    program = make_program(stage=Stage.INVITATION_ONLY)
    make_rate(program, 5)
    for after, to in ((1, Stage.LIMITED), (2, Stage.OPEN), (3, Stage.CLOSED)):
        plan(program, to, dora, from_at=MONDAY + after * WEEK)

    assert (stages.take_due(at=MONDAY + 4 * WEEK), stage_of(program)) == (3, "closed")


@pytest.mark.parametrize(
    ("was", "to"), [(a, b) for a in Stage for b in Stage if b not in STAGE_TRANSITIONS[a]]
)
def test_a_stage_that_cannot_follow_is_refused(dora, was, to):
    program = make_program(stage=was)
    make_rate(program, 5)

    with pytest.raises(programs.IllegalStage):
        plan(program, to, dora)

    assert not StageChange.objects.exists()


def test_what_is_planned_before_something_must_leave_it_possible(dora):
    program = make_program(stage=Stage.INVITATION_ONLY)
    plan(program, Stage.LIMITED, dora, from_at=MONDAY + 2 * WEEK)

    with pytest.raises(programs.IllegalStage):
        plan(program, Stage.CLOSED, dora, from_at=MONDAY + WEEK)

    assert stages.may_follow(program) == [Stage.OPEN, Stage.CLOSED]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"reason": " "}, programs.SayWhy),
        ({"from_at": MONDAY - WEEK}, stages.InThePast),
        ({"to": Stage.OPEN}, stages.NoRate),
    ],
)
def test_a_change_without_what_it_needs_is_refused(dora, more, refusal):
    with pytest.raises(refusal):
        stages.plan(
            make_program(), **{"to": Stage.CLOSED, "from_at": MONDAY, "by": dora, "at": MONDAY, "reason": WHY} | more
        )  # fmt: skip

    assert not StageChange.objects.exists()


def test_a_cancelled_change_is_never_taken(dora):
    program = make_program()
    change = plan(program, Stage.CLOSED, dora, from_at=MONDAY + WEEK)

    stages.cancel(change, by=dora, at=MONDAY, reason="We go on.")

    assert (stages.take_due(at=MONDAY + 2 * WEEK), stage_of(program)) == (0, "limited")
    assert list(ledger.of(change).values_list("event", flat=True)) == ["stage.planned", "stage.cancelled"]
    with pytest.raises(stages.NotPlanned, match="is cancelled already"):
        stages.cancel(change, by=dora, at=MONDAY, reason="Again")


def test_a_change_that_others_follow_is_not_cancelled(dora):
    program = make_program(stage=Stage.INVITATION_ONLY)
    make_rate(program, 5)
    first = plan(program, Stage.LIMITED, dora, from_at=MONDAY + WEEK)
    plan(program, Stage.OPEN, dora, from_at=MONDAY + 2 * WEEK)

    with pytest.raises(stages.OthersFollow):
        stages.cancel(first, by=dora, at=MONDAY, reason="We wait.")


def test_what_was_taken_is_not_cancelled(dora):
    change = plan(make_program(), Stage.CLOSED, dora)

    with pytest.raises(stages.NotPlanned, match="was taken already"):
        stages.cancel(change, by=dora, at=MONDAY, reason="Sorry")


def crowd(program):
    """Return people of each kind: a draft, one under review, two in line, one invited, one let in."""
    make_application(program, state=ApplicationState.DRAFT, applicant=make_user("dan"))
    make_application(program, applicant=make_user("rita-reviewed"))
    make_rate(program, 2)
    let_in = make_grant(program, applicant=make_user("gil"))
    make_entry(program, applicant=make_user("ida"))
    waitlist.admit(program, by="test", at=MONDAY)
    invitations.tell_owed(at=MONDAY)
    make_entry(program, applicant=make_user("walt"))
    held = make_entry(program, applicant=make_user("hana"))
    order.hold(held, by=make_manager("mia"), at=MONDAY, reason="A question")
    return let_in


def told(kind):
    return sorted(Letter.objects.filter(kind=f"onboarding/{kind}").values_list("recipient", flat=True))


def test_the_preview_counts_whom_a_change_would_find():
    program = make_program()
    crowd(program)

    assert stages.touched(program) == Touched(drafts=1, under_review=1, waiting=2, invited=1, let_in=1)


def test_closing_is_told_to_the_line_and_to_drafts_and_leaves_what_people_have(dora):
    program = make_program()
    grant = crowd(program)
    plan(program, Stage.CLOSED, dora)

    written = [stages.tell_owed(at=MONDAY) for _ in range(2)]

    assert (written, told("program_closed")) == (
        [3, 0],
        ["dan@example.org", "hana@example.org", "walt@example.org"],
    )
    draft = Letter.objects.get(kind="onboarding/program_closed", recipient="dan@example.org")
    assert ("can no longer be sent" in draft.text, WHY in draft.text) == (True, True)
    invitation = Invitation.objects.offered().get()
    accepted = invitations.accept(
        invitation, by=invitation.seat.entry.application.applicant, at=MONDAY + timedelta(hours=1)
    )
    assert (grants.locked(grant.pk).state, accepted.state) == ("active", "active")
    assert keys.issue_owed(at=MONDAY + timedelta(hours=1)) == 2


def test_opening_invites_everybody_who_waits_but_those_on_hold(dora):
    program = make_program()
    crowd(program)
    plan(program, Stage.OPEN, dora)
    stages.tell_owed(at=MONDAY)

    added = [stages.widen_open(program, by="beat", at=MONDAY) for _ in range(2)]
    given = [waitlist.admit(program, by="beat", at=MONDAY) for _ in range(2)]

    week = program.weeks.get()
    assert (added, given, week.limit, week.admitted) == ([1, 0], [1, 0], 3, 3)
    assert told("program_open") == ["hana@example.org", "walt@example.org"]
    assert [row.details for row in ledger.of(week).filter(event="week.widened")] == [{"was": 2, "now": 3}]


def test_who_was_seated_before_the_letters_were_written_gets_one_too(dora):
    program = make_program()
    crowd(program)
    plan(program, Stage.OPEN, dora)
    soon = MONDAY + timedelta(minutes=1)
    stages.widen_open(program, by="beat", at=soon)
    waitlist.admit(program, by="beat", at=soon)

    stages.tell_owed(at=soon)

    assert told("program_open") == ["hana@example.org", "walt@example.org"]


def test_a_rate_of_0_lets_nobody_into_an_open_program(dora):
    program = make_program(stage=Stage.OPEN)
    make_rate(program, 0)
    make_entry(program)

    assert stages.widen_open(program, by="beat", at=MONDAY) == 0


def test_a_change_whose_time_has_come_goes_before_one_that_is_planned_for_now(dora):
    program = make_program(stage=Stage.INVITATION_ONLY)
    soon = MONDAY + timedelta(hours=1)
    stages.plan(program, to=Stage.LIMITED, from_at=soon, by=dora, at=MONDAY, reason="As announced")

    stages.plan(program, to=Stage.CLOSED, from_at=soon, by=dora, at=soon, reason="It was abused")

    assert [change.to for change in program.stage_changes.exclude(taken_at=None)] == ["limited", "closed"]


def test_who_is_approved_in_an_open_program_is_invited_by_the_next_run(dora):
    program = make_program(stage=Stage.OPEN)
    make_rate(program, 1)
    make_entry(program)
    entry = make_entry(program)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.clock.now", lambda: MONDAY)
        tasks.admit_due()

    assert entry.seats.get().invitation.state == "offered"


@pytest.mark.parametrize("stands", ["paused", "limited"])
def test_a_week_is_widened_for_an_open_program_that_is_not_paused(dora, stands):
    program = make_program(stage=Stage.LIMITED if stands == "limited" else Stage.OPEN)
    make_rate(program, 0)
    make_entry(program)
    if stands == "paused":
        programs.pause(program, by=dora, at=MONDAY, reason="Stop")

    assert stages.widen_open(program, by="beat", at=MONDAY) == 0


def test_many_are_told_in_chunks_of_a_fixed_number_of_statements(
    dora, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(stages, "CHUNK", 40)
    program = make_program()
    make_long_line(program, 100)
    plan(program, Stage.CLOSED, dora)

    with django_assert_max_num_queries(1 + 4 * 8):
        assert stages.tell_owed(at=MONDAY) == 100

    assert len(set(told("program_closed"))) == 100


def test_a_change_between_applications_and_invitations_writes_to_nobody(dora):
    program = make_program(stage=Stage.INVITATION_ONLY)
    make_entry(program)
    plan(program, Stage.LIMITED, dora)

    assert (stages.tell_owed(at=MONDAY), StageChange.objects.get().told_at) == (0, MONDAY)


def test_the_task_takes_and_tells(dora):
    program = make_program()
    make_entry(program, applicant=make_user("walt"))
    plan(program, Stage.CLOSED, dora, from_at=MONDAY + WEEK)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.clock.now", lambda: MONDAY + WEEK)
        tasks.take_stages()

    assert (stage_of(program), told("program_closed")) == ("closed", ["walt@example.org"])


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Another"},
        {"to": "open"},
        {"taken_at": None},
        {"cancelled_at": MONDAY},
        {"told_at": MONDAY, "taken_at": None},
    ],
)
def test_the_database_keeps_a_change_as_it_was_written_and_taken(dora, changes):
    change = plan(make_program(), Stage.CLOSED, dora)

    with pytest.raises(DatabaseError), transaction.atomic():
        StageChange.objects.filter(pk=change.pk).update(**changes)


def test_the_database_refuses_a_change_before_its_time(dora):
    change = plan(make_program(), Stage.CLOSED, dora, from_at=MONDAY + WEEK)

    with pytest.raises(IntegrityError, match="stage_change_taken_in_its_time"), transaction.atomic():
        StageChange.objects.filter(pk=change.pk).update(taken_at=MONDAY)


RULE = "Every change of stage was planned, taken or cancelled as the ledger says."


@pytest.mark.parametrize(
    "breaks", [{"taken_at": MONDAY + WEEK}, {"cancelled_at": MONDAY, "cancel_reason": "x"}]
)
def test_a_change_that_moved_without_its_ledger_row_is_found(dora, breaks):
    change = plan(make_program(), Stage.CLOSED, dora, from_at=MONDAY + WEEK)
    assert len(breaking(RULE)) == 0
    by = {"cancelled_by": dora} if "cancelled_at" in breaks else {}

    StageChange.objects.filter(pk=change.pk).update(**breaks | by)

    assert len(breaking(RULE)) == 1


def test_a_change_that_was_planned_in_somebody_elses_name_is_found(dora):
    program = make_program()
    StageChange.objects.create(
        program=program, to=Stage.CLOSED, from_at=MONDAY, set_at=MONDAY, set_by=dora, reason=WHY
    )

    assert len(breaking(RULE)) == 1


def test_neither_a_spread_nor_a_share_keeps_anybody_waiting_in_an_open_program(dora):
    program = make_program(stage=Stage.OPEN)
    make_rate(program, 10)
    rules = plans.Rules(
        spread=Spread.DAILY, unfilled=Unfilled.KEPT, shares=(plans.Share(ShareKind.HAND_PICKED, "", 90),)
    )
    plans.set_plan(program, rules, by=dora, at=MONDAY - WEEK, reason=WHY)
    make_long_line(program, 20)
    week = weeks.open_due(program, by="test", at=MONDAY)
    assert (week.limit, week.shares.get().limit) == (10, 9)

    stages.widen_open(program, by="beat", at=MONDAY)

    assert waitlist.admit(program, by="beat", at=MONDAY) == 20

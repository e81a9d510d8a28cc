"""The life of an application: what each verb does, what it refuses, and what the database refuses."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import ledger
from onboarding.domain import applications
from onboarding.domain.applications import (
    AlreadyApplied,
    GuidelinesNotAccepted,
    IllegalMove,
    Incomplete,
    NotYours,
    ProgramIsClosed,
    StaleDraft,
    TooEarly,
)
from onboarding.models import Application, Revision, WaitlistEntry
from onboarding.states import APPLICATION_TRANSITIONS, ApplicationState, Stage
from outbox.models import Letter
from policies.domain import guidelines, weaknesses
from policies.models import Acceptance, GuidelineVersion
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_grant,
    make_organisation,
    make_owner,
    make_program,
    make_reviewer,
    make_user,
    put_guidelines_in_force,
)
from tests.onboarding.filled import HELD, good_for

pytestmark = pytest.mark.django_db
State = ApplicationState
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def program():
    return make_program("code")


def filled(program, user, *, owner=None, **changes):
    """Return a draft of this person that is ready to be sent, guidelines accepted."""
    accept_guidelines(user)
    draft = applications.start(program, owner=owner or make_owner(user), by=user, at=MONDAY)
    return applications.save_draft(
        draft,
        answers=good_for(program, user, **changes),
        seen_version=draft.answers_version,
        by=user,
        at=MONDAY,
    )


def events(application):
    return [entry.event.removeprefix("application.") for entry in ledger.of(application)]


def untouched(application):
    """Return what a refused call must leave as it is."""
    row = Application.objects.filter(pk=application.pk).values().get()
    return row, ledger.of(application).count(), Letter.objects.count(), Revision.objects.count()


# ---------------------------------------------------------------- start


def test_start_makes_a_draft_that_knows_its_person(program, alice):
    draft = applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)

    assert (draft.state, draft.applicant, draft.answers) == (
        State.DRAFT,
        alice,
        {"full_name": "Alice", "work_email": "alice@example.org"},
    )
    assert events(draft) == ["started"]


def test_start_for_an_organisation_knows_its_name(program, alice):
    organisation = make_organisation(alice, name="Pygma Labs")
    from accounts.domain import owners

    draft = applications.start(program, owner=owners.of_organisation(organisation), by=alice, at=MONDAY)

    assert draft.answers["legal_name"] == "Pygma Labs"


def test_starting_again_returns_the_same_draft(program, alice):
    first = applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)

    assert applications.start(program, owner=make_owner(alice), by=alice, at=LATER) == first
    assert events(first) == ["started"]


def test_start_for_somebody_else_is_refused(program, alice):
    with pytest.raises(NotYours):
        applications.start(program, owner=make_owner(), by=alice, at=MONDAY)

    assert not Application.objects.exists()


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.INVITATION_ONLY])
def test_start_in_a_program_that_takes_no_applications_is_refused(alice, stage):
    program = make_program("code", stage=stage)

    with pytest.raises(ProgramIsClosed, match="takes no applications"):
        applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)

    assert not Application.objects.exists()


@pytest.mark.parametrize("state", [State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED])
def test_start_beside_an_application_under_way_is_refused(program, alice, state):
    first = make_application(program, owner=make_owner(alice), applicant=alice, state=state)

    with pytest.raises(AlreadyApplied, match=first.number):
        applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)


def test_start_with_a_live_grant_is_refused(program, alice):
    grant = make_grant(program, applicant=alice)

    with pytest.raises(AlreadyApplied, match=grant.application.number):
        applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)


@pytest.mark.parametrize("state", [State.REJECTED, State.WITHDRAWN, State.LAPSED])
def test_start_after_an_application_has_ended_is_possible(program, alice, state):
    ended = make_application(program, owner=make_owner(alice), applicant=alice, state=state)

    assert applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY).pk != ended.pk


def test_start_before_the_time_a_rejection_named_is_refused(program, alice):
    with pytest.raises(TooEarly, match="24 November 2026"):
        applications.start(
            program, owner=make_owner(alice), by=alice, at=MONDAY, not_before=MONDAY + timedelta(days=1)
        )


def test_start_from_the_time_a_rejection_named_is_possible(program, alice):
    assert applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY, not_before=MONDAY)


def test_the_database_allows_one_draft_of_an_owner_in_a_program(program, alice):
    draft = applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.create(
            program=program, owner=draft.owner, question_set=draft.question_set, started_at=MONDAY
        )


# ---------------------------------------------------------------- drafts


@pytest.fixture
def draft(program, alice):
    return applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)


def test_a_draft_keeps_what_was_typed_even_where_it_is_wrong(draft, alice):
    typed = {"title": "  A ", "max_input_chars": "plenty", "areas": ["none", "legal"]}

    saved = applications.save_draft(draft, answers=typed, seen_version=0, by=alice, at=LATER)

    saved.refresh_from_db()
    assert saved.answers["title"] == "A"
    assert saved.answers["max_input_chars"] == "plenty"
    assert saved.answers["areas"] == ["none", "legal"]
    assert (saved.answers_version, saved.saved_at, saved.title) == (1, LATER, "A")


def test_an_emptied_answer_is_taken_away(draft, alice):
    applications.save_draft(
        draft, answers={"title": "A name", "areas": ["legal"]}, seen_version=0, by=alice, at=LATER
    )

    saved = applications.save_draft(
        draft, answers={"title": " ", "areas": []}, seen_version=1, by=alice, at=LATER
    )

    assert not {"title", "areas"} & set(saved.answers)


def test_answers_to_other_questions_stay(draft, alice):
    saved = applications.save_draft(draft, answers={"title": "A name"}, seen_version=0, by=alice, at=LATER)

    assert saved.answers["full_name"] == "Alice"


def test_a_page_that_is_behind_overwrites_nothing(draft, alice):
    applications.save_draft(draft, answers={"title": "From one tab"}, seen_version=0, by=alice, at=LATER)
    before = untouched(draft)

    with pytest.raises(StaleDraft) as raised:
        applications.save_draft(
            draft, answers={"title": "From the other"}, seen_version=0, by=alice, at=LATER
        )

    assert raised.value.application.answers["title"] == "From one tab"
    assert untouched(draft) == before


def test_saving_what_is_there_already_is_never_behind(draft, alice):
    applications.save_draft(draft, answers={"title": "Same"}, seen_version=0, by=alice, at=LATER)

    saved = applications.save_draft(draft, answers={"title": "Same"}, seen_version=0, by=alice, at=LATER)

    assert saved.answers_version == 1


def test_a_stranger_saves_nothing(draft):
    before = untouched(draft)

    with pytest.raises(NotYours):
        applications.save_draft(
            draft, answers={"title": "Mine"}, seen_version=0, by=make_user("charlie"), at=LATER
        )

    assert untouched(draft) == before


def test_what_was_sent_cannot_be_saved_over(program, alice):
    sent = filled(program, alice)
    applications.submit(sent, by=alice, at=LATER)
    before = untouched(sent)

    with pytest.raises(IllegalMove):
        applications.save_draft(sent, answers={"title": "Another"}, seen_version=1, by=alice, at=LATER)

    assert untouched(sent) == before


def test_a_colleague_may_go_on_with_the_draft(program, alice):
    from accounts.domain import owners

    bert = make_user("bert")
    owner = owners.of_organisation(make_organisation(alice, bert))
    draft = applications.start(program, owner=owner, by=alice, at=MONDAY)

    assert (
        applications.save_draft(draft, answers={"title": "Ours"}, seen_version=0, by=bert, at=LATER).title
        == "Ours"
    )


# ---------------------------------------------------------------- submit


def test_submit_makes_a_revision_with_lane_and_risk_and_owes_a_case(program, alice):
    draft = filled(program, alice)

    revision = applications.submit(draft, by=alice, at=LATER)

    draft.refresh_from_db()
    assert (draft.state, draft.submitted_at, draft.case_owed, draft.title) == (
        State.SUBMITTED, LATER, True, "Docstrings for a small team",
    )  # fmt: skip
    assert (revision.number, revision.lane, revision.submitted_by) == (1, "notify", alice)
    assert (draft.lane, draft.risk_score, draft.risk_level) == (
        revision.lane, revision.risk_score, revision.risk_level,
    )  # fmt: skip
    assert events(draft) == ["started", "submitted"]


def test_submit_writes_one_receipt_to_the_applicant(program, alice):
    draft = filled(program, alice)

    applications.submit(draft, by=alice, at=LATER)

    letter = Letter.objects.get(kind="onboarding/receipt")
    assert letter.recipient == "alice@example.org"
    assert draft.number in letter.text
    assert f"/applications/{draft.number}/" in letter.html


def test_submitting_twice_is_submitting_once(program, alice):
    draft = filled(program, alice)
    first = applications.submit(draft, by=alice, at=LATER)
    before = untouched(draft)

    assert applications.submit(draft, by=alice, at=LATER + timedelta(seconds=1)) == first
    assert untouched(draft) == before


def test_submit_keeps_each_declaration_with_version_hash_and_time(program, alice):
    known = weaknesses.publish("code", text="It makes things up.", by=alice, at=MONDAY)
    draft = filled(program, alice)

    applications.submit(draft, by=alice, at=LATER)

    kept = {row.document: row for row in Acceptance.objects.filter(user=alice, accepted_at=LATER)}
    version = guidelines.in_force()
    assert set(kept) == {
        "declaration:adult", "declaration:ack_policy", "declaration:ack_scope", "declaration:ack_report",
        "declaration:ack_truth", "weaknesses:code",
    }  # fmt: skip
    assert (kept["declaration:ack_policy"].version, kept["declaration:ack_policy"].text_hash) == (
        version.version, version.text_hash,
    )  # fmt: skip
    assert (kept["weaknesses:code"].version, kept["weaknesses:code"].text_hash) == ("1", known.text_hash)
    assert all(row.text_hash for row in kept.values())


def test_hidden_answers_are_dropped_from_what_is_sent(program, alice):
    draft = filled(program, alice, legal_name="Pygma Labs", impact_health="very_high", volume_per_day=9)

    revision = applications.submit(draft, by=alice, at=LATER)

    assert not {"legal_name", "impact_health", "volume_per_day"} & set(revision.answers)


def test_an_incomplete_draft_is_refused_with_each_place(program, alice):
    draft = filled(program, alice, summary="Too short", areas=None)
    before = untouched(draft)

    with pytest.raises(Incomplete) as raised:
        applications.submit(draft, by=alice, at=LATER)

    assert raised.value.problems == {
        "summary": "Write at least 50 characters; this has 9.",
        "areas": "Choose an answer.",
        "incident_plan": "Please answer this: a person decides before you get access.",
    }
    assert untouched(draft) == before


def test_the_plan_for_misuse_is_asked_for_in_the_hold_lane_only(program, alice):
    draft = filled(program, alice, **HELD | {"areas": ["legal"], "incident_plan": None})

    with pytest.raises(Incomplete) as raised:
        applications.submit(draft, by=alice, at=LATER)

    assert list(raised.value.problems) == ["incident_plan"]


def test_a_work_email_that_nobody_verified_is_refused(program, alice):
    draft = filled(program, alice, work_email="boss@pygma.example")

    with pytest.raises(Incomplete) as raised:
        applications.submit(draft, by=alice, at=LATER)

    assert "Verify this address" in raised.value.problems["work_email"]


def test_a_work_email_verified_in_the_account_is_taken(program, alice):
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=alice, email="alice@pygma.example", verified=True)

    assert applications.submit(filled(program, alice, work_email="Alice@pygma.example"), by=alice, at=LATER)


def test_without_the_guidelines_accepted_nothing_is_sent(program, alice):
    draft = applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)
    applications.save_draft(draft, answers=good_for(program, alice), seen_version=0, by=alice, at=MONDAY)
    before = untouched(draft)

    with pytest.raises(GuidelinesNotAccepted, match=r"version 1\.0\.0"):
        applications.submit(draft, by=alice, at=LATER)

    assert untouched(draft) == before


def test_guidelines_that_changed_since_must_be_accepted_again(program, alice):
    draft = filled(program, alice)
    newer = guidelines.load({**guidelines.shipped(), "version": "1.1.0"}, by="test", at=MONDAY)
    put_guidelines_in_force(newer)

    with pytest.raises(GuidelinesNotAccepted, match=r"version 1\.1\.0"):
        applications.submit(draft, by=alice, at=LATER)


def test_a_tick_under_an_older_text_does_not_count(program, alice):
    weaknesses.publish("code", text="It makes things up.", by=alice, at=MONDAY)
    draft = filled(program, alice)
    weaknesses.publish("code", text="It makes things up and repeats itself.", by=alice, at=MONDAY)

    with pytest.raises(Incomplete) as raised:
        applications.submit(draft, by=alice, at=LATER)

    assert "changed since you ticked" in raised.value.problems["ack_limits"]


def test_a_tick_of_a_made_up_version_does_not_count(program, alice):
    with pytest.raises(Incomplete):
        applications.submit(filled(program, alice, ack_truth="99"), by=alice, at=LATER)


def test_a_program_that_closed_meanwhile_takes_nothing(program, alice):
    draft = filled(program, alice)
    type(program).objects.filter(pk=program.pk).update(stage=Stage.CLOSED)
    before = untouched(draft)

    with pytest.raises(ProgramIsClosed):
        applications.submit(draft, by=alice, at=LATER)

    assert untouched(draft) == before


def test_a_stranger_submits_nothing(program, alice):
    draft = filled(program, alice)
    before = untouched(draft)

    with pytest.raises(NotYours):
        applications.submit(draft, by=make_user("charlie"), at=LATER)

    assert untouched(draft) == before


def test_a_revision_never_changes(program, alice):
    revision = applications.submit(filled(program, alice), by=alice, at=LATER)

    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(answers={})
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).delete()


# ---------------------------------------------------------------- withdraw, review, end


@pytest.mark.parametrize(
    "state", [State.DRAFT, State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED]
)
def test_withdraw_ends_it_and_no_case_is_owed(program, alice, state):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=state)

    gone = applications.withdraw(application, by=alice, at=LATER)

    assert (gone.state, gone.settled_at, gone.case_owed) == (State.WITHDRAWN, LATER, False)
    assert events(gone)[-1] == "withdrawn"


def test_a_stranger_withdraws_nothing(program, alice):
    application = make_application(program, owner=make_owner(alice), applicant=alice)
    before = untouched(application)

    with pytest.raises(NotYours):
        applications.withdraw(application, by=make_user("charlie"), at=LATER)

    assert untouched(application) == before


def test_approve_keeps_the_conditions_and_joins_the_line(program, alice):
    application = make_application(program, applicant=alice, state=State.IN_REVIEW)
    conditions = [{"category": "health", "text": "A clinician reads it first."}]

    approved = applications.approve(
        application, conditions=conditions, by=make_reviewer(), at=LATER, reason="C1"
    )

    assert (approved.state, approved.conditions, approved.settled_at) == (State.APPROVED, conditions, LATER)
    assert WaitlistEntry.objects.get().application == approved
    assert events(approved)[-1] == "approved"


def test_an_imported_row_nobody_owns_is_approved_and_stays_out_of_the_line(program):
    from accounts.models import Owner

    application = make_application(
        program, owner=Owner.objects.create(imported_as="Row 7"), state=State.IN_REVIEW
    )
    Application.objects.filter(pk=application.pk).update(applicant=None)

    applications.approve(application, conditions=[], by="reviews", at=LATER, reason="A1")

    assert not WaitlistEntry.objects.exists()


def test_a_second_approval_of_one_owner_takes_no_second_place(program, alice):
    owner = make_owner(alice)
    for external_id in ("row-1", "row-2"):
        application = make_application(program, owner=owner, applicant=alice, state=State.IN_REVIEW)
        Application.objects.filter(pk=application.pk).update(external_id=external_id)
        applications.approve(application, conditions=[], by="reviews", at=LATER, reason="A1")

    assert WaitlistEntry.objects.count() == 1


def test_a_rejection_is_settled_with_its_code(program):
    application = make_application(program, state=State.IN_REVIEW)

    rejected = applications.reject(application, by=make_reviewer(), at=LATER, reason="R3")

    assert (rejected.state, rejected.settled_at) == (State.REJECTED, LATER)
    assert ledger.of(rejected).last().reason == "R3"


def test_a_question_and_its_answer_come_back_to_review(program, alice):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=State.IN_REVIEW)

    applications.ask(application, by=make_reviewer(), at=LATER, reason="I1")
    applications.answered(application, by=alice, at=LATER)

    application.refresh_from_db()
    assert application.state == State.IN_REVIEW
    assert events(application)[-2:] == ["information_requested", "in_review"]


def test_only_the_applicants_side_answers(program, alice):
    application = make_application(
        program, owner=make_owner(alice), applicant=alice, state=State.INFORMATION_REQUESTED
    )

    with pytest.raises(NotYours):
        applications.answered(application, by=make_user("charlie"), at=LATER)


# ---------------------------------------------------------------- every missing cell of the table

STEPS = {  # verb -> where it starts, where it leads
    "submit": ({State.DRAFT}, State.SUBMITTED),
    "withdraw": (
        {State.DRAFT, State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED},
        State.WITHDRAWN,
    ),
    "take_up": ({State.SUBMITTED}, State.IN_REVIEW),
    "ask": ({State.IN_REVIEW}, State.INFORMATION_REQUESTED),
    "answered": ({State.INFORMATION_REQUESTED}, State.IN_REVIEW),
    "approve": ({State.IN_REVIEW}, State.APPROVED),
    "reject": ({State.IN_REVIEW}, State.REJECTED),
    "reopen": ({State.REJECTED}, State.IN_REVIEW),
    "lapse": ({State.APPROVED}, State.LAPSED),
}
EXTRA = {
    "ask": {"reason": "I1"},
    "approve": {"reason": "A1", "conditions": []},
    "reject": {"reason": "R1"},
    "reopen": {"reason": "appeal"},
    "lapse": {"reason": "declined"},
}


def test_the_verbs_cover_the_table_and_nothing_else():
    told = {(start, to) for starts, to in STEPS.values() for start in starts}

    assert told == {(state, to) for state, tos in APPLICATION_TRANSITIONS.items() for to in tos}


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb, (starts, _) in STEPS.items()
        if verb != "submit"
        for state in State
        if state not in starts
    ],
)
def test_a_verb_refuses_every_state_it_does_not_start_from(program, alice, verb, state):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=state)
    before = untouched(application)

    with pytest.raises(IllegalMove, match=application.number):
        getattr(applications, verb)(application, by=alice, at=LATER, **EXTRA.get(verb, {}))

    assert untouched(application) == before


@pytest.mark.parametrize("state", [state for state in State if state not in (State.DRAFT, State.WITHDRAWN)])
def test_submit_after_the_first_time_returns_what_was_sent(program, alice, state):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=state)
    before = untouched(application)

    assert applications.submit(application, by=alice, at=LATER) == application.revisions.get()
    assert untouched(application) == before


def test_what_was_withdrawn_cannot_be_submitted(program, alice):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=State.WITHDRAWN)

    with pytest.raises(IllegalMove):
        applications.submit(application, by=alice, at=LATER)


@pytest.mark.parametrize(
    ("state", "to"),
    [
        (state, to)
        for state in State
        for to in State
        if to != state and to not in APPLICATION_TRANSITIONS[state]
    ],
)
def test_the_database_refuses_every_step_that_is_not_in_the_table(program, alice, state, to):
    application = make_application(program, owner=make_owner(alice), applicant=alice, state=state)

    with pytest.raises(IntegrityError, match="no step"), transaction.atomic():
        Application.objects.filter(pk=application.pk).update(
            state=to, submitted_at=MONDAY, lane="hold", risk_score=1, risk_level=1
        )


@pytest.mark.parametrize("state", [state for state in State if state != State.DRAFT])
def test_the_database_refuses_an_application_that_starts_elsewhere(program, alice, state):
    draft = make_application(program, owner=make_owner(alice), applicant=alice, state=State.DRAFT)

    with pytest.raises(IntegrityError, match="cannot start"), transaction.atomic():
        Application.objects.create(
            program=program,
            owner=make_owner(),
            question_set=draft.question_set,
            started_at=MONDAY,
            state=state,
            submitted_at=MONDAY,
            lane="hold",
            risk_score=1,
            risk_level=1,
        )


def test_each_verb_writes_one_ledger_row(program, alice):
    reviewer = make_reviewer()
    application = filled(program, alice)
    applications.submit(application, by=alice, at=LATER)
    applications.take_up(applications.locked(application), by=reviewer, at=LATER)
    applications.ask(application, by=reviewer, at=LATER, reason="I1")
    applications.answered(application, by=alice, at=LATER)
    applications.reject(application, by=reviewer, at=LATER, reason="R3")
    applications.reopen(application, by=reviewer, at=LATER, reason="appeal")
    applications.approve(application, conditions=[], by=reviewer, at=LATER, reason="A2")
    applications.lapse(application, by="beat", at=LATER, reason="declined")

    assert events(application) == [
        "started", "submitted", "in_review", "information_requested", "in_review", "rejected", "in_review",
        "approved", "lapsed",
    ]  # fmt: skip


def test_the_ledger_holds_nothing_that_was_typed(program, alice):
    application = filled(program, alice, title="Words of my own")
    applications.submit(application, by=alice, at=LATER)

    assert "Words of my own" not in str([(entry.reason, entry.details) for entry in ledger.of(application)])


def test_guidelines_are_named_in_the_revision(program, alice):
    revision = applications.submit(filled(program, alice), by=alice, at=LATER)

    assert revision.guidelines == GuidelineVersion.objects.get(state="effective")


# ---------------------------------------------------------------- at the same time


def at_once(act, times=4):
    """Call `act` in threads that start together, each on its own connection; return results and errors."""
    together, found = Barrier(times), []

    def run():
        together.wait()
        try:
            found.append(act())
        except Exception as error:  # the test looks at whatever came out
            found.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return found


@pytest.mark.django_db(transaction=True)
def test_many_first_clicks_at_once_make_one_draft():
    program, alice = make_program("code"), make_user("alice")
    owner = make_owner(alice)

    found = at_once(lambda: applications.start(program, owner=owner, by=alice, at=MONDAY).number)

    assert len(found) == 4
    assert set(found) == {Application.objects.get().number}


@pytest.mark.django_db(transaction=True)
def test_many_submissions_at_once_are_one():
    program, alice = make_program("code"), make_user("alice")
    draft = filled(program, alice)

    found = at_once(lambda: applications.submit(draft, by=alice, at=LATER).pk)

    assert found == [Revision.objects.get().pk] * 4
    assert Letter.objects.filter(kind="onboarding/receipt").count() == 1
    assert events(draft) == ["started", "submitted"]


@pytest.mark.django_db(transaction=True)
def test_of_many_saves_at_once_from_one_version_one_is_kept():
    program, alice = make_program("code"), make_user("alice")
    draft = applications.start(program, owner=make_owner(alice), by=alice, at=MONDAY)
    titles = iter(["One", "Two", "Three", "Four"])

    found = at_once(
        lambda: applications.save_draft(
            draft, answers={"title": next(titles)}, seen_version=0, by=alice, at=LATER
        )
    )

    assert sorted(type(one).__name__ for one in found) == [
        "Application",
        "StaleDraft",
        "StaleDraft",
        "StaleDraft",
    ]
    assert Application.objects.get().answers_version == 1

"""Cases: opened once for what was submitted, moved by the table, closed when it was withdrawn."""

from itertools import product

import pytest
from django.db import IntegrityError, transaction

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import applications
from onboarding.models import Application
from reviews.domain import cases, claims, decisions, signatures, telling
from reviews.models import Case, Decision
from reviews.states import CASE_TRANSITIONS, CaseState, Outcome
from tests.factories import MONDAY, make_application, make_program, make_reviewer
from tests.processes import race
from tests.reviews.making import make_case, make_claimed, make_decision

WAY_TO = {
    CaseState.OPEN: [],
    CaseState.CLAIMED: ["claimed"],
    CaseState.AWAITING_SECOND: ["claimed", "awaiting_second"],
    CaseState.AWAITING_APPLICANT: ["claimed", "awaiting_applicant"],
    CaseState.DECIDED: ["claimed", "decided"],
    CaseState.CLOSED: ["closed"],
}
MISSING = [
    (old, new)
    for old, new in product(CaseState, CaseState)
    if old != new and new not in CASE_TRANSITIONS[old]
]


def put(case: Case, state: str) -> Case:
    """Move a case to a state by the legal steps, in the database alone."""
    for step in WAY_TO[CaseState(state)]:
        Case.objects.filter(pk=case.pk).update(state=step, decided_at=MONDAY if step == "decided" else None)
    case.refresh_from_db()
    return case


@pytest.mark.django_db
@pytest.mark.parametrize(("old", "new"), MISSING)
def test_a_step_that_is_not_in_the_table_is_refused_by_domain_and_database(old, new):
    case = put(make_case(), old)

    with pytest.raises(cases.IllegalMove), transaction.atomic():
        cases.move(case, to=new, event=Event.CASE_RELEASED, by="test", at=MONDAY)
    with pytest.raises(IntegrityError, match="no step from state"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(state=new, decided_at=MONDAY if new == "decided" else None)

    case.refresh_from_db()
    assert case.state == old


@pytest.mark.django_db
def test_a_new_case_starts_open_or_not_at_all():
    case = make_case()
    case.pk, case.application = None, make_application()

    with pytest.raises(IntegrityError, match="cannot start"), transaction.atomic():
        Case.objects.create(
            **{f.attname: getattr(case, f.attname) for f in Case._meta.fields} | {"state": "claimed"}
        )


@pytest.mark.django_db
def test_a_case_takes_lane_risk_and_due_time_from_the_latest_revision():
    program = make_program(time_zone="Europe/Madrid")

    case = make_case(program, lane="hold", risk_score=55, risk_level=3, domains=["health"])

    found = (case.state, case.lane, case.risk_score, case.risk_level, case.domains, case.program)
    assert found == ("open", "hold", 55, 3, ["health"], program)
    assert case.due_at.isoformat() == "2026-12-07T12:00:00+00:00"


@pytest.mark.django_db
def test_opening_twice_opens_once_and_takes_the_promise_back():
    application = make_application()

    opened = [cases.open_owed(at=MONDAY), cases.open_owed(at=MONDAY)]

    application.refresh_from_db()
    assert (opened, application.case_owed) == ([1, 0], False)
    assert LedgerEntry.objects.filter(event=Event.CASE_OPENED).count() == 1


@pytest.mark.django_db
def test_an_owed_case_of_a_withdrawn_application_is_not_opened():
    application = make_application()
    Application.objects.filter(pk=application.pk).update(state="withdrawn")

    assert cases.open_owed(at=MONDAY) == 0
    assert not Application.objects.filter(case_owed=True).exists()


@pytest.mark.django_db
def test_a_case_that_is_there_already_is_left_alone():
    case = make_case()
    Application.objects.filter(pk=case.application_id).update(case_owed=True)

    assert cases.open_owed(at=MONDAY) == 0
    assert Case.objects.count() == 1


@pytest.mark.django_db
def test_many_are_opened_in_chunks_with_few_statements(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(cases, "CHUNK", 50)
    program = make_program()
    for _ in range(110):
        make_application(program)

    with django_assert_max_num_queries(4 * 12):
        opened = cases.open_owed(at=MONDAY)

    assert (opened, Case.objects.count(), LedgerEntry.objects.filter(event=Event.CASE_OPENED).count()) == (
        110,
    ) * 3


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_four_openers_at_once_open_each_case_once():
    program = make_program()
    for _ in range(300):
        make_application(program)

    opened = race(*[["open_cases", MONDAY.isoformat()]] * 4)

    assert sum(map(int, opened)) == Case.objects.count() == 300
    assert LedgerEntry.objects.filter(event=Event.CASE_OPENED).count() == 300


@pytest.mark.django_db
@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.CLAIMED])
def test_withdrawing_closes_the_case_and_frees_its_claim(state):
    case = make_case()
    if state == CaseState.CLAIMED:
        claims.claim(case, by=make_reviewer(), at=MONDAY)
    applications.withdraw(case.application, by=case.application.applicant, at=MONDAY)

    closed = [cases.close_withdrawn(at=MONDAY), cases.close_withdrawn(at=MONDAY)]

    case.refresh_from_db()
    assert (closed, case.state, case.claims.filter(released_at=None).count()) == ([1, 0], "closed", 0)


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.NEEDS_INFORMATION, Outcome.REJECTED])
def test_a_decision_on_what_was_withdrawn_is_never_told(outcome):
    decision = make_decision(outcome, program=make_program(recall_minutes=30))
    application = decision.case.application
    applications.withdraw(application, by=application.applicant, at=MONDAY)

    told = telling.tell_owed(at=MONDAY.replace(day=24))

    decision.refresh_from_db()
    assert (told, decision.told_at, Case.objects.get().state) == (0, None, "closed")
    assert not Decision.objects.to_tell(MONDAY.replace(day=25)).exists()


@pytest.mark.django_db
def test_a_proposal_on_what_was_withdrawn_cannot_be_signed():
    decision = make_decision(risk_level=3, domains=["health"])
    application = decision.case.application
    applications.withdraw(application, by=application.applicant, at=MONDAY)
    cases.close_withdrawn(at=MONDAY)

    with pytest.raises(signatures.NothingToSign):
        signatures.sign(decision, by=make_reviewer("bea"), at=MONDAY)


@pytest.mark.django_db
def test_every_step_of_a_case_is_in_the_ledger_once():
    case, bob = make_claimed()
    decisions.decide(case, by=bob, at=MONDAY, outcome="approved", reason_code="A1_notify_list")
    telling.tell_owed(at=MONDAY)

    events = (
        LedgerEntry.objects.filter(subject_type="reviews.case").order_by("id").values_list("event", flat=True)
    )
    assert list(events) == [Event.CASE_OPENED, Event.CASE_CLAIMED, Event.CASE_DECIDED]

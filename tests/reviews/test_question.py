"""The applicant's answer: once, by the owner, and the case goes on."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import applications
from onboarding.models import Application
from reviews.domain import chasing, decisions, questions, telling
from reviews.models import Case, InformationRequest
from reviews.states import Outcome
from tests.factories import MONDAY, make_organisation, make_reviewer, make_user, owners
from tests.reviews.making import make_claimed, make_decision

THURSDAY = MONDAY + timedelta(days=3)


def asked(**fields) -> InformationRequest:
    """Return a question that was told on Monday at noon; the case was due on Wednesday at noon."""
    make_decision(Outcome.NEEDS_INFORMATION, **fields)
    telling.tell_owed(at=MONDAY)
    return InformationRequest.objects.select_related("decision__case__application").latest("pk")


def alice_of(request):
    return request.decision.case.application.applicant


@pytest.mark.django_db
def test_an_answer_puts_the_case_back_and_moves_its_due_time_by_the_waiting():
    request = asked()

    questions.answer(request, by=alice_of(request), at=MONDAY + timedelta(days=1), answer=" Our editor. ")

    case = Case.objects.select_related("application").get()
    assert (case.state, case.application.state) == ("open", "in_review")
    assert (case.due_at, InformationRequest.objects.get().answer) == (THURSDAY, "Our editor.")


@pytest.mark.django_db
def test_the_clock_stands_still_while_the_applicant_is_asked():
    request = asked()

    questions.answer(request, by=alice_of(request), at=THURSDAY, answer="Our editor.")

    assert Case.objects.get().due_at.isoformat() == "2026-11-30T12:00:00+00:00"


@pytest.mark.django_db
def test_the_same_answer_again_is_one_answer_and_another_is_refused():
    request = asked()
    for _ in range(2):
        questions.answer(request, by=alice_of(request), at=MONDAY, answer="Our editor.")

    with pytest.raises(questions.AlreadyAnswered):
        questions.answer(request, by=alice_of(request), at=MONDAY, answer="Nobody.")

    assert LedgerEntry.objects.filter(event=Event.CASE_ANSWERED).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("answer", ["", "  \n ", "x" * 5001])
def test_an_empty_or_endless_answer_is_refused(answer):
    request = asked()

    with pytest.raises(questions.BadAnswer):
        questions.answer(request, by=alice_of(request), at=MONDAY, answer=answer)


@pytest.mark.django_db
def test_only_the_owner_answers():
    request = asked()

    for person in (make_user("charlie"), make_reviewer("bea")):
        with pytest.raises(questions.NotYours):
            questions.answer(request, by=person, at=MONDAY, answer="Me.")


@pytest.mark.django_db
def test_a_colleague_may_answer_for_the_organisation():
    alice, dave = make_user("alice"), make_user("dave")
    request = asked(applicant=alice, owner=owners.of_organisation(make_organisation(alice, dave)))

    questions.answer(request, by=dave, at=MONDAY, answer="Our editor.")

    assert InformationRequest.objects.get().answered_by == dave


@pytest.mark.django_db
def test_a_question_that_was_not_told_cannot_be_answered():
    decision = make_decision(Outcome.NEEDS_INFORMATION)

    with pytest.raises(questions.NothingAsked):
        questions.answer(decision.request, by=decision.case.application.applicant, at=MONDAY, answer="Hm?")


@pytest.mark.django_db
def test_after_the_answer_a_reviewer_asks_again_or_decides():
    request = asked()
    questions.answer(request, by=alice_of(request), at=MONDAY, answer="Our editor.")
    case, bob = Case.objects.get(), request.decision.decided_by
    from reviews.domain import claims

    claims.claim(case, by=bob, at=MONDAY)
    decisions.decide(case, by=bob, at=MONDAY, outcome="approved", reason_code="A1_notify_list")
    telling.tell_owed(at=MONDAY)

    assert Application.objects.get().state == "approved"


# --- The page


@pytest.mark.django_db
def test_the_page_takes_the_answer_once(client):
    request = asked()
    application = request.decision.case.application
    url = reverse("answer", args=[application.number])
    client.force_login(alice_of(request))

    shown, sent = client.get(url), client.post(url, {"answer": "Our editor."})
    again = client.post(url, {"answer": "Nobody at all."})

    assert "Who reads the text before it is published?" in shown.content.decode()
    assert (sent.status_code, sent["Location"]) == (302, reverse("application", args=[application.number]))
    assert (again.status_code, "Nobody at all." in again.content.decode()) == (409, True)
    assert InformationRequest.objects.get().answer == "Our editor."


@pytest.mark.django_db
def test_the_page_keeps_what_was_typed_when_it_is_too_long(client):
    request = asked()
    client.force_login(alice_of(request))

    answered = client.post(
        reverse("answer", args=[request.decision.case.application.number]), {"answer": "x" * 5001}
    )

    assert (answered.status_code, "x" * 5001 in answered.content.decode()) == (422, True)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_other_peoples_numbers_answer_404(client, method):
    request = asked()
    url = reverse("answer", args=[request.decision.case.application.number])

    answers = {}
    for person in (make_user("charlie"), make_reviewer("bea")):
        client.force_login(person)
        answers[person.full_name] = getattr(client, method)(url, {"answer": "Me."}).status_code
    client.logout()

    assert answers == {"Charlie": 404, "Bea": 404}
    assert getattr(client, method)(url).status_code == 302


@pytest.mark.django_db
def test_without_a_question_there_is_no_page(client):
    case, _ = make_claimed()
    client.force_login(case.application.applicant)

    assert client.get(reverse("answer", args=[case.application.number])).status_code == 404


@pytest.mark.django_db
def test_fifty_visits_change_nothing(client):
    request = asked()
    client.force_login(alice_of(request))

    for _ in range(50):
        client.get(reverse("answer", args=[request.decision.case.application.number]))

    request.refresh_from_db()
    assert request.answered_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("overdue", [False, True])
def test_nothing_is_asked_any_more_after_a_withdrawal(overdue):
    request = asked()
    at = request.due_at + timedelta(days=1) if overdue else MONDAY
    if overdue:
        chasing.return_overdue(at=at)
    applications.withdraw(request.decision.case.application, by=alice_of(request), at=at)

    with pytest.raises(questions.NothingAsked, match="no open question"):
        questions.answer(request, by=alice_of(request), at=at, answer="Our editor.")

    assert InformationRequest.objects.get().answer == ""

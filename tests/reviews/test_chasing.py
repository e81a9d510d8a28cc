"""Reminders before the end of the time to answer, and what happens after: a person, never a rejection."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import LedgerEntry
from outbox.models import Letter
from reviews.domain import chasing, claims, decisions, questions
from reviews.models import Case, InformationRequest
from tests.factories import MONDAY
from tests.reviews.test_question import alice_of, asked

pytestmark = pytest.mark.django_db
DUE = MONDAY + timedelta(days=30)  # 23 December, 12:00 UTC
WEEK_BEFORE = DUE - timedelta(days=7)
ON_THE_DAY = DUE - timedelta(hours=12)
AFTER = DUE + timedelta(minutes=1)


def chase(*moments):
    return [(chasing.remind_owed(at=at), chasing.return_overdue(at=at)) for at in moments]


def letters():
    return list(
        Letter.objects.filter(kind__startswith="reviews/").order_by("pk").values_list("kind", flat=True)
    )[1:]  # the first is the question itself


def overdue(**fields):
    """Return a question whose time passed without an answer."""
    request = asked(**fields)
    chase(WEEK_BEFORE, ON_THE_DAY, AFTER)
    request.refresh_from_db()
    return request


def states():
    case = Case.objects.select_related("application").get()
    return case.state, case.application.state


def test_one_reminder_a_week_before_and_one_on_the_day_each_once():
    asked()

    early = chase(WEEK_BEFORE - timedelta(minutes=1))
    found = chase(WEEK_BEFORE, WEEK_BEFORE, WEEK_BEFORE + timedelta(days=3), ON_THE_DAY, ON_THE_DAY)

    assert (early, found) == ([(0, 0)], [(1, 0), (0, 0), (0, 0), (1, 0), (0, 0)])
    assert letters() == ["reviews/question_reminder", "reviews/question_due"]


def test_a_payer_that_was_away_writes_the_last_reminder_only_and_waits_before_it_takes_the_case_back():
    asked()

    found = chase(AFTER, AFTER + timedelta(hours=5), AFTER + timedelta(hours=6))

    assert found == [(1, 0), (0, 0), (0, 1)]
    assert letters() == ["reviews/question_due", "reviews/no_answer"]


def test_the_day_is_that_of_the_person():
    request = asked()
    person = alice_of(request)
    type(person).objects.filter(pk=person.pk).update(time_zone="Pacific/Auckland")  # 24 December, 1:00 there

    found = chase(DUE - timedelta(hours=2), DUE - timedelta(minutes=59))

    assert (found, letters()) == ([(1, 0), (1, 0)], ["reviews/question_reminder", "reviews/question_due"])


def test_an_answer_ends_the_reminders():
    request = asked()
    questions.answer(request, by=alice_of(request), at=MONDAY, answer="Our editors.")

    assert chase(WEEK_BEFORE, ON_THE_DAY, AFTER) == [(0, 0)] * 3


def test_a_withdrawn_application_is_not_chased():
    from onboarding.domain import applications

    request = asked()
    applications.withdraw(request.decision.case.application, by=alice_of(request), at=MONDAY)

    assert chase(WEEK_BEFORE, ON_THE_DAY, AFTER) == [(0, 0)] * 3


def test_after_its_time_the_case_is_the_reviewers_again_and_nobody_is_rejected():
    request = overdue()

    assert (request.overdue_at, states()) == (AFTER, ("open", "in_review"))
    assert Case.objects.get().due_at > AFTER  # the days we waited for the applicant do not count
    assert LedgerEntry.objects.filter(event="case.unanswered", reason="no_reply").count() == 1
    assert chase(AFTER, AFTER + timedelta(days=30)) == [(0, 0)] * 2


def test_an_answer_after_its_time_still_counts_until_somebody_decides():
    request = overdue()

    questions.answer(request, by=alice_of(request), at=AFTER + timedelta(days=1), answer="Our editors.")

    request.refresh_from_db()
    assert (request.answer, states()) == ("Our editors.", ("open", "in_review"))
    assert LedgerEntry.objects.filter(event="question.answered_late").count() == 1
    assert not LedgerEntry.objects.filter(event="case.answered").exists()


def test_a_reviewer_who_holds_the_case_keeps_it_when_the_late_answer_comes():
    request, at = overdue(), AFTER + timedelta(hours=1)
    claims.claim(Case.objects.get(), by=request.decision.decided_by, at=at)

    questions.answer(request, by=alice_of(request), at=at, answer="Our editors.")

    assert states() == ("claimed", "in_review")


def test_after_the_decision_no_answer_is_taken_and_the_person_reads_why():
    request, at = overdue(), AFTER + timedelta(hours=1)
    bob = request.decision.decided_by
    claims.claim(Case.objects.get(), by=bob, at=at)
    decisions.decide(Case.objects.get(), by=bob, at=at, outcome="approved", reason_code="A1_notify_list")

    with pytest.raises(questions.DecidedMeanwhile):
        questions.answer(request, by=alice_of(request), at=at, answer="Our editors.")

    assert InformationRequest.objects.get().answered_at is None


def test_the_pages_of_both_sides_say_what_happened_and_what_can_be_done(client, monkeypatch):
    request = overdue()
    monkeypatch.setattr("audit.clock.now", lambda: AFTER)
    client.force_login(alice_of(request))
    application = request.decision.case.application

    status = client.get(reverse("application", args=[application.number])).content.decode()
    form = client.get(reverse("answer", args=[application.number])).content.decode()
    client.force_login(request.decision.decided_by)
    desk = client.get(reverse("admin:desk")).content.decode()
    case = client.get(reverse("admin:case", args=[request.decision.case_id])).content.decode()

    assert "We had no answer to our question by 23 December, 12:00 (UTC)" in status
    assert "No answer in time" in status
    assert "nobody has decided yet: you may still answer" in form
    assert "no answer in time" in desk
    assert "Silence alone rejects nobody." in case

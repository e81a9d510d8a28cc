"""A decision is a command on what was seen: once, by one person, with nothing typed lost."""

from datetime import timedelta

import pytest

from audit.events import Event
from audit.models import LedgerEntry
from reviews.domain import decisions
from reviews.domain.decisions import Seen
from reviews.models import Case, Decision, Opinion
from reviews.states import Outcome
from tests.factories import MONDAY, make_reviewer
from tests.reviews.making import SAYS, make_claimed, make_decision, send_again

SECOND = timedelta(seconds=1)


def decide(case, by, outcome=Outcome.APPROVED, at=MONDAY, **says):
    return decisions.decide(case, by=by, at=at, outcome=outcome, **SAYS[outcome] | says)


@pytest.mark.django_db
@pytest.mark.parametrize("seen", [Seen(version=7), Seen(revision=2)])
def test_a_stale_tab_decides_nothing(seen):
    case, bob = make_claimed()

    with pytest.raises(decisions.Stale, match="Nothing was decided"):
        decide(case, bob, seen=seen)

    assert (Decision.objects.count(), Case.objects.get().state) == (0, "claimed")


@pytest.mark.django_db
def test_a_tab_from_before_another_revision_says_so():
    case, bob = make_claimed()
    case = send_again(case, {"title": "Something else"})

    with pytest.raises(decisions.Stale, match="the applicant sent revision 2"):
        decide(case, bob, seen=Seen(revision=1))


@pytest.mark.django_db
def test_the_version_rises_with_what_a_decision_rests_on_and_not_with_who_holds_it():
    case, bob = make_claimed()
    before = case.version

    decide(case, bob, seen=Seen(version=before, revision=1))

    assert (before, Case.objects.get().version) == (0, 1)


@pytest.mark.django_db
def test_the_same_form_twice_is_the_first_decision_whatever_it_says():
    case, bob = make_claimed()
    first = decide(case, bob, seen=Seen(token="t1", version=0))

    again = decide(case, bob, Outcome.REJECTED, seen=Seen(token="t1", version=0))

    assert (again, again.outcome) == (first, "approved")
    assert LedgerEntry.objects.filter(event=Event.DECISION_PROPOSED).count() == 1


@pytest.mark.django_db
def test_another_form_with_other_words_is_told_what_happened():
    case, bob = make_claimed()
    first = decide(case, bob, seen=Seen(token="t1"))

    assert decide(case, bob, seen=Seen(token="t2")) == first
    with pytest.raises(decisions.AlreadyDecided, match="Bob decided this case 20 seconds ago: approve"):
        decide(case, bob, at=MONDAY + 20 * SECOND, explanation="Otherwise.", seen=Seen(token="t3"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("later", "words"),
    [
        (0, "0 seconds ago"),
        (1, "1 second ago"),
        (89, "89 seconds ago"),
        (120, "2 minutes ago"),
        (7200, "2 hours ago"),
        (90000, "on 23 November, 12:00 UTC"),
    ],
)
def test_when_it_was_decided_is_said_in_words(later, words):
    assert decisions.ago(MONDAY, at=MONDAY + later * SECOND) == words


@pytest.mark.django_db
def test_who_decides_leaves_an_opinion_apart_from_the_decision():
    decision = make_decision(Outcome.REJECTED)

    opinion = Opinion.objects.get()
    assert (opinion.reviewer, opinion.outcome, opinion.blind) == (decision.decided_by, "rejected", False)
    assert (opinion.revision, opinion.categories) == (decision.revision, ["fraud_spam"])


@pytest.mark.django_db
def test_a_new_reviewers_decisions_are_signed_for_a_month():
    case, _ = make_claimed()
    case, nia = make_claimed(make_newcomer())
    later = MONDAY + timedelta(days=31)

    first = decide(case, nia)
    second = make_decision(by=nia, at=later)

    assert [first.second, second.second] == ["reviewer", "nobody"]


def make_newcomer():
    from accounts.roles import Role
    from tests.factories import make_staff

    return make_staff("nia", Role.REVIEWER, newcomer=True)


@pytest.mark.django_db
def test_a_new_reviewers_question_waits_for_nobody():
    assert make_decision(Outcome.NEEDS_INFORMATION, by=make_newcomer()).second == "nobody"


@pytest.mark.django_db
def test_a_decision_cannot_be_stored_while_a_question_is_open():
    from django.db import IntegrityError, transaction

    from reviews.domain import telling

    asked = make_decision(Outcome.NEEDS_INFORMATION)
    telling.tell_owed(at=MONDAY)

    with pytest.raises(decisions.QuestionOpen, match="open until 23 December"):
        decide(asked.case, asked.decided_by, at=MONDAY)
    with pytest.raises(IntegrityError, match="a question to the applicant is open"), transaction.atomic():
        Decision.objects.create(
            case=asked.case, revision=asked.revision, guidelines=asked.guidelines, outcome="approved",
            reason_code="A1_notify_list", explanation="x", decided_by=make_reviewer("bea"), decided_at=MONDAY,
        )  # fmt: skip

"""Precedents: the nearest decided cases, without what the reviewer may not see, and "say why you differ"."""

import pgtrigger
import pytest

from accounts.domain import owners
from accounts.models import MemberRole, Membership
from onboarding.permissions import conflicts
from reviews.domain import decisions, likenesses, precedents, statements
from reviews.models import Case, Likeness
from tests.factories import MONDAY, make_organisation, make_reviewer, make_user, verified
from tests.reviews.making import SAYS, make_case, make_claimed, make_decision, send_again

pytestmark = pytest.mark.django_db
COACH = {
    "summary": "An interview coach that asks job seekers questions and comments each answer for practice.",
    "detail": "Candidates upload a curriculum vitae and an advert; recruiters never see the conversation or a score.",
}
MAPS = {
    "summary": "Draws hiking maps of mountain ranges from elevation measurements for printing on paper.",
    "detail": "Walkers choose a valley; contour lines, huts and springs are placed by cartographers.",
}


@pytest.fixture
def bob():
    return make_reviewer()


def decided(outcome, by, *, answers=COACH, title="Interview coach", **fields):
    return make_decision(outcome, by=by, answers=answers, title=title, **fields)


def near(case, user):
    return precedents.near(Case.objects.get(pk=case.pk), hidden=conflicts(user, to="application__"))


def three(outcome, bob, **fields):
    made = [decided(outcome, bob, **fields) for _ in range(3)]
    likenesses.keep_owed()
    return made


def test_the_nearest_decided_cases_come_with_their_decisions(bob):
    first = decided("approved", bob)
    decided("approved", bob, answers=MAPS, title="Hiking maps")
    likenesses.keep_owed()

    found = near(make_case(answers=COACH, title="Interview coach"), bob).precedents

    assert [(one.decision, one.percent) for one in found] == [(first, 100)]


def test_of_words_too_frequent_to_be_looked_for_alone_any_two_together_find(bob, monkeypatch):
    monkeypatch.setattr(precedents, "CANDIDATES", -1_000_000)  # as where hundreds of thousands hold each word
    first = decided("approved", bob)
    decided("approved", bob, answers=MAPS, title="Hiking maps")
    likenesses.keep_owed()

    found = near(make_case(answers=COACH | {"detail": "It\\s an advert."}, title="Interview's coach"), bob)

    assert [one.decision for one in found.precedents] == [first]


def test_undecided_and_overturned_cases_are_no_precedent(bob):
    make_case(answers=COACH, title="Interview coach")
    decided("needs_information", bob)
    likenesses.keep_owed()

    assert near(make_case(answers=COACH), bob).precedents == []


def test_the_likeness_of_a_case_follows_its_revision(bob):
    case = make_case(answers=COACH)
    likenesses.keep_owed()
    send_again(case, MAPS)
    Case.objects.update(likeness_owed=True)

    kept = likenesses.keep_owed()

    assert (kept, likenesses.keep_owed(), MAPS["summary"] in Likeness.objects.get().text) == (1, 0, True)


def test_who_differs_from_a_clear_majority_says_why(bob):
    three("approved", bob)
    case, _ = make_claimed(bob, answers=COACH, title="Interview coach")

    with pytest.raises(statements.Incomplete) as refused:
        decisions.decide(case, by=bob, at=MONDAY, outcome="rejected", **SAYS["rejected"])
    decision = decisions.decide(
        case,
        by=bob,
        at=MONDAY,
        outcome="rejected",
        why_different="The site is not theirs.",
        **SAYS["rejected"],
    )

    assert "3 of the 3 decided cases" in refused.value.problems["why_different"]
    assert decision.why_different == "The site is not theirs."


def test_who_decides_as_the_others_did_or_asks_says_nothing(bob):
    three("approved", bob)
    asked, _ = make_claimed(bob, answers=COACH, title="Interview coach")
    case, _ = make_claimed(bob, answers=COACH, title="Interview coach")

    decisions.decide(asked, by=bob, at=MONDAY, outcome="needs_information", **SAYS["needs_information"])
    decision = decisions.decide(
        case, by=bob, at=MONDAY, outcome="approved", why_different="for no need", **SAYS["approved"]
    )

    assert decision.why_different == ""


def test_two_cases_and_divided_ones_are_no_custom(bob):
    made = [decided(outcome, bob) for outcome in ("approved", "approved")]
    likenesses.keep_owed()
    case = make_case(answers=COACH, title="Interview coach")
    of_two = near(case, bob).custom
    made += [decided("rejected", bob, says={"why_different": ""}) for _ in range(2)]
    likenesses.keep_owed()

    assert (of_two, near(case, bob).custom, len(made)) == (None, None, 4)


def test_near_cases_in_which_the_reviewer_has_a_part_are_neither_shown_nor_counted(bob):
    alice = verified(make_user("alice"))
    pygma = make_organisation(alice)
    decided("approved", bob, owner=owners.of_organisation(pygma), applicant=alice)
    three("approved", bob)
    case = make_case(answers=COACH, title="Interview coach")
    bea = make_reviewer("bea")
    before = near(case, bea)
    Membership.objects.create(organisation=pygma, user=bea, role=MemberRole.MEMBER)

    after = near(case, bea)

    assert (len(before.precedents), str(before.custom)[:8]) == (4, "4 of the")
    assert (len(after.precedents), str(after.custom)[:8]) == (3, "3 of the")


def test_what_is_hidden_leaves_no_trace_in_what_is_found(bob):
    """The answer with the hidden cases is the answer without them."""
    shown = three("rejected", bob)
    bea = make_reviewer("bea")
    alice = verified(make_user("alice"))
    pygma = make_organisation(alice, bea)
    case = make_case(answers=COACH, title="Interview coach")
    without = near(case, bea)
    for _ in range(9):
        decided(
            "approved", bob, owner=owners.of_organisation(pygma), applicant=alice,
            says={"why_different": "They are known to us."},
        )  # fmt: skip
    likenesses.keep_owed()

    assert near(case, bea) == without
    assert {one.decision for one in without.precedents} == set(shown)


def test_words_that_mean_something_to_a_query_are_words(bob):
    text = {"summary": r"a:b & !c | 'd' <-> \e (f) 100%_ it''s \'", "detail": "https://x.example/?q=%27|%26"}
    first = decided("approved", bob, answers=text, title="'; DROP TABLE")
    likenesses.keep_owed()

    found = near(make_case(answers=text, title="'; DROP TABLE"), bob).precedents

    assert [one.decision for one in found] == [first]


def test_a_case_without_words_has_nothing_near(bob):
    three("approved", bob)

    assert near(make_case(answers={}, title=""), bob) == precedents.Near([], [])


def test_somebody_elses_copy_is_a_twin_and_ones_own_is_not(bob):
    mine = make_case(answers=COACH, title="Interview coach")
    application = mine.application
    make_case(
        answers=COACH, title="Interview coach", owner=application.owner, applicant=application.applicant,
    )  # fmt: skip
    theirs = make_case(answers=COACH | {"summary": COACH["summary"] + " Yes."}, title="Interview coach")
    likenesses.keep_owed()

    assert [(twin.case, twin.percent > 90) for twin in near(mine, bob).twins] == [(theirs, True)]


def test_what_was_erased_gets_no_likeness_again(bob):
    case = make_case(answers=COACH)
    with pgtrigger.ignore("onboarding.Revision:blanked_once"):
        case.application.revisions.update(answers={"erased": True}, erased_at=MONDAY)

    assert (likenesses.keep_owed(), Likeness.objects.count()) == (1, 0)

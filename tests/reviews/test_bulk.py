"""One decision said of many cases: what is let through, what is refused, what is sent, what can be taken back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from audit import ledger
from onboarding.models import Application
from outbox.models import Letter
from reviews.domain import bulk, claims, decisions, telling
from reviews.models import Bulk, BulkItem, Case, Claim, Decision
from reviews.states import BulkRefusal
from tests.factories import MONDAY, make_organisation, make_program, make_reviewer, make_user
from tests.reviews.making import SAYS, make_case, send_again

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=5)
APPROVE = {"outcome": "approved", **SAYS["approved"]}
REJECT = {"outcome": "rejected", **SAYS["rejected"]}


def make_set(number=3, program=None, **fields):
    """Return open cases of one program, kind and lane."""
    program = program or make_program()
    return [make_case(program, title=f"Use {n}", **fields) for n in range(number)]


def confirmed(cases, *, by, says=APPROVE, at=LATER, token=None, seen=None):
    seen = seen or {case.pk: case.revision_id for case in cases}
    return bulk.confirm(cases, by=by, at=at, says=says, seen=seen, token=token or uuid4())


def became(made):
    return [item.refusal or item.decision.outcome for item in made.items.select_related("decision")]


def test_each_case_gets_the_ordinary_decision_in_its_own_row():
    cases, bob = make_set(), make_reviewer()

    made = confirmed(cases, by=bob, says=REJECT)

    assert became(made) == ["rejected"] * 3
    assert {(d.decided_by, d.facts, d.case.state) for d in Decision.objects.all()} == {
        (bob, REJECT["facts"], "decided")
    }
    assert not Claim.objects.unreleased().exists()


@pytest.mark.parametrize("other", [{"lane": "hold"}, {"program": None}])
def test_cases_that_are_not_alike_are_refused_as_a_whole(other):
    program = make_program()
    cases = [make_case(program), make_case(**{"program": program} | other)]

    with pytest.raises(bulk.NotAlike):
        confirmed(cases, by=make_reviewer())

    assert not Bulk.objects.exists()


def test_more_than_fifty_are_refused():
    with pytest.raises(bulk.NotAlike):
        bulk.must_be_alike([Case(program_id=1, kind="application", lane="hold")] * 51)


def test_approving_with_conditions_is_one_by_one():
    says = {"outcome": "approved_with_conditions", **SAYS["approved_with_conditions"]}

    with pytest.raises(bulk.OneByOne):
        confirmed(make_set(1), by=make_reviewer(), says=says)


def test_a_case_that_needs_a_second_person_waits_for_one_whatever_the_set():
    cases, bob = make_set(2, risk_level=3), make_reviewer()

    confirmed(cases, by=bob)
    telling.tell_owed(at=LATER + timedelta(days=30))

    assert set(Case.objects.values_list("state", flat=True)) == {"awaiting_second"}
    assert set(Decision.objects.values_list("told_at", "tell_at", "second")) == {(None, None, "reviewer")}
    assert not Letter.objects.filter(kind__startswith="reviews/").exists()


def test_what_somebody_else_has_is_refused_by_name_and_the_rest_is_decided():
    cases, bob, bea = make_set(), make_reviewer(), make_reviewer("bea")
    claims.claim(cases[1], by=bea, at=MONDAY)

    made = confirmed(cases, by=bob)

    assert became(made) == ["approved", "held", "approved"]
    assert made.items.get(refusal="held").held_by == bea
    assert Claim.objects.unreleased().get().reviewer == bea


def test_what_changed_since_its_letter_was_shown_is_refused():
    cases, bob = make_set(2), make_reviewer()
    seen = {case.pk: case.revision_id for case in cases}
    send_again(cases[0], {"title": "Something else"})

    made = confirmed(cases, by=bob, seen=seen)

    assert became(made) == ["changed", "approved"]


def test_a_conflict_of_interest_is_refused_and_leaves_the_case_untouched():
    cases, bob, alice = make_set(2), make_reviewer(), make_user("alice")
    mine = make_case(cases[0].program, applicant=alice)
    make_organisation(alice, bob)

    made = confirmed([*cases, mine], by=bob)

    assert became(made) == ["approved", "approved", "conflict"]
    assert (Case.objects.get(pk=mine.pk).state, mine.claims.exists()) == ("open", False)


def test_what_was_decided_meanwhile_is_refused():
    cases, bob, bea = make_set(2), make_reviewer(), make_reviewer("bea")
    claims.claim(cases[0], by=bea, at=MONDAY)
    decisions.decide(cases[0], by=bea, at=MONDAY, **REJECT)

    assert became(confirmed(cases, by=bob)) == ["over", "approved"]


def test_what_lacks_something_for_one_case_is_said_and_leaves_it_in_the_queue():
    (case,) = make_set(1)
    bob = make_reviewer()

    made = confirmed([case], by=bob, says=REJECT | {"facts": ""})

    item = made.items.get()
    assert (item.refusal, "Write the facts" in item.detail) == (BulkRefusal.INCOMPLETE, True)
    assert (Case.objects.get().state, Application.objects.get().state) == ("open", "submitted")


def test_the_same_page_sent_twice_is_one_bulk_and_one_decision_each():
    cases, bob, token = make_set(), make_reviewer(), uuid4()

    first, second = (confirmed(cases, by=bob, token=token) for _ in range(2))

    assert first == second
    assert (Bulk.objects.count(), Decision.objects.count()) == (1, 3)


def test_a_bulk_that_was_cut_off_goes_on_where_it_stopped(monkeypatch):
    cases, bob, token = make_set(), make_reviewer(), uuid4()
    decide, calls = decisions.decide, []

    def dies(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit
        return decide(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "decide", dies)
        with pytest.raises(SystemExit):
            confirmed(cases, by=bob, token=token)
    left = BulkItem.objects.filter(tried_at=None).count()

    assert (left, became(confirmed(cases, by=bob, token=token))) == (2, ["approved"] * 3)


def test_one_row_tells_of_the_bulk_and_the_ordinary_ones_of_each_case():
    cases, bob = make_set(2), make_reviewer()

    made = confirmed(cases, by=bob)

    (row,) = ledger.of(made)
    assert (row.event, row.actor, row.details["cases"]) == (
        "bulk.decided",
        f"user:{bob.pk}",
        [case.pk for case in cases],
    )
    assert [[e.event for e in ledger.of(case)] for case in cases] == [
        ["case.opened", "case.claimed", "case.decided"]
    ] * 2


def test_the_preview_is_the_letter_that_is_sent_and_changes_nothing():
    cases, bob = make_set(2), make_reviewer()
    before = list(Case.objects.order_by("pk").values())

    shown = bulk.preview(cases, by=bob, at=LATER, says=REJECT)

    assert (list(Case.objects.order_by("pk").values()), Decision.objects.exists()) == (before, False)
    confirmed(cases, by=bob, says=REJECT)
    telling.tell_owed(at=Decision.objects.latest("tell_at").tell_at)
    sent = Letter.objects.filter(kind="reviews/rejected").order_by("pk")
    assert [(one.letter.subject, one.letter.text, one.letter.html) for one in shown] == [
        (letter.subject, letter.text, letter.html) for letter in sent
    ]


def test_the_preview_says_what_would_be_refused():
    cases, bob = make_set(2), make_reviewer()
    claims.claim(cases[1], by=make_reviewer("bea"), at=MONDAY)

    shown = bulk.preview(cases, by=bob, at=LATER, says=APPROVE)

    assert [("Bea has this case" in one.problem, one.letter is None) for one in shown] == [
        (False, False),
        (True, True),
    ]


def test_undo_takes_back_all_that_nobody_was_told_and_nobody_is_told():
    cases, bob = make_set(), make_reviewer()
    dues = [case.due_at for case in cases]
    made = confirmed(cases, by=bob)

    undone = bulk.undo(made, by=bob, at=LATER + timedelta(minutes=1), reason="The wrong set.")
    telling.tell_owed(at=LATER + timedelta(days=1))

    assert ([d.case_id for d in undone.recalled], undone.refused) == ([case.pk for case in cases], [])
    assert not Letter.objects.filter(kind__startswith="reviews/").exists()
    assert [case.due_at for case in Case.objects.order_by("pk")] == dues


def test_undo_leaves_what_was_told():
    cases, bob = make_set(2), make_reviewer()
    made = confirmed(cases, by=bob)
    telling.tell_owed(at=LATER + timedelta(days=1))

    undone = bulk.undo(made, by=bob, at=LATER + timedelta(days=1), reason="Too late.")

    assert undone.recalled == []
    assert set(Decision.objects.values_list("recalled_at", flat=True)) == {None}


def test_the_database_keeps_what_became_of_a_case():
    made = confirmed(make_set(1), by=make_reviewer())

    for change in ({"refusal": "over", "decision": None}, {"tried_at": None, "decision": None}):
        with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
            made.items.update(**change)


def test_the_database_refuses_a_fifty_first_item():
    made = confirmed(make_set(1), by=make_reviewer())
    case = make_case()

    with pytest.raises(IntegrityError), transaction.atomic():
        BulkItem.objects.create(bulk=made, position=51, case=case, revision=case.revision)

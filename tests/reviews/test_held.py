"""Four eyes: what is held is let go by another person's signature and by nothing else."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from onboarding.domain.programs import SayWhy
from onboarding.models import Application
from outbox.models import Letter
from reviews import tasks
from reviews.domain import claims, opinions, signatures, telling
from reviews.domain.statements import Incomplete, Statement
from reviews.models import Case, Decision, Opinion
from reviews.states import Outcome
from tests.factories import MONDAY, make_program, make_reviewer, make_senior, make_user
from tests.reviews.making import SAYS, make_decision

YEAR = MONDAY + timedelta(days=365)


def held(**fields):
    return make_decision(domains=["health"], **fields)


def statement(outcome=Outcome.REJECTED, **says):
    return Statement(outcome=outcome, **SAYS[outcome] | says)


def untold():
    return (Decision.objects.filter(told_at=None).count(), Application.objects.get().state)


@pytest.mark.django_db
def test_no_timer_or_cron_releases_a_held_decision(monkeypatch):
    held()
    monkeypatch.setattr("audit.clock.now", lambda: YEAR)

    for task in (
        tasks.open_owed,
        tasks.release_claims,
        tasks.tell_owed,
        tasks.chase_questions,
        tasks.erase_owed,
    ):
        task()

    assert untold() == (1, "in_review")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sets",
    [
        "tell_at = now()",
        "told_at = now()",
        "tell_at = now(), told_at = now()",
        "second = 'nobody'",
        "second = 'nobody', tell_at = now()",
        "signed_at = now(), tell_at = now()",
        "signed_by_id = decided_by_id, signed_at = now(), tell_at = now()",
        "decided_by_id = (SELECT max(id) FROM accounts_user)",
        "explanation = 'Something else.'",
    ],
)
def test_no_shell_and_no_bulk_update_releases_a_held_decision(sets):
    held()
    make_user()

    with (
        pytest.raises(DatabaseError, match=r"person|constraint|Cannot update"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE reviews_decision SET {sets}")

    assert untold() == (1, "in_review")


@pytest.mark.django_db
def test_no_import_brings_in_a_decision_without_the_person_it_needs():
    decision = held()
    copy = Decision.objects.get()
    copy.pk, copy.second, copy.token = None, "nobody", ""

    with pytest.raises(IntegrityError, match="this needs a second person"), transaction.atomic():
        Decision.objects.bulk_create([copy])
    level_four = make_decision(risk_level=4, by=decision.decided_by)
    level_four.pk, level_four.second = None, "reviewer"
    with pytest.raises(IntegrityError, match="this needs a second person"), transaction.atomic():
        Decision.objects.bulk_create([level_four])


@pytest.mark.django_db
def test_the_second_person_is_never_the_first():
    decision = held()
    bob = decision.decided_by

    for act in (
        lambda: signatures.sign(decision, by=bob, at=MONDAY),
        lambda: signatures.give_back(decision, by=bob, at=MONDAY, reason="No."),
        lambda: signatures.change(decision, statement(), by=bob, at=MONDAY, reason="No."),
    ):
        with pytest.raises(signatures.NotYoursToSign):
            act()
    with pytest.raises(claims.NotForYou):
        opinions.give(decision, by=bob, at=MONDAY, outcome="approved")
    with pytest.raises(IntegrityError, match="nobody_signs_their_own_decision"), transaction.atomic():
        Decision.objects.update(signed_by=bob, signed_at=MONDAY, tell_at=MONDAY)


@pytest.mark.django_db
def test_a_signature_stays():
    decision = held()
    signatures.sign(decision, by=make_reviewer("bea"), at=MONDAY)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Decision.objects.update(signed_by=make_senior())


# --- Change: an edit voids the signature


@pytest.mark.django_db
def test_an_edit_makes_it_the_editors_decision_and_the_other_signs():
    decision, bea = held(), make_reviewer("bea")
    bob = decision.decided_by

    changed = signatures.change(decision, statement(), by=bea, at=MONDAY, reason="The site is not theirs.")

    decision.refresh_from_db()
    assert (decision.returned_by, changed.supersedes, changed.decided_by) == (bea, decision, bea)
    assert (changed.second, changed.tell_at, Case.objects.get().state) == (
        "reviewer",
        None,
        "awaiting_second",
    )
    with pytest.raises(signatures.NotYoursToSign):
        signatures.sign(changed, by=bea, at=MONDAY)
    assert signatures.sign(changed, by=bob, at=MONDAY).signed_by == bob


@pytest.mark.django_db
def test_the_same_edit_twice_is_one():
    decision, bea = held(), make_reviewer("bea")

    first, second = (
        signatures.change(decision, statement(), by=bea, at=MONDAY, reason="Not theirs.", token="t1")
        for _ in range(2)
    )

    assert (first, Decision.objects.count()) == (second, 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "says", "refusal"), [(" ", {}, SayWhy), ("Not theirs.", {"facts": ""}, Incomplete)]
)
def test_an_edit_that_is_refused_leaves_the_first_decision_waiting(reason, says, refusal):
    decision = held()

    with pytest.raises(refusal), transaction.atomic():
        signatures.change(decision, statement(**says), by=make_reviewer("bea"), at=MONDAY, reason=reason)

    assert Decision.objects.get().returned_at is None


# --- Blind


@pytest.mark.django_db
def test_in_a_blind_program_nothing_is_signed_before_ones_own_opinion():
    decision, bea = held(program=make_program(blind_second=True)), make_reviewer("bea")

    for act in (
        lambda: signatures.sign(decision, by=bea, at=MONDAY),
        lambda: signatures.give_back(decision, by=bea, at=MONDAY, reason="No."),
        lambda: signatures.change(decision, statement(), by=bea, at=MONDAY, reason="No."),
    ):
        with pytest.raises(opinions.BlindFirst):
            act()
    given = opinions.give(decision, by=bea, at=MONDAY, outcome="rejected", note="Doses.")
    signatures.sign(decision, by=bea, at=MONDAY)

    assert (given.blind, Opinion.objects.get(reviewer=bea).outcome) == (True, "rejected")


@pytest.mark.django_db
def test_where_nothing_is_hidden_the_second_opinion_is_not_called_blind():
    decision, bea = held(), make_reviewer("bea")

    signatures.sign(decision, by=bea, at=MONDAY)

    opinion = Opinion.objects.get(reviewer=bea)
    assert (opinion.blind, opinion.outcome) == (False, decision.outcome)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "says", [{"outcome": "perhaps"}, {"categories": ["astrology"]}, {"note": "x" * 1001}]
)
def test_an_opinion_that_cannot_be_read_is_not_kept(says):
    decision = held(program=make_program(blind_second=True))

    with pytest.raises(Incomplete):
        opinions.give(decision, by=make_reviewer("bea"), at=MONDAY, **{"outcome": "approved"} | says)

    assert Opinion.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["given back", "signed"])
def test_an_opinion_on_what_waits_no_more_is_not_kept(end):
    decision, bea = held(), make_reviewer("bea")
    if end == "signed":
        signatures.sign(decision, by=make_reviewer("carl"), at=MONDAY)
    else:
        signatures.give_back(decision, by=make_reviewer("carl"), at=MONDAY, reason="No.")

    with pytest.raises(opinions.NothingProposed):
        opinions.give(decision, by=bea, at=MONDAY, outcome="approved")

    assert not Opinion.objects.filter(reviewer=bea).exists()


@pytest.mark.django_db
def test_what_is_signed_is_told_with_its_letter():
    decision = held()
    signatures.sign(decision, by=make_reviewer("bea"), at=MONDAY)

    telling.tell_owed(at=MONDAY)

    decision.refresh_from_db()
    assert decision.letter == Letter.objects.get(kind="reviews/approved")

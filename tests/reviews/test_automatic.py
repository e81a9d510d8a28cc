"""Approval by a rule alone: what it does, and what it never touches."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Q

from audit.events import Event
from audit.models import LedgerEntry
from onboarding.models import Application
from outbox.models import Letter
from reviews.domain import automatic, claims, decisions, precedents, rules, telling
from reviews.domain.rules import Wording
from reviews.models import AutomaticApproval, Case, Decision, RuleMatch
from tests.factories import MONDAY, make_program, make_reviewer, make_senior, make_user
from tests.reviews.automating import PLAIN, approved, make_plain, measure, paid, words
from tests.reviews.making import SAYS, make_claimed
from tests.reviews.test_rules import make_rule

pytestmark = pytest.mark.django_db


def test_a_plain_case_of_a_measured_rule_is_approved_and_told(program, rule):
    case = make_plain(program)

    assert approved() == 1

    telling.tell_owed(at=MONDAY)
    decision = case.decisions.get()
    case.refresh_from_db()
    assert (case.state, case.application.state, decision.outcome) == ("decided", "approved", "approved")
    assert (decision.decided_by, decision.by_rule.rule) == (None, rule)


def test_the_letter_says_that_a_rule_decided(program):
    case = make_plain(program)
    automatic.approve_owed(at=MONDAY)

    telling.tell_owed(at=MONDAY)

    assert "A published rule found this" in case.decisions.get().letter.text


def test_the_letter_of_a_persons_approval_does_not(program):
    told = Decision.objects.filter(case__program=program).first()

    assert "rule" not in told.letter.text


def test_the_ledger_names_the_rule_and_nobody_is_told_that_a_reviewer_reads_it(program, rule):
    case, before = make_plain(program), Letter.objects.count()

    automatic.approve_owed(at=MONDAY)

    row = LedgerEntry.objects.filter(event=Event.DECISION_PROPOSED).latest("pk")
    assert (row.actor, row.details["rule"], row.details["version"]) == ("system:triage", rule.pk, 1)
    assert (Letter.objects.count(), Application.objects.get(pk=case.application_id).state) == (
        before,
        "in_review",
    )


def test_the_page_of_the_application_does_not_say_that_a_reviewer_read_it(client, program):
    case = make_plain(program)
    automatic.approve_owed(at=MONDAY)
    telling.tell_owed(at=MONDAY)
    client.force_login(case.application.applicant)

    page = client.get(f"/applications/{case.application.number}/").content.decode()

    assert ("Read by a reviewer" in page, "approved" in page.lower()) == (False, True)


def test_twice_is_once(program):
    make_plain(program)

    automatic.approve_owed(at=MONDAY)

    assert (automatic.approve_owed(at=MONDAY), Decision.objects.filter(by_rule__isnull=False).count()) == (
        0,
        1,
    )


# --- What it never touches


def test_automatic_approval_respects_a_live_claim(program):
    claims.claim(make_plain(program), by=make_reviewer("bea"), at=MONDAY)

    assert approved() == 0


def test_what_a_person_had_once_stays_with_people(program):
    case, bea = make_plain(program), make_reviewer("bea")
    claims.claim(case, by=bea, at=MONDAY)
    claims.release(case, by=bea, at=MONDAY)
    paid(case)

    assert approved() == 0


@pytest.mark.parametrize(
    "fields",
    [{"lane": "monitor"}, {"lane": "hold"}, {"lane": "refuse"}, {"risk_level": 3}, {"domains": ["health"]}],
)
def test_only_the_plain_notify_lane_is_approved(program, fields):
    make_plain(program, **fields)

    assert approved() == 0


def test_what_its_applicant_is_changing_is_not_approved(program):
    case = make_plain(program)
    Application.objects.filter(pk=case.application_id).update(amending_since=MONDAY)

    assert approved() == 0


def test_a_rule_that_nobody_measured_approves_nothing():
    other = make_program("other")
    make_rule(PLAIN, program=other)
    automatic.switch(other, on=True, sample=20, by=make_senior("sue"), at=MONDAY, reason="Too early.")
    make_plain(other)

    assert approved() == 0


def test_a_rule_is_trusted_by_the_lower_end_of_its_interval(program, rule):
    strict = make_rule(Wording(**vars(PLAIN) | {"least_precision": 95}), program=program).versions.get()
    measure(strict, rule)

    assert automatic.trusted() == [rule.versions.get()]


def test_a_program_that_has_not_switched_it_on_approves_nothing(rule):
    other = make_program("other")
    measure(make_rule(PLAIN, program=other).versions.get(), rule)
    make_plain(other)

    assert approved() == 0


def test_switched_off_it_approves_nothing(program):
    automatic.switch(program, on=False, sample=20, by=make_senior("sue"), at=MONDAY, reason="We look first.")
    make_plain(program)

    assert approved() == 0


def test_switched_off_under_way_it_approves_nothing_more(program, monkeypatch):
    """The list of what is owed was read before."""
    make_plain(program), make_plain(program)
    weigh = automatic._weigh

    def weigh_and_switch_off(*args):
        done = weigh(*args)
        if AutomaticApproval.objects.filter(program=program).count() == 1:
            automatic.switch(program, on=False, sample=20, by=make_senior("sue"), at=MONDAY, reason="Stop.")
        return done

    monkeypatch.setattr(automatic, "_weigh", weigh_and_switch_off)

    assert approved() == 1


def test_one_case_that_cannot_be_weighed_does_not_stop_the_others(program, monkeypatch):
    first = make_plain(program)
    make_plain(program)
    left = automatic._left_because

    def trip(case, *args):
        return 1 / 0 if case.pk == first.pk else left(case, *args)

    monkeypatch.setattr(automatic, "_left_because", trip)

    assert approved() == 1


def test_a_case_that_another_rule_speaks_of_stays_with_people(program):
    make_rule(Wording("areas contains none", due_days=1))
    make_plain(program)

    assert approved() == 0


def left(case: Case) -> str:
    """Return why a case was left to people, after the payer ran twice."""
    assert (approved(), approved()) == (0, 0)
    return RuleMatch.objects.get(case=case).left_because


def test_a_case_with_a_signal_stays_with_people(program):
    applicant = make_user("day")
    type(applicant).objects.filter(pk=applicant.pk).update(email=f"{uuid4().hex}@mailinator.com")
    applicant.refresh_from_db()

    assert left(make_plain(program, applicant=applicant)) == "signals"


def test_whoever_was_refused_before_is_read_by_people(program):
    applicant = make_user("again")
    earlier, bea = make_claimed(make_reviewer("bea"), applicant=applicant)
    decisions.decide(earlier, by=bea, at=MONDAY, outcome="rejected", **SAYS["rejected"])

    assert left(make_plain(program, applicant=applicant)) == "earlier"


def test_no_rule_approves_what_whoever_set_it_up_has_a_part_in(program, rule):
    assert left(make_plain(program, applicant=rule.changed_by)) == "conflict"


def test_a_rule_that_does_not_say_it_may_approves_nothing(program, rule):
    sam = rule.changed_by
    rules.edit(
        rule, Wording(**vars(PLAIN) | {"approves": False}), seen=1, by=sam, at=MONDAY, reason="Not any more."
    )
    rule.refresh_from_db()
    rules.switch_on(rule, seen=2, by=sam, at=MONDAY)
    measure(rule.versions.get(number=2), rule)
    make_plain(program)

    assert approved() == 0


@pytest.mark.parametrize("loose", [{"least_precision": 79}, {"least_decided": 29}])
def test_a_rule_that_would_hardly_be_measured_may_not_approve(loose):
    make_program()

    assert list(rules.check(Wording(**vars(PLAIN) | loose))) == ["approves"]


def test_what_rules_approved_is_no_precedent_and_crowds_none_out(program, rule):
    text, bob = words(), make_reviewer("bea")
    for _ in range(5):
        case = make_plain(program, text)
        claims.claim(case, by=bob, at=MONDAY)
        decisions.decide(case, by=bob, at=MONDAY, outcome="rejected", why_different="x", **SAYS["rejected"])
    telling.tell_owed(at=MONDAY + timedelta(days=2))
    for _ in range(7):
        case = Case.objects.select_related("application", "program", "revision").get(
            pk=make_plain(program, text).pk
        )
        with transaction.atomic():
            decisions.approve_by_rule(case, rule.versions.get(), at=MONDAY)

    near = precedents.near(make_plain(program, text), hidden=Q(pk__in=[]))

    assert str(near.custom) == "5 of the 5 decided cases most like this one were rejected"

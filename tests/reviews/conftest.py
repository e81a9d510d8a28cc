"""A reviewer at the desk, the case they hold; a rule that people measured."""

from datetime import timedelta

import pytest
from django.db import transaction

from audit import clock
from onboarding.models import Program
from reviews.domain import automatic, claims, decisions, matches, telling
from reviews.models import TriageRule
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.automating import PLAIN, make_plain
from tests.reviews.making import SAYS, make_case
from tests.reviews.test_rules import make_rule


@pytest.fixture
def bob(client):
    reviewer = make_reviewer()
    client.force_login(reviewer)
    return reviewer


@pytest.fixture
def held(bob):
    """A case that Bob holds now."""
    case = make_case(at=clock.now() - timedelta(hours=1))
    claims.claim(case, by=bob, at=clock.now())
    return case


@pytest.fixture(scope="module")
def ground(django_db_setup, django_db_blocker):
    """A program whose rule people measured on thirty cases, with approval by rules switched on by Sam; made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        program, bob, sam = (
            make_program("plain", recall_minutes=0),
            make_reviewer("bob-plain"),
            make_senior("sam-plain"),
        )
        rule = make_rule(PLAIN, program=program, by=sam)
        for _ in range(30):
            case = make_plain(program)
            claims.claim(case, by=bob, at=MONDAY)
            decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])
        telling.tell_owed(at=MONDAY)
        matches.settle_owed(at=MONDAY)
        automatic.switch(program, on=True, sample=20, by=sam, at=MONDAY, reason="Thirty of thirty.")
        yield program.pk, rule.pk
        transaction.set_rollback(True)


@pytest.fixture
def program(ground) -> Program:
    return Program.objects.get(pk=ground[0])


@pytest.fixture
def rule(ground) -> TriageRule:
    return TriageRule.objects.get(pk=ground[1])

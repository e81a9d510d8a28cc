"""Never an automatic refusal: nothing but a person rejects, whatever rules, scores or texts say."""

import ast
import inspect
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from reviews.domain import decisions, matches, rules
from reviews.domain.rules import Wording
from reviews.models import Case, Decision
from reviews.states import Outcome
from tests.factories import MONDAY, make_program
from tests.reviews.making import make_case, make_decision
from tests.reviews.test_rules import SENT, make_rule

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_the_database_refuses_a_rejection_without_a_person():
    """In SQL of its own: every column as a person's rejection has it, but nobody who decided."""
    decision = make_decision(Outcome.REJECTED)
    columns = [field.column for field in Decision._meta.concrete_fields if not field.primary_key]
    others = ", ".join("NULL" if column == "decided_by_id" else f'"{column}"' for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)

    with (
        pytest.raises(IntegrityError, match="a rule approves only what"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO reviews_decision ({names}) SELECT {others} FROM reviews_decision WHERE id = %s",
            [decision.pk],
        )


@pytest.mark.django_db
def test_the_database_lets_nobody_take_the_person_off_a_rejection():
    decision = make_decision(Outcome.REJECTED)

    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(decided_by=None)


@pytest.mark.django_db
def test_a_rule_of_the_refuse_lane_leaves_the_case_open_and_undecided():
    make_program()
    make_rule(Wording("areas contains legal", lane="refuse"))
    case = make_case(answers=SENT)

    matches.match_owed(at=MONDAY)
    matches.settle_owed(at=MONDAY)
    matches.silence_owed(at=MONDAY)

    assert (Case.objects.get(pk=case.pk).state, Decision.objects.count()) == ("open", 0)


def test_to_decide_takes_a_person():
    by = inspect.signature(decisions.decide).parameters["by"]

    assert (by.annotation.__name__, by.default) == ("User", inspect.Parameter.empty)


def test_rules_and_matches_import_nothing_that_decides():
    named = set()
    for module in (rules, matches):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            if isinstance(node, ast.ImportFrom):
                named |= {f"{node.module}.{name.name}" for name in node.names}

    assert {
        name for name in named if name.split(".")[-1] in ("decisions", "telling", "applications")
    } == set()

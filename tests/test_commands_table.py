"""docs/commands.md: which role may give which command on the desk, in which states of a case; equal to code and views.

Made from the permission functions and the table of transitions; `WRITE_COMMANDS=1 pytest tests/test_commands_table.py`
writes it anew.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from accounts.models import User
from accounts.roles import Duty, Role, may
from reviews import permissions
from reviews.models import Case, Decision
from reviews.states import CASE_TRANSITIONS, UNDECIDED, CaseState
from tests.factories import make_senior
from tests.world import World, made

pytestmark = pytest.mark.django_db
FILE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
PEOPLE = {
    Role.REVIEWER: "bob", Role.SENIOR_REVIEWER: "sam", Role.ONBOARDING_MANAGER: "dora", Role.POLICY_EDITOR: "pia",
    Role.AUDITOR: "axel",
}  # fmt: skip


def to(*states: CaseState) -> list[CaseState]:
    """Return the states from which the table leads to one of these."""
    return [state for state in CaseState if CASE_TRANSITIONS[state] & set(states)]


def reviews(user: User, case: Case, waiting: Decision) -> bool:
    return may(user, Duty.REVIEW_CASES)


@dataclass(frozen=True)
class Command:
    says: str
    may: Callable[[User, Case, Decision], bool]
    states: list[CaseState]
    path: str  # what is posted to, of a case or of the desk
    data: dict[str, str] = field(default_factory=dict)


def on_case(question: Callable[[User, Case], bool]) -> Callable[[User, Case, Decision], bool]:
    return lambda user, case, waiting: question(user, case)


HELD = [CaseState.CLAIMED]
DECIDE = on_case(permissions.may_decide)
COMMANDS = [
    Command("Claim, or hold longer", on_case(permissions.may_claim), to(CaseState.CLAIMED) + HELD, "{pk}/claim/"),
    Command("Pull the next", reviews, [CaseState.OPEN], "desk/next/"),
    Command("Put aside (the holder)", on_case(permissions.may_see_case), HELD, "{pk}/hold/"),
    Command("Hand over (the holder)", on_case(permissions.may_see_case), HELD, "{pk}/hand-over/"),
    Command("Take away from whoever has it", on_case(permissions.may_take_away), HELD, "{pk}/take-away/"),
    Command("Give back to the queue (the holder)", on_case(permissions.may_see_case), HELD, "{pk}/release/"),
    Command("Record findings (the holder)", DECIDE, HELD, "{pk}/findings/"),
    Command("Approve, reject (the holder)", DECIDE, [s for s in to(CaseState.DECIDED) if s in HELD], "{pk}/decide/"),
    Command("Ask (the holder)", DECIDE, to(CaseState.AWAITING_APPLICANT), "{pk}/decide/"),
    Command(
        "Sign (not the first person; senior where asked)",
        lambda user, case, waiting: permissions.may_sign(user, waiting),
        [CaseState.AWAITING_SECOND],
        "{waiting}/sign/{decision}/",
    ),
    Command(
        "Give back a decision unsigned (as signing)",
        lambda user, case, waiting: permissions.may_sign(user, waiting),
        [CaseState.AWAITING_SECOND],
        "{waiting}/give-back/{decision}/",
    ),
    Command(
        "Take back before it is told (who decided it, or a senior)",
        lambda user, case, waiting: permissions.may_see_case(user, case),
        [state for state in to(CaseState.OPEN) if state not in HELD],
        "{waiting}/take-back/{decision}/",
    ),
    Command("Show the test login (the holder)", DECIDE, HELD, "{pk}/test-login/"),
    Command("Write a note", on_case(permissions.may_see_case), list(CaseState), "{pk}/notes/"),
    Command("Take the case file", on_case(permissions.may_see_case), list(CaseState), "{pk}/case-file/"),
    Command("Decide in bulk", reviews, to(CaseState.CLAIMED) + HELD, "bulk/"),
    Command("Write the queue as CSV", reviews, [s for s in UNDECIDED if s != CaseState.AWAITING_APPLICANT], "exports/"),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), made() as world:
        world.people["sue"] = make_senior("sue-here")
        yield world


def is_given(command: Command, world: World, role: Role) -> bool:
    """Return whether somebody of this role may; whoever decided what waits is never the one who signs it."""
    user = world.people[PEOPLE[role]]
    if "{decision}" in command.path and world.decision.decided_by_id == user.pk:
        user = world.people["sue"]
    return command.may(user, world.held, world.decision)


def table(world: World) -> str:
    lines = [
        "# Who may do what with a case, and when",
        "",
        "Made from the permission functions and the table of transitions by `tests/test_commands_table.py`, which",
        "also posts each command as each role. Nobody does anything with a case they have a part in; to be worked",
        "on, a case also has to be free, or theirs.",
        "",
        "| command | " + " | ".join(str(role.value) for role in PEOPLE) + " | while the case is |",
        "| --- |" + " --- |" * (len(PEOPLE) + 1),
    ]
    for command in COMMANDS:
        given = ["yes" if is_given(command, world, role) else "–" for role in PEOPLE]
        when = ", ".join(state.label.lower() for state in dict.fromkeys(command.states)) or "never"
        lines.append(f"| {command.says} | {' | '.join(given)} | {when} |")
    return "\n".join([*lines, ""])


def test_the_document_is_what_the_code_says(world):
    made_now = table(world)
    if os.environ.get("WRITE_COMMANDS"):
        FILE.write_text(made_now)

    assert FILE.read_text() == made_now


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.says)
def test_a_role_that_may_not_is_refused_by_the_view_and_one_that_may_is_not(world, command):
    path = command.path.format(pk=world.held.pk, waiting=world.waiting.pk, decision=world.decision.pk)
    answers = {
        role: world.ask(who, "POST", f"/admin/reviews/case/{path}", command.data).status_code
        for role, who in PEOPLE.items()
    }

    assert {role: status != 403 for role, status in answers.items()} == {
        role: is_given(command, world, role) for role in PEOPLE
    }

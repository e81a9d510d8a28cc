"""docs/commands.md: which role may give which command of the desk in which state; equal to code and to every view.

Made from the permission functions and the tables of transitions by `tests.reviews.commands`;
`WRITE_COMMANDS=1 pytest tests/test_commands_table.py` writes it anew. Each role posts each command in each state.
"""

import os
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from django.db import transaction
from django.template.response import SimpleTemplateResponse

from accounts.roles import Role
from tests.factories import make_senior
from tests.reviews.commands import ANOTHERS, BESIDE, ON_CASES, OWN, Command
from tests.reviews.standings import CASES, Standing, Thing
from tests.world import World, made, taken_back

pytestmark = pytest.mark.django_db
FILE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
PEOPLE = {
    Role.REVIEWER: "bob", Role.SENIOR_REVIEWER: "sam", Role.ONBOARDING_MANAGER: "dora", Role.POLICY_EDITOR: "pia",
    Role.AUDITOR: "axel",
}  # fmt: skip
LETTERS = {role: role[0] for role in PEOPLE} | {Role.ONBOARDING_MANAGER: "M"}
GROUPS = {"A case": (CASES, ON_CASES), **BESIDE}
YES, PERSON, STATE = "accepted", "refused to the person", "refused by the state"
# What those sentences of a 409 say that are about who asks.
NOT_TO_THEM = ("without a part in the case", "You cannot take part in this case")
Cells = dict[
    tuple[str, Role], tuple[str, str]
]  # command, role -> what the tables say, what the view answered


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), made() as world, pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimpleTemplateResponse, "rendered_content", "")  # how pages look is other tests' to see
        world.people |= {"sue": make_senior("sue-here"), "saul": make_senior("saul-here")}
        yield world


@cache
def cells(world: World, group: str, standing: Standing) -> Cells:
    """Return what is said and answered of every command of this group in this state, by every role."""
    others = [role for role in PEOPLE if role != Role.SENIOR_REVIEWER]
    found: Cells = {}
    for by, whose, roles in (
        ("bob", OWN, others),
        ("sam", OWN, [Role.SENIOR_REVIEWER]),
        ("sue", ANOTHERS, list(PEOPLE)),
    ):
        commands = [command for command in GROUPS[group][1] if command.whose == whose]
        found |= _cells(world, standing, commands, by, roles) if commands else {}
    return found


def _cells(
    world: World, standing: Standing, commands: Sequence[Command], by: str, roles: Sequence[Role]
) -> Cells:
    with transaction.atomic():
        thing = standing.make(world.people[by], world.people["saul"])
        found = {
            (command.says, role): (
                said(command, standing, thing, world, role),
                answered(command, thing, world, role),
            )
            for command, role in product(commands, roles)
        }
        transaction.set_rollback(True)
    return found


def said(command: Command, standing: Standing, thing: Thing, world: World, role: Role) -> str:
    """Return what the permission function and the table of transitions say."""
    if not command.may(world.people[PEOPLE[role]], thing):
        return PERSON
    return YES if standing in command.states else STATE


def answered(command: Command, thing: Thing, world: World, role: Role) -> str:
    """Return what the view made of it; accepted is what changed something, or showed what was asked for."""
    path = f"/admin/reviews/case/{command.path.format(**thing.called)}"
    data = {key.format(**thing.called): value.format(**thing.called) for key, value in command.data.items()}
    with taken_back() as changed:
        answer = world.client(PEOPLE[role]).post(path, thing.typed | data)
    assert answer.status_code < 500, (command.says, role, answer.content[:300])
    if answer.status_code == 403 or _is_about_the_person(answer):
        return PERSON
    if not command.changes:
        return YES if answer.status_code == 200 and not changed else STATE
    return YES if (command.writes in changed if command.writes else changed) else STATE


def _is_about_the_person(answer) -> bool:
    return answer.status_code == 409 and any(
        words in str(message) for message in get_messages(answer.wsgi_request) for words in NOT_TO_THEM
    )


STANDINGS = [(group, standing) for group, (standings, _) in GROUPS.items() for standing in standings]


@pytest.mark.parametrize(
    ("group", "standing"), STANDINGS, ids=[f"{group}, {standing.words}" for group, standing in STANDINGS]
)
def test_every_view_answers_every_role_as_the_tables_say(world, group, standing):
    found = cells(world, group, standing)

    assert {key: answer for key, (_, answer) in found.items()} == {
        key: says for key, (says, _) in found.items()
    }


# --- the document

BEGINNING = """\
# Who may do what on the desk, and when

Made from the permission functions and the tables of transitions by `tests/reviews/commands.py`;
`tests/test_commands_table.py` posts each command as each role in each state and holds the answer equal to this.

R reviewer, S senior reviewer, M onboarding manager, P policy editor, A auditor. Who stands nowhere in a row is refused
as a person: 403, or a sentence that says who may. Who stands in it, but not in this column, is refused because of the
state: a sentence, and nothing changes. Nobody does anything with a case they have a part in, whatever their role.

## With a case

“One's own”, and everything said of who has a case: who claimed or decided it. “Another's”: anybody else.
"""


def letters(world: World, group: str, standing: Standing, command: Command) -> str:
    found = cells(world, group, standing)
    return " ".join(LETTERS[role] for role in PEOPLE if found[command.says, role][0] == YES)


def document(world: World) -> str:
    lines = [BEGINNING, f"| command | {' | '.join(standing.words for standing in CASES)} |"]
    lines.append("| --- |" + " --- |" * len(CASES))
    for command in ON_CASES:
        row = [letters(world, "A case", standing, command) or "–" for standing in CASES]
        lines.append(f"| {command.says} | {' | '.join(row)} |")
    lines += [
        "",
        "## Beside the states of a case",
        "",
        "| of | command | who, while it is |",
        "| --- | --- | --- |",
    ]
    for group, (standings, commands) in BESIDE.items():
        for command in commands:
            who = [(letters(world, group, standing, command), standing.words) for standing in standings]
            said = ", ".join(f"{words}: {those}" for those, words in who if those)
            lines.append(f"| {group} | {command.says} | {said} |")
    return "\n".join([*lines, ""])


def test_the_document_is_what_the_code_says(world):
    made_now = document(world)
    if os.environ.get("WRITE_COMMANDS"):
        FILE.write_text(made_now)

    assert FILE.read_text() == made_now


def test_every_command_is_accepted_somewhere_and_refused_to_somebody(world):
    answers = {
        (group, command.says): {
            cells(world, group, standing)[command.says, role][1] for standing in standings for role in PEOPLE
        }
        for group, (standings, commands) in GROUPS.items()
        for command in commands
    }

    assert {key: found for key, found in answers.items() if not {YES, PERSON} <= found} == {}

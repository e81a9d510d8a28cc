"""What is kept from a reviewer leaks through nothing: whole answers are the same with it and without it.

The desk with every filter and from every place, the search, counts, the CSV, the file and the page of another case.
"""

import json
import re
from collections.abc import Callable

import pytest
from django.db import transaction

from reviews.admin import queue_csv
from reviews.domain import claims, likenesses, optouts, unsent
from reviews.models import Case, QueueExport
from reviews.states import Choice
from tests.factories import MONDAY, make_organisation, make_program, make_reviewer, make_user
from tests.reviews.making import make_case, make_decision

pytestmark = pytest.mark.django_db
ADMIN = "/admin/reviews/case/"
WORD = "kingfisher"
FILTERS = [
    {},
    {"show": "mine"},
    {"show": "sign"},
    {"program": "chess"},
    {"lane": "hold"},
    {"lane": "notify"},
    {"q": WORD},
    {"program": "chess", "lane": "hold", "q": WORD},
]
SORTS = [{"o": str(column)} for column in (2, 5)]
OF_THE_MOMENT = re.compile(r'(csrfmiddlewaretoken" value|nonce|name="token" value|data-token)="[^"]*"')


@pytest.fixture(autouse=True)
def one_moment(monkeypatch, settings, tmp_path):
    """Nothing differs because time went by, and files lie in a place of the test's own."""
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    kept = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path / "files", "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"default": kept}


@pytest.fixture
def seen(bob):
    """Two cases that Bob may see, in program chess; one is his."""
    program = make_program("chess")
    seen = [make_case(program, title=f"Seen {n}", lane="hold", answers={"summary": WORD}) for n in range(2)]
    claims.claim(seen[0], by=bob, at=MONDAY)
    return seen


def answers(client, case: Case) -> dict[str, str]:
    """Return every answer that could tell Bob something; nothing of asking is kept."""
    got = {}
    with transaction.atomic():
        for query in FILTERS:
            got[f"desk {query}"] = client.get(f"{ADMIN}desk/", query).content.decode()
        for query in (
            {"q": WORD},
            {"q": "seen"},
            {"q": case.application.number},
            *({"q": "seen"} | s for s in SORTS),
        ):
            got[f"search {query}"] = client.get(ADMIN, query).content.decode()
        for name in ("page", "json"):
            got[name] = taken(client, case, name)
        got["case"] = client.get(f"{ADMIN}{case.pk}/").content.decode()
        got["bulk"] = client.get(
            f"{ADMIN}bulk/", {"case": list(range(case.pk - 20, case.pk + 20))}
        ).content.decode()
        for query in ({}, FILTERS[-1]):
            got[f"csv {query}"] = file_of(client, query)
        transaction.set_rollback(True)
    return {name: OF_THE_MOMENT.sub(r"\1", text) for name, text in got.items()}


def taken(client, case: Case, what: str) -> str:
    """Return the file of a case; that it was taken is put on record, and taken back here."""
    with transaction.atomic():
        file = client.post(f"{ADMIN}{case.pk}/case-file/", {"as": what}).content.decode()
        transaction.set_rollback(True)
    return file


def file_of(client, query: dict[str, str]) -> str:
    client.post(f"{ADMIN}exports/", {"query": "&".join(f"{key}={value}" for key, value in query.items())})
    export = QueueExport.objects.latest("pk")
    queue_csv.run(export.pk)
    return b"".join(client.get(f"{ADMIN}exports/{export.pk}/queue.csv").streaming_content).decode()


def differing(client, case: Case, hide: Callable[[], object]) -> list[str]:
    """Return the answers that are another once something hidden is there."""
    before = answers(client, case)
    hide()
    after = answers(client, case)
    return [name for name in before if before[name] != after[name]]


def hidden_people(bob):
    """Return somebody who shares an organisation with Bob."""
    alice = make_user("alice")
    make_organisation(alice, bob)
    return alice


def test_the_answers_do_tell_of_a_case_that_is_not_hidden(client, bob, seen):
    """Else the comparisons below would prove nothing."""
    case = seen[1]

    told = differing(client, case, lambda: make_case(case.program, title=f"The {WORD}", lane="hold"))

    assert {"desk {}", f"desk {{'q': '{WORD}'}}", f"search {{'q': '{WORD}'}}", "bulk", "csv {}"} <= set(told)


def test_an_open_case_with_a_conflict_of_interest_shows_nowhere(client, bob, seen):
    alice, case = hidden_people(bob), seen[1]

    told = differing(
        client,
        case,
        lambda: make_case(
            case.program, title=f"The {WORD}", lane="hold", applicant=alice, answers={"summary": WORD}
        ),
    )

    assert told == []


def test_a_decision_that_waits_on_a_case_one_has_a_part_in_shows_nowhere(client, bob, seen):
    alice, case, bea = hidden_people(bob), seen[1], make_reviewer("bea")

    def hide():
        make_decision(by=bea, program=case.program, applicant=alice, title=WORD, risk_level=3)
        make_decision("rejected", by=bea, program=case.program, applicant=alice, title=WORD)
        likenesses.keep_owed()

    likenesses.keep_owed()
    assert differing(client, case, hide) == []


def test_another_reviewers_unsent_work_shows_nowhere(client, bob, seen):
    case, bea = seen[1], make_reviewer("bea")
    typed = {"d-facts": [f"The {WORD} is not theirs."], "d-outcome": ["rejected"]}

    assert differing(client, case, lambda: unsent.keep(case, by=bea, at=MONDAY, typed=typed)) == []


def test_what_another_reviewer_opted_out_of_shows_nowhere(client, bob, seen):
    case, bea = seen[1], make_reviewer("bea")

    def hide():
        optouts.settle(
            by=bea, at=MONDAY, choices={"self_harm": (Choice.OUT, None), "health": (Choice.OUT, None)}
        )

    assert differing(client, case, hide) == []


def test_a_hidden_title_and_number_are_in_no_answer_at_all(client, bob, seen):
    alice = hidden_people(bob)
    hidden = make_case(seen[0].program, title="Osprey", lane="hold", applicant=alice)

    told = json.dumps(answers(client, seen[1]))

    assert ("Osprey" in told, hidden.application.number in told) == (False, False)

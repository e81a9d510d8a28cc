"""What is kept from a reviewer leaks through nothing: whole answers are the same with it and without it.

The desk with every filter and from every place, the search, counts, the CSV, the file and the page of another case.
"""

import json
import re
from collections.abc import Callable

import pgtrigger
import pytest
from django.db import transaction

from audit.models import LedgerEntry
from reviews.admin import queue_csv
from reviews.domain import (
    claims,
    decisions,
    findings,
    likenesses,
    notes,
    opinions,
    optouts,
    signatures,
    unsent,
)
from reviews.models import Case, Decision, Finding, Note, Opinion, QueueExport
from reviews.states import Choice
from tests.factories import MONDAY, make_organisation, make_program, make_reviewer, make_user
from tests.reviews.making import SAYS, make_case, make_claimed, make_decision

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


# --- Until one's own opinion is in


def make_proposal(*, blind: bool) -> Case:
    """Return a case on which Bea proposes, for the second time, with a finding and a note; Bob may sign it."""
    bea, bo = make_reviewer("bea"), make_reviewer("bo")
    case, _ = make_claimed(
        bea, program=make_program("eyes", blind_second=blind), domains=["health"], answers={"summary": WORD}
    )
    findings.record(case, by=bea, at=MONDAY, verdicts={"health": ("none", "Harmless.", "", "")})
    first = decisions.decide(case, by=bea, at=MONDAY, outcome="approved", **SAYS["approved"])
    if blind:
        opinions.give(first, by=bo, at=MONDAY, outcome="approved", note="Fine.")
    signatures.give_back(first, by=bo, at=MONDAY, reason="Approve it, but say for whom.")
    claims.claim(case, by=bea, at=MONDAY)
    decisions.decide(case, by=bea, at=MONDAY, outcome="approved", **SAYS["approved"])
    notes.write(case, by=bo, at=MONDAY, text="I would approve it.")
    return Case.objects.get(pk=case.pk)


def say_otherwise() -> None:
    """Let everything that was said of a proposal say the opposite, in the same rows."""
    rejected = {name: value for name, value in SAYS["rejected"].items() if name != "categories"}
    with pgtrigger.ignore():
        Decision.objects.update(
            outcome="rejected", explanation=WORD, why_different=WORD, reapply_after_days=30,
            categories=["fraud_spam"], **rejected,
        )  # fmt: skip
        Decision.objects.filter(returned_at__isnull=False).update(return_reason=f"Reject it: {WORD}.")
        Note.objects.update(text=f"I would reject it: {WORD}.")
        Opinion.objects.update(outcome="rejected", note=WORD)
        Finding.objects.update(verdict="violates", note=WORD)
        LedgerEntry.objects.filter(event="decision.proposed").update(reason="R4_identity")


def test_the_page_does_tell_of_a_proposal_that_is_not_hidden(client, bob):
    """Else the comparison below would prove nothing."""
    case = make_proposal(blind=False)

    told = differing(client, case, say_otherwise)

    assert {"case", "page", "json"} <= set(told)


def test_what_was_proposed_shows_nowhere_to_who_signs_blind(client, bob):
    """Neither the proposal nor what was given back, noted, found and thought of it by others."""
    case = make_proposal(blind=True)

    assert differing(client, case, say_otherwise) == []


def test_what_was_proposed_shows_on_no_other_case_of_the_same_people(client, bob):
    case = make_proposal(blind=True)
    other = make_case(case.program, applicant=case.application.applicant, answers={"summary": WORD})
    likenesses.keep_owed()

    assert differing(client, other, say_otherwise) == []


def test_the_own_opinion_opens_notes_and_what_was_given_back(client, bob):
    case = make_proposal(blind=True)
    page = f"{ADMIN}{case.pk}/"
    hidden = ("I would approve it.", "Approve it, but say for whom.", "Harmless.")
    before = client.get(page).content.decode()

    opinions.give(case.decisions.latest("pk"), by=bob, at=MONDAY, outcome="rejected", note="Doses.")

    after = client.get(page).content.decode()
    assert [(words in before, words in after) for words in hidden] == [(False, True)] * 3


def test_ones_own_note_stays_on_the_page_while_those_of_others_are_kept(client, bob):
    case = make_proposal(blind=True)

    notes.write(case, by=bob, at=MONDAY, text="Asked legal.")

    shown = client.get(f"{ADMIN}{case.pk}/").content.decode()
    assert ("Asked legal." in shown, "I would approve it." in shown) == (True, False)

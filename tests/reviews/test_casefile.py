"""The case file: all that a decision rested on, byte for byte, for whoever may see the case, and on record."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import ledger
from onboarding.domain import attachments, questions
from onboarding.models import SealedAnswer
from onboarding.states import FileKind
from outbox.models import Letter
from reviews.domain import (
    casefile,
    claims,
    decisions,
    findings,
    giving,
    matches,
    notes,
    opinions,
    recalls,
    reconciling,
    rules,
    second_reviews,
    telling,
)
from reviews.domain import questions as asking
from reviews.models import Case
from tests.factories import MONDAY, make_organisation, make_program, make_reviewer, make_senior, make_user
from tests.reviews.looking import look, make_card, make_drawn
from tests.reviews.making import SAYS, make_case, make_claimed, make_decision, send_again

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=2)
HOSTILE = "<script>alert(1)</script>{{ 7|add:7 }}" + "x" * 300


def url(case):
    return f"/admin/reviews/case/{case.pk}/case-file/"


def taken(case, by=None):
    return casefile.export(case, by=by or make_senior(), at=LATER)


def test_answers_stand_under_their_questions_as_the_revisions_own_form_asked_them():
    case = make_case(answers={"title": "Docstrings", "summary": "It writes docstrings."})
    send_again(case, {"title": "Docstrings", "summary": "It writes nothing."})

    first, second = taken(case)["revisions"]

    form = questions.of(case.revision.question_set)
    asked = form.question("summary").question
    assert [
        [answer["in_words"] for answer in revision["answers"] if answer["question"] == asked]
        for revision in (first, second)
    ] == [["It writes docstrings."], ["It writes nothing."]]
    assert first["form_version"] == case.revision.question_set.version


def test_who_may_sign_blind_takes_no_file_before_their_own_opinion_is_in():
    decision = make_decision(program=make_program(blind_second=True), domains=["health"])
    bea = make_reviewer("bea")
    with pytest.raises(giving.NotForYou, match="your own opinion first"):
        taken(decision.case, by=bea)

    opinions.give(decision, by=bea, at=LATER, outcome="rejected")

    assert len(taken(decision.case, by=bea)["decisions"]) == 1


def test_the_letter_in_the_file_is_byte_equal_to_the_letter_that_was_kept():
    decision = make_decision("rejected", title="Naïve – “quoted”")
    telling.tell_owed(at=LATER)
    letter = Letter.objects.get(about_type="reviews.decision")

    (said,) = taken(decision.case)["decisions"]

    assert [(one["subject"], one["text"], one["html"]) for one in said["letters"]] == [
        (letter.subject, letter.text, letter.html)
    ]


def test_the_guidelines_cited_are_in_it_as_they_were_worded():
    case = make_decision("rejected").case

    (version,) = taken(case)["guidelines"]

    cited = case.revision.guidelines.categories.get(code="fraud_spam")
    assert (version["version"], version["sha256"]) == (
        case.revision.guidelines.version,
        case.revision.guidelines.text_hash,
    )
    assert [(one["code"], one["definition"]) for one in version["categories"]] == [
        ("fraud_spam", cited.definition)
    ]


def test_findings_thread_and_files_are_in_it_with_their_quotes_and_digests():
    case, bob = make_claimed(answers={"summary": "It scores people."})
    findings.record(
        case, by=bob, at=MONDAY, verdicts={"health": ("concern", "look", "scores people", "summary")}
    )
    asked = make_decision("needs_information", by=bob)
    telling.tell_owed(at=LATER)
    sent = [attachments.Checked(FileKind.PNG, "plan.png", b"x")]
    alice = asked.case.application.applicant
    asking.answer(asked.request, by=alice, at=LATER, answer="Two editors.", files=sent)

    file, thread = taken(case), taken(asked.case, make_senior("sue"))

    assert [(f["verdict"], f["quote"], f["note"]) for f in file["findings"]] == [
        ("concern", "scores people", "look")
    ]
    assert [(r["question"], r["answer"], [f["name"] for f in r["files"]]) for r in thread["thread"]] == [
        (asked.request.question, "Two editors.", ["plan.png"])
    ]
    assert [len(one["sha256"]) for one in thread["files"]] == [64]


def test_notes_and_what_the_rules_suggested_are_in_it():
    sam, bob = make_senior("sam2"), make_reviewer()
    case = make_case(answers={"areas": ["legal"]})
    says = rules.Wording("areas contains legal", lane="hold", questions=("Who signs?",))
    written = rules.write("Legal", says, program=None, by=sam, at=MONDAY, reason="To try").rule
    rules.switch_on(written, seen=1, by=sam, at=MONDAY)
    matches.match_owed(at=MONDAY)
    notes.write(case, by=bob, at=MONDAY, text="Look at the contract.")

    file = taken(case)

    assert [(note["by"], note["text"]) for note in file["notes"]] == [(str(bob), "Look at the contract.")]
    assert [
        (match["rule"], match["rule_version"], match["lane"], match["questions"], match["people_did_so"])
        for match in file["rule_matches"]
    ] == [("Legal", 1, "hold", ["Who signs?"], None)]


def test_a_decision_that_was_taken_back_says_who_when_and_why_and_the_next_one_which_it_supersedes():
    first = make_decision(program=make_program(recall_minutes=30))
    bob, case = first.decided_by, first.case
    recalls.recall(first, by=bob, at=MONDAY, reason="The wrong case.")
    claims.claim(case, by=bob, at=MONDAY)
    decisions.decide(case, by=bob, at=MONDAY, outcome="rejected", **SAYS["rejected"])

    said = taken(case)["decisions"]

    assert [(one["number"], one["supersedes"], one["recalled"]) for one in said] == [
        (1, None, {"by": str(bob), "at": MONDAY, "why": "The wrong case."}),
        (2, 1, None),
    ]


def test_opinions_are_in_it_with_whether_they_were_blind():
    decision = make_decision(program=make_program(blind_second=True), domains=["health"])
    bea = make_reviewer("bea")
    opinions.give(decision, by=bea, at=LATER, outcome="rejected", note="Doses.")

    given = taken(decision.case, by=bea)["opinions"]

    assert [(one["by"], one["outcome"], one["note"], one["blind"]) for one in given] == [
        (str(decision.decided_by), "approved", "", False),
        ("Bea", "rejected", "Doses.", True),
    ]


def test_a_second_review_is_in_it_once_it_is_done_and_apart_from_the_opinions_before_the_decision():
    card = make_card()
    sue = make_senior("sue")
    says = {"ended": "stands", "category": "fraud_spam", "remark": "Reads both ways."}
    reconciling.close(card, by=sue, at=LATER, **says)

    file = taken(card.review.case)

    (said,) = file["second_reviews"]
    assert (said["outcome"], said["decided"], said["note"]) == ("rejected", "approved", "My own view.")
    assert said["reconciled"] == {"by": str(sue), "at": LATER, **says}
    assert [one["outcome"] for one in file["opinions"]] == ["approved"]


def test_a_second_review_that_waits_or_is_under_way_is_not_in_it():
    review = make_drawn()
    second_reviews.take_next(by=make_reviewer("bea"), at=MONDAY)

    assert (
        taken(review.case)["second_reviews"],
        review.kind in str(taken(review.case, make_senior("s2"))),
    ) == (
        [],
        False,
    )


def test_who_looks_a_second_time_takes_no_file_before_their_own_view_is_in():
    review, bea = make_drawn(), make_reviewer("bea")
    second_reviews.take_next(by=bea, at=MONDAY)
    with pytest.raises(giving.NotForYou):
        taken(review.case, by=bea)

    second_reviews.give(review, by=bea, at=MONDAY, outcome="approved")

    assert len(taken(review.case, by=bea)["second_reviews"]) == 1


def test_the_page_says_what_colleagues_thought(client):
    case = look(make_drawn(), outcome="rejected").case
    notes.write(case, by=make_reviewer("bo"), at=MONDAY, text=HOSTILE)
    client.force_login(make_senior("sam"))

    page = client.post(url(case)).content.decode()

    assert [words in page for words in ("My own view.", "Looked at again", "&lt;script&gt;alert(1)")] == [
        True
    ] * 3
    assert "<script>alert" not in page


def test_the_timeline_is_the_ledgers_rows_with_their_sequence_numbers():
    case = make_decision("approved").case

    steps = taken(case)["timeline"]

    kept = [*ledger.of(case), *ledger.of(case.application), *ledger.of(case.decisions.get())]
    before = [row for row in kept if row.event != "case.exported"]
    assert [(step["sequence"], step["event"]) for step in steps] == sorted((r.pk, r.event) for r in before)


def test_a_sealed_test_login_is_never_in_it():
    case = make_case()
    SealedAnswer.objects.create(
        application=case.application, key="test_login", text="user/pass-word", saved_at=MONDAY, saved_by=make_user(),
    )  # fmt: skip

    file = taken(case)

    assert (file["application"]["something_is_sealed"], "pass-word" in str(file)) == (True, False)


def test_who_has_a_part_in_the_case_gets_no_file_and_leaves_no_row():
    bob, alice = make_reviewer(), make_user("alice")
    make_organisation(alice, bob)
    case = make_case(applicant=alice)

    with pytest.raises(giving.NotForYou):
        casefile.export(case, by=bob, at=LATER)

    assert "case.exported" not in [row.event for row in ledger.of(case)]


def test_every_taking_is_on_record_with_who_took_it(client):
    case, bob = make_case(), make_reviewer()
    client.force_login(bob)

    client.post(url(case), {"as": "json"})
    client.post(url(case), {"as": "page"})

    taken_by = [row.actor for row in ledger.of(case) if row.event == "case.exported"]
    assert taken_by == [f"user:{bob.pk}"] * 2


def test_the_json_is_a_download_that_is_kept_nowhere_on_the_way(client):
    case = make_case(title="Ünïcode")
    client.force_login(make_reviewer())

    answer = client.post(url(case), {"as": "json"})

    assert json.loads(answer.content)["application"]["title"] == "Ünïcode"
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="case-{case.application.number}.json"'
    )
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_page_says_what_the_json_says_and_runs_nothing_that_somebody_typed(client):
    bob = make_reviewer()
    case = make_case(answers={"title": HOSTILE[:150], "summary": HOSTILE}, title=HOSTILE[:150])
    make_decision("rejected", by=bob, says={"facts": HOSTILE})
    client.force_login(bob)

    pages = [client.post(url(one)).content.decode() for one in Case.objects.all()]

    assert [page.count("<script>alert") for page in pages] == [0, 0]
    assert ["&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}" in page for page in pages] == [True, True]
    assert case.application.number in pages[0]


def test_reading_it_costs_the_same_with_three_revisions():
    one, many, sam = make_case(), make_case(), make_senior()
    for number in range(2):
        send_again(many, {"summary": f"Version {number}"})
    costs = []
    for case in (one, many):
        casefile.export(case, by=sam, at=LATER)  # now its timeline names a person
        with CaptureQueriesContext(connection) as asked:
            casefile.export(case, by=sam, at=LATER)
        costs.append(len(asked))

    assert costs[0] == costs[1]

"""The senior reviewers' pages of appeals: what they show, what each button does, what is kept when one is refused."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit import clock
from enforcement.domain import appeals
from enforcement.models import Appeal
from onboarding.models import Application
from reviews.domain import claims
from reviews.models import Case
from tests.enforcement.appealing import DENIED, make_appeal, make_ended, make_rejection, make_taken
from tests.factories import MONDAY, make_organisation, make_reviewer, make_senior, make_user

pytestmark = pytest.mark.django_db
BOARD = "/admin/enforcement/appeal/open/"
HOSTILE = "<script>alert(1)</script>{{ settings.SECRET_KEY }}\u202emoc.elpmaxe " + "x" * 300
UPHOLD = {
    "a-outcome": "upheld",
    "a-reason_upheld": "facts_wrong",
    "a-explanation": "The register names your company.",
    "a-look_again": "The register entry.",
}
DENY = {"a-outcome": "denied", "a-reason_denied": "decision_right", "a-explanation": "It does not."}
LIST_QUERIES = 11


@pytest.fixture
def sam(client):
    senior = make_senior()
    client.force_login(senior)
    return senior


@pytest.fixture
def taken(sam):
    """An appeal that Sam has now."""
    at = clock.now()
    appeal, _ = make_taken(sam, at=at - timedelta(minutes=5))
    return appeal


def url(appeal, act=""):
    return f"/admin/enforcement/appeal/{appeal.pk}/{act}"


def test_the_list_has_the_open_ones_by_due_time_with_a_mark_on_late_ones(client, sam):
    late = make_appeal(
        at=MONDAY - timedelta(days=40), decision=make_rejection(at=MONDAY - timedelta(days=50))
    )
    fresh = make_appeal(make_rejection(at=clock.now() - timedelta(days=1)), at=clock.now())
    make_ended("denied", senior=make_senior("sol"))

    text = client.get(BOARD).content.decode()

    assert [url(each) in text for each in Appeal.objects.order_by("pk")] == [True, True, False]
    assert text.index(url(late)) < text.index(url(fresh))
    assert ("late by" in text, "1 late" in text) == (True, True)


def test_the_number_of_queries_does_not_grow_with_the_list(client, sam, django_assert_num_queries):
    make_appeal()
    client.get(BOARD)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(BOARD)
    make_appeal(), make_taken(make_senior("sol"))
    with django_assert_num_queries(LIST_QUERIES):
        client.get(BOARD)


def test_pages_go_on_where_the_last_one_ended(client, sam, monkeypatch):
    monkeypatch.setattr("enforcement.admin.board.PAGE", 2)
    made = [make_appeal(at=MONDAY + timedelta(days=1, hours=hour)) for hour in range(5)]

    shown, older = [], "?"
    while older:
        page = client.get(BOARD + older).context["board"]
        shown += [row.appeal for row in page.rows]
        older = page.older_url
    back = client.get(BOARD + page.newer_url).context["board"]

    assert (shown, [row.appeal for row in back.rows]) == (made, made[2:4])
    assert client.get(f"{BOARD}?after=rubbish&before=2026~x").status_code == 200


def test_what_concerns_ones_own_people_is_not_listed_and_not_shown(client, sam):
    alice = make_user("alice")
    firm = make_organisation(alice, sam)
    appeal = make_appeal(make_rejection(applicant=alice, owner=_of(firm)))

    assert url(appeal) not in client.get(BOARD).content.decode()
    assert [client.get(url(appeal)).status_code, client.post(url(appeal, "take/")).status_code] == [403, 403]


def _of(organisation):
    from accounts.domain import owners

    return owners.of_organisation(organisation)


def test_the_page_holds_the_statement_the_decision_and_the_answers(client, sam):
    appeal = make_appeal()

    text = client.get(url(appeal)).content.decode()

    decision = appeal.decision
    assert [w for w in (decision.facts, decision.what_would_change, "4711", "Take") if w not in text] == []


def test_taking_and_giving_back_by_the_buttons(client, sam):
    appeal = make_appeal()

    client.post(url(appeal, "take/"))
    states = [Appeal.objects.get().state]
    released = client.post(url(appeal, "release/"))

    assert ([*states, Appeal.objects.get().state], released.url) == (["in_review", "filed"], BOARD)


def test_upholding_puts_the_application_in_review_and_says_so(client, sam, taken):
    sent = client.post(url(taken, "decide/"), UPHOLD, follow=True)

    assert "in review again" in sent.content.decode()
    assert (Application.objects.get().state, Case.objects.get().state) == ("in_review", "open")


def test_denying_leaves_the_rejection(client, sam, taken):
    client.post(url(taken, "decide/"), DENY)

    appeal = Appeal.objects.get()
    assert (appeal.state, appeal.decided_by, appeal.outcome_reason) == ("denied", sam, "decision_right")
    assert Application.objects.get().state == "rejected"


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({}, "Choose to uphold or to deny."),
        (UPHOLD | {"a-outcome": "maybe"}, "maybe is not one of the available choices"),
        (UPHOLD | {"a-reason_upheld": ""}, "Choose a reason."),
        (UPHOLD | {"a-explanation": " "}, "Write what the applicant reads"),
        (UPHOLD | {"a-look_again": ""}, "Write what the next reviewer should look at again."),
        (UPHOLD | {"a-explanation": "x" * 100_000}, "At most 2,000 characters; this has 100,000."),
        (UPHOLD | {"a-explanation": "a\0b"}, "Null characters are not allowed."),
        (DENY | {"a-reason_denied": "facts_wrong"}, "facts_wrong is not one of the available choices"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(client, sam, taken, sent, problem):
    answer = client.post(
        url(taken, "decide/"), sent | {"a-look_again": sent.get("a-look_again", "kept words")}
    )

    text = answer.content.decode()
    assert (answer.status_code, problem in text) == (422, True)
    assert (Appeal.objects.get().state, Application.objects.get().state) == ("in_review", "rejected")


def test_the_second_of_two_is_told_who_was_faster_and_keeps_the_words(client, sam):
    appeal = make_appeal(at=clock.now())
    other = make_senior("sol")
    at = clock.now() - timedelta(seconds=20)
    appeals.take(appeal, by=other, at=at)
    appeals.deny(appeal, by=other, at=at, **DENIED)

    answer = client.post(url(appeal, "decide/"), UPHOLD)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert ("s ago by Sol: denied." in text, UPHOLD["a-explanation"] in text) == (True, True)


def test_a_double_click_is_one_answer(client, sam, taken):
    answers = [client.post(url(taken, "decide/"), UPHOLD) for _ in range(2)]

    assert [(a.status_code, a.url) for a in answers] == [(302, BOARD)] * 2


def test_what_ran_out_while_one_typed_is_taken_again_with_the_answer(client, sam, taken):
    appeals.release(taken, by=sam, at=clock.now())

    refused = client.post(url(taken, "decide/"), DENY)
    sent = client.post(url(taken, "decide/"), DENY | {"take": "1"})

    assert (refused.status_code, "Take again and answer" in refused.content.decode()) == (409, True)
    assert (sent.status_code, Appeal.objects.get().state) == (302, "denied")


def test_who_made_or_signed_the_decision_reads_why_they_may_not_answer(client):
    sam, sol = make_senior("sam"), make_senior("sol")
    appeal = make_appeal(make_rejection(by=sam))
    client.force_login(sam)

    text = client.get(url(appeal)).content.decode()
    answers = [client.post(url(appeal, act), UPHOLD).status_code for act in ("take/", "decide/")]

    assert "You made this decision, so somebody else decides whether it was right." in text
    assert (answers, Appeal.objects.get().state) == ([409, 409], "filed")
    appeals.take(appeal, by=sol, at=clock.now())


def test_hostile_words_are_shown_as_words(client, sam):
    decision = make_rejection(title=HOSTILE[:200])
    appeal = appeals.file(
        decision, kind="appeal", statement=HOSTILE, by=decision.case.application.applicant, at=MONDAY
    )

    for page in (
        client.get(url(appeal)),
        client.get(BOARD),
        client.get("/admin/enforcement/appeal/?q=script"),
    ):
        text = page.content.decode()
        assert (page.status_code, "<script>alert" in text, "SECRET_KEY }}" in text) == (200, False, True)


def test_the_case_says_why_it_is_open_again_and_not_to_those_who_were_overturned(client, sam, taken):
    client.post(url(taken, "decide/"), UPHOLD)
    case, bob = Case.objects.get(), taken.decision.decided_by
    client.force_login(bob)

    text = client.get(reverse("admin:case", args=[case.pk])).content.decode()
    claimed = client.post(reverse("admin:case_claim", args=[case.pk]))

    assert ("Reopened by an appeal" in text, "The register entry." in text, "Set aside" in text) == (
        True,
    ) * 3
    assert ("somebody else looks at it now" in text, claimed.status_code) == (True, 409)
    ben = make_reviewer("ben")
    claims.claim(case, by=ben, at=clock.now())

"""The reviewers' side of flags: the list, the page of a case, what its buttons do."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from audit import clock, ledger
from enforcement.models import EmergencyRule, FlagCase, Sanction
from tests.enforcement.appealing import known
from tests.enforcement.flagging import (
    make_case,
    make_confirmed,
    make_flag,
    make_sanction,
    make_sanction_appeal,
)
from tests.factories import make_grant, make_guidelines, make_reviewer, make_secret, make_senior, make_staff

pytestmark = pytest.mark.django_db
LIST = 12  # queries
PAGE = 30


@pytest.fixture
def bob(client):
    person = make_reviewer()
    client.force_login(person)
    return person


@pytest.fixture
def sam(client):
    person = make_senior()
    client.force_login(person)
    return person


def page(case: FlagCase) -> str:
    return reverse("admin:flag_case", args=[case.pk])


def act(name: str, case: FlagCase, *more: object) -> str:
    return reverse(f"admin:{name}", args=[case.pk, *more])


@pytest.mark.parametrize("cases", [1, 3])
def test_the_list_asks_as_often_whatever_is_in_it(client, bob, cases, django_assert_num_queries):
    for _ in range(cases):
        make_flag(make_grant(), category="fraud_spam")
    client.get(reverse("admin:flags"))

    with django_assert_num_queries(LIST):
        answer = client.get(reverse("admin:flags"))

    assert answer.content.decode().count("data-row") == cases


@pytest.mark.parametrize("flags", [1, 3])
def test_the_page_of_a_case_asks_as_often_whatever_was_flagged(
    client, bob, flags, django_assert_max_num_queries
):
    grant = make_grant()
    for _ in range(flags):
        case = make_flag(grant, category="fraud_spam", figures={"hits": 3}).case
    client.get(page(case))

    with django_assert_max_num_queries(PAGE):
        answer = client.get(page(case))

    assert answer.content.decode().count('<article class="decision" id="flag-') == flags


def test_pages_of_the_list_follow_each_other_without_a_gap(client, bob, monkeypatch):
    monkeypatch.setattr("enforcement.admin.flag_board.PAGE", 2)
    at = clock.now()
    due = [make_flag(make_grant(), at=at + timedelta(minutes=number)).case.pk for number in range(5)]
    url, seen = reverse("admin:flags"), []

    while url:
        board = client.get(url).context["board"]
        seen += [row.case.pk for row in board.rows]
        url = reverse("admin:flags") + board.older_url if board.older_url else ""

    assert seen == due


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", 2),
        ("?source=holder", 1),
        ("?source=rumour", 2),
        ("?severity=2", 1),
        ("?show=late", 0),
        ("?after=x", 2),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(client, bob, query, shown):
    at = clock.now()
    make_flag(make_grant(), source="holder", at=at, severity=1)
    make_flag(make_grant(), at=at, severity=2)

    assert len(client.get(reverse("admin:flags") + query).context["board"].rows) == shown


def test_what_is_not_for_somebody_is_not_on_their_list_nor_their_page(client, bob):
    own = make_flag(make_grant(applicant=bob)).case
    make_flag(make_grant(), source="reviewer", by=bob)
    make_flag(make_grant(), category="child_safety")

    shown = client.get(reverse("admin:flags")).context["board"].rows

    assert (shown, client.get(page(own)).status_code) == ([], 403)


def test_the_desk_shows_the_first_that_are_due(client, bob):
    case = make_flag(make_grant(), category="fraud_spam").case

    desk = client.get(reverse("admin:desk")).content.decode()

    assert f'href="{page(case)}"' in desk


def test_the_case_shows_what_was_approved_and_the_figures_and_no_quoted_text(client, bob):
    case = make_flag(
        make_grant(domains=["security_autonomy"]),
        category="cyber_abuse",
        figures={"hits": 7},
        excerpt="How to break in",
    ).case

    shown = client.get(page(case)).content.decode()

    assert ("security" in shown, "<dt>hits</dt><dd>7</dd>" in shown, "How to break in" in shown) == (
        True,
        True,
        False,
    )


def test_quoted_text_is_opened_by_a_click_blurred_and_recorded(client, bob):
    flag = make_flag(make_grant(), category="cyber_abuse", excerpt="How to break in")

    answer = client.post(act("flag_excerpt", flag.case, flag.pk))

    assert ("How to break in" in answer.content.decode(), "no-store" in answer["Cache-Control"]) == (
        True,
        True,
    )
    assert ledger.of(flag.case).get(event="flag_case.read").actor == f"user:{bob.pk}"


def test_take_then_decide(client, bob):
    case = make_flag(make_grant(), category="fraud_spam").case
    client.post(act("flag_case_take", case))

    answer = client.post(
        act("flag_case_decide", case),
        {"f-finding": "violation", "f-category": "fraud_spam", "f-severity": "2", "f-note": "They sell it."},
    )

    case.refresh_from_db()
    assert (answer.status_code, case.finding, case.found_severity, case.decided_by) == (
        302,
        "violation",
        2,
        bob,
    )


def test_a_decision_that_lacks_something_comes_back_with_what_was_typed(client, bob):
    case = make_flag(make_grant(), category="fraud_spam").case
    client.post(act("flag_case_take", case))

    answer = client.post(act("flag_case_decide", case), {"f-note": "Half a thought."})

    said = answer.content.decode()
    assert (answer.status_code, "Choose what you found." in said, "Half a thought." in said) == (
        422,
        True,
        True,
    )


def test_what_somebody_else_has_is_refused_with_a_sentence(client, bob):
    case = make_case(make_grant(), by=make_reviewer("bea"), at=clock.now())

    answer = client.post(act("flag_case_take", case))

    assert (answer.status_code, "Bea has this; nothing was changed." in answer.content.decode()) == (
        409,
        True,
    )


def test_a_senior_imposes_lifts_and_a_reviewer_does_not(client, sam):
    case = make_confirmed(make_secret()[0].grant)
    said = {
        "s-kind": "suspend",
        "s-target": "grant",
        "s-reason_code": "E1_policy_breach",
        "s-facts": "They did.",
    }
    imposed = client.post(act("flag_case_sanction", case), said)
    sanction = Sanction.objects.get()
    was = sanction.state

    client.post(act("sanction_act", case, sanction.pk, "lift"), {"reason": "Shown the contract."})
    client.force_login(known("bea", make_reviewer))
    refused = client.post(act("flag_case_sanction", case), said)

    sanction.refresh_from_db()
    assert (imposed.status_code, was, sanction.state, refused.status_code) == (302, "active", "lifted", 409)


def test_an_appeal_is_taken_and_upheld_on_the_page_of_its_case(client):
    appeal = make_sanction_appeal(make_sanction(at=clock.now()), at=clock.now())
    client.force_login(make_senior("tess"))
    case = appeal.sanction.case
    client.post(act("sanction_appeal", case, appeal.pk, "take"))
    offered = client.get(page(case)).content.decode()

    client.post(
        act("sanction_appeal", case, appeal.pk, "decide"),
        {"a-outcome": "upheld", "a-reason_code": "facts_wrong", "a-explanation": "It was a lesson."},
    )

    appeal.refresh_from_db()
    assert ("Answer" in offered, appeal.state, Sanction.objects.get().state) == (True, "upheld", "reversed")


def test_an_answer_that_lacks_its_outcome_says_so(client):
    appeal = make_sanction_appeal(make_sanction(at=clock.now()), at=clock.now())
    client.force_login(make_senior("tess"))
    client.post(act("sanction_appeal", appeal.sanction.case, appeal.pk, "take"))

    answer = client.post(
        act("sanction_appeal", appeal.sanction.case, appeal.pk, "decide"), {"a-explanation": "Hm."}
    )

    assert (answer.status_code, "Choose to uphold or to deny." in answer.content.decode()) == (422, True)


def test_a_reviewer_flags_a_grant_by_hand(client, sam):
    grant = make_grant()

    client.post(reverse("admin:flag_raise", args=[grant.pk]), {"said": "Their site sells keys."})

    flag = grant.flags.get()
    assert (flag.source, flag.raised_by, flag.said) == ("reviewer", sam, "Their site sells keys.")


def test_a_policy_editor_names_a_category_and_its_history_is_shown(client):

    make_guidelines()
    client.force_login(make_staff("pia", Role.POLICY_EDITOR))
    url = reverse("admin:emergencies")
    said = {"category": "cyber_abuse", "on": "on", "least_severity": "3", "covered_by": ["security_autonomy"]}

    set_ = client.post(url, said | {"reason": "Such harm does not wait."})
    again = client.post(url, said | {"reason": "Such harm does not wait."})

    assert (set_.status_code, again.status_code, EmergencyRule.objects.count()) == (302, 422, 1)
    assert "Such harm does not wait." in client.get(url).content.decode()

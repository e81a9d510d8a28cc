"""The page of a case: what it shows, what each button does, what is kept when something is refused."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.domain import domains, owners
from audit import clock
from onboarding.models import Application
from reviews.domain import claims, decisions, findings, signatures, telling
from reviews.models import Case, Claim, Decision, Finding
from tests.factories import (
    MONDAY,
    make_application,
    make_organisation,
    make_reviewer,
    make_senior,
    make_user,
    verified,
)
from tests.reviews.making import make_case, make_decision

HOSTILE = "<script>alert(1)</script>{{ settings.SECRET_KEY }}" + "x" * 300
REJECT = {
    "d-outcome": "rejected",
    "d-reason_rejected": "R4_identity",
    "d-main_category": "fraud_spam",
    "d-facts": "The website belongs to somebody else.",
    "d-what_would_change": "A website in your own name.",
}


def url(case, act=""):
    return f"/admin/reviews/case/{case.pk}/{act}"


@pytest.mark.django_db
def test_claiming_and_giving_back_by_the_buttons(client, bob):
    case = make_case()

    claimed = client.post(url(case, "claim/"))
    states = [Case.objects.get().state]
    released = client.post(url(case, "release/"))
    states.append(Case.objects.get().state)

    assert (claimed.url, released.url) == (url(case), reverse("admin:desk"))
    assert states == ["claimed", "open"]


@pytest.mark.django_db
def test_what_somebody_else_holds_is_refused_with_a_sentence(client, bob):
    case = make_case()
    claims.claim(case, by=make_reviewer("bea"), at=clock.now())

    refused = client.post(url(case, "claim/"))

    assert refused.status_code == 409
    assert "Bea has this case until" in refused.content.decode()


@pytest.mark.django_db
def test_a_decision_is_made_with_the_findings_beside_it(client, bob, held):
    sent = client.post(
        url(held, "decide/"), REJECT | {"f-fraud_spam-verdict": "violates", "f-fraud_spam-note": "copied"}
    )

    decision = Decision.objects.get()
    assert sent.url == reverse("admin:desk")
    assert (decision.outcome, decision.categories, decision.decided_by) == ("rejected", ["fraud_spam"], bob)
    assert Finding.objects.get().note == "copied"


@pytest.mark.django_db
def test_a_quoted_passage_is_a_mark_in_the_answer(client, bob):
    case = make_case(at=clock.now(), answers={"summary": "It scores <people> daily."})
    claims.claim(case, by=bob, at=clock.now())

    client.post(
        url(case, "findings/"),
        {"f-health-verdict": "concern", "f-health-quote": "scores <people>", "f-health-quoted_in": "summary"},
    )

    page = client.get(url(case)).content.decode()
    assert (
        'It <mark title="Quoted for Health and mental wellbeing">scores &lt;people&gt;</mark> daily.' in page
    )


@pytest.mark.django_db
def test_a_quote_that_stands_nowhere_is_refused_beside_its_field_and_kept(client, bob, held):
    shown = client.post(
        url(held, "findings/"), {"f-weapons-verdict": "concern", "f-weapons-quote": "It was never said."}
    )

    assert (shown.status_code, Finding.objects.exists()) == (422, False)
    assert shown.content.decode().count("It was never said.") == 2


@pytest.mark.django_db
def test_the_picker_says_what_a_category_allows_and_why_not(client, bob, held):
    page = client.get(url(held)).content.decode()

    assert ("Cannot simply be approved" in page, "refuse lane" in page, "<b>Allows</b>" in page) == (
        True,
    ) * 3


@pytest.mark.django_db
def test_conditions_come_from_ticks_and_own_lines(client, bob):
    case = make_case(domains=["employment"])
    claims.claim(case, by=bob, at=clock.now())

    client.post(
        url(case, "decide/"),
        {
            "d-outcome": "approved_with_conditions",
            "d-reason_approved_with_conditions": "C1_domain_conditions",
            "d-main_category": "employment",
            "d-conditions": ["employment|a person decides"],
            "d-own_conditions": "candidate only\n\n",
        },
    )

    decision = Decision.objects.get()
    assert decision.conditions == [
        {"category": "employment", "text": "a person decides"},
        {"category": "employment", "text": "candidate only"},
    ]
    assert decision.explanation.startswith(
        "You may start under these conditions: a person decides; candidate only."
    )


@pytest.mark.django_db
def test_what_is_missing_is_said_and_what_was_typed_is_kept(client, bob, held):
    shown = client.post(
        url(held, "decide/"), REJECT | {"d-facts": "", "d-what_would_change": "Another website."}
    )

    page = shown.content.decode()
    assert shown.status_code == 422
    assert "Write the facts that you rely on" in page
    assert "Another website." in page
    assert not Decision.objects.exists()


@pytest.mark.django_db
def test_a_wording_that_needs_a_person_comes_back_begun(client, bob, held):
    shown = client.post(url(held, "decide/"), REJECT | {"d-reason_rejected": "R5_location"})

    assert shown.status_code == 422
    assert "We may not give access in {country}." in shown.content.decode()


@pytest.mark.django_db
def test_the_slower_of_two_reads_who_decided_and_keeps_what_was_typed(client, bob):
    case = make_case()
    bea = make_reviewer("bea")
    claims.claim(case, by=bea, at=clock.now())
    decisions.decide(case, by=bea, at=clock.now(), outcome="approved", reason_code="A1_notify_list")

    refused = client.post(url(case, "decide/"), REJECT | {"d-facts": "An hour of my work."})

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Bea decided this case" in page
    assert "An hour of my work." in page


@pytest.mark.django_db
def test_a_claim_that_ran_out_while_typing_costs_nothing(client, bob):
    case = make_case()
    claims.claim(case, by=bob, at=clock.now() - timedelta(hours=1))

    refused = client.post(url(case, "decide/"), REJECT)
    decided = client.post(url(case, "decide/"), REJECT | {"claim": "1"})

    assert (refused.status_code, "Claim again and decide" in refused.content.decode()) == (409, True)
    assert (decided.status_code, Decision.objects.count()) == (302, 1)


@pytest.mark.django_db
def test_a_double_click_is_one_decision(client, bob, held):
    answers = [client.post(url(held, "decide/"), REJECT).status_code for _ in range(2)]

    assert Decision.objects.count() == 1
    assert answers == [302, 302]


@pytest.mark.django_db
def test_saving_findings_holds_the_case_longer_and_keeps_the_decision_begun(client, bob, held):
    Claim.objects.update(expires_at=clock.now() + timedelta(minutes=1))

    shown = client.post(url(held, "findings/"), {"f-weapons-verdict": "none", "d-facts": "Half a sentence"})

    assert (Finding.objects.count(), "Half a sentence" in shown.content.decode()) == (1, True)
    assert Claim.objects.get().expires_at > clock.now() + timedelta(minutes=10)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent",
    [
        {"f-weapons-verdict": "perhaps"},
        {"f-weapons-note": "no verdict"},
        {"f-weapons-verdict": "none", "f-weapons-note": "x" * 1001},
        {"d-outcome": "maybe"},
        {"d-reapply_after_days": "soon"},
        {"d-main_category": "astrology"},
        {"d-conditions": "weapons|anything"},
        {},
    ],
)
def test_nonsense_in_the_form_is_refused_and_nothing_is_decided(client, bob, held, sent):
    assert client.post(url(held, "decide/"), REJECT | sent if sent else {}).status_code == 422
    assert not Decision.objects.exists()


@pytest.mark.django_db
def test_the_second_person_sees_everything_and_signs(client, bob):
    decision = make_decision(
        by=make_reviewer("bea"), domains=["health"], says={"explanation": "Fine as described."}
    )

    shown = client.get(url(decision.case)).content.decode()
    signed = client.post(url(decision.case, f"sign/{decision.pk}/"))

    decision.refresh_from_db()
    assert ("Fine as described." in shown, "Sign" in shown) == (True, True)
    assert (signed.status_code, decision.signed_by) == (302, bob)


@pytest.mark.django_db
def test_giving_back_needs_words_and_shows_them_to_the_first(client, bob):
    decision = make_decision(by=make_reviewer("bea"), domains=["health"])

    empty = client.post(url(decision.case, f"give-back/{decision.pk}/"), {"reason": " "})
    client.post(url(decision.case, f"give-back/{decision.pk}/"), {"reason": "Doses are not covered."})

    assert empty.status_code == 422
    assert Case.objects.get().state == "open"
    assert "Doses are not covered." in client.get(url(decision.case)).content.decode()


@pytest.mark.django_db
def test_the_first_person_is_not_offered_the_signature(client, bob):
    decision = make_decision(by=bob, domains=["health"])

    assert "somebody else signs it" in client.get(url(decision.case)).content.decode()
    assert client.post(url(decision.case, f"sign/{decision.pk}/")).status_code == 409


@pytest.mark.django_db
def test_what_two_sign_the_second_reads_who_did(client, bob):
    decision = make_decision(by=make_reviewer("bea"), domains=["health"])
    signatures.sign(decision, by=make_senior(), at=MONDAY)

    refused = client.post(url(decision.case, f"sign/{decision.pk}/"))

    assert (refused.status_code, "Sam signed this decision on" in refused.content.decode()) == (409, True)


@pytest.mark.django_db
def test_hostile_words_are_shown_as_words(client, bob):
    application = make_application(title=HOSTILE[:200])
    revision = application.revisions.get()
    revision.pk, revision.number = None, 2
    revision.answers = {"title": HOSTILE, "detail": HOSTILE, "website": "javascript:alert(1)"}
    revision.save(force_insert=True)
    Application.objects.filter(pk=application.pk).update(facts={HOSTILE: HOSTILE, "deep": {"a": [HOSTILE]}})
    client.get(reverse("admin:desk"))

    page = client.get(url(Case.objects.get())).content.decode()

    assert ("<script>alert" in page, "javascript:alert" in page and 'href="javascript' in page) == (
        False,
        False,
    )
    assert "{{ settings.SECRET_KEY }}" in page


@pytest.mark.django_db
def test_earlier_applications_of_the_owner_and_the_course_are_shown(client, bob):
    decision = make_decision(by=bob, title="The first try")
    telling.tell_owed(at=MONDAY)
    application = decision.case.application
    again = make_case(title="The second try", owner=application.owner, applicant=application.applicant)

    page = client.get(url(again)).content.decode()

    assert ("The first try" in page, "Case opened" in page) == (True, True)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_what_is_on_the_page(
    client, bob, django_assert_max_num_queries
):
    case = make_case(domains=["health", "legal"])
    claims.claim(case, by=bob, at=clock.now())
    findings.record(
        case, by=bob, at=clock.now(), verdicts=dict.fromkeys(("health", "legal", "weapons"), ("none", ""))
    )
    for _ in range(3):
        make_case(owner=case.application.owner, applicant=case.application.applicant)

    client.get(url(case))  # a process reads the form of a question set once

    with django_assert_max_num_queries(25):
        client.get(url(case))


@pytest.mark.django_db
def test_a_reviewer_sees_which_domains_the_organisation_proved(client, bob):
    alice = verified(make_user("alice"))
    pygma = make_organisation(alice)
    domains.verify(pygma, "example.org", by=alice, at=MONDAY)
    case = make_case(owner=owners.of_organisation(pygma), applicant=alice)

    assert "example.org verified" in client.get(url(case)).content.decode()

"""What a case is expected to hold: from triggers, from words as hints that only raise it, from earlier findings."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from onboarding.models import Application
from reviews.domain import cases, claims, findings, questions, severities, telling
from reviews.models import Case, Finding, InformationRequest
from tests.factories import MONDAY, make_application, make_owner, make_program, make_reviewer, make_user
from tests.reviews.making import make_case, make_claimed, make_decision

pytestmark = pytest.mark.django_db
SELF_HARM, CHILDREN = {"self_harm": 2}, {"child_safety": 3}


def expected(case):
    case.refresh_from_db()
    return case.severity, case.severe, case.expectation_owed


def told_facts(case, **facts):
    """Let the application of a case have come with these facts, and the case be owed a look at them."""
    Application.objects.filter(pk=case.application_id).update(facts=facts)
    Case.objects.filter(pk=case.pk).update(expectation_owed=True)


def send_again(application, **fields):
    """Give the application another revision, with nothing in it but what is said."""
    sent = application.revisions.get()
    application.revisions.create(
        number=2, answers={}, question_set=sent.question_set, guidelines=sent.guidelines, lane="notify",
        risk_score=1, risk_level=1, risk_parts=[], submitted_at=MONDAY, submitted_by=sent.submitted_by,
        **{"lane_reasons": []} | fields,
    )  # fmt: skip


def test_a_domain_of_the_case_is_expected_with_the_severity_its_guidelines_give_it():
    calm, unpleasant, severe = (make_case(domains=[code]) for code in ("legal", "health", "self_harm"))

    assert [expected(case) for case in (calm, unpleasant, severe)] == [
        (0, {}, False),
        (1, {}, False),
        (2, SELF_HARM, False),
    ]


def test_a_trigger_among_the_reasons_for_the_lane_is_expected_too():
    application = make_application()
    why = {"domain": "child_safety", "trigger": "", "lane": "refuse", "missing": [], "says": ""}
    send_again(application, lane_reasons=[why])

    cases.open_owed(at=MONDAY)

    assert expected(Case.objects.get()) == (3, CHILDREN, False)


@pytest.mark.parametrize(
    ("title", "severe"),
    [
        ("A line people call when they think of suicide", SELF_HARM),
        ("SUICIDAL thoughts, seen early", SELF_HARM),
        ("Finding CSAM", CHILDREN),
        ("A diary.\nSuicide is a word in it", SELF_HARM),
        ("Booking for a dog grooming salon", {}),
        ("Suicidexyz", {}),
    ],
)
def test_words_of_the_answers_are_hints(title, severe):
    assert expected(make_case(title=title))[1] == severe


def test_imported_facts_raise_what_is_expected_and_never_lower_it():
    case = make_case(domains=["self_harm"])
    told_facts(case, rating="harmless", topic="terrorist posts")

    severities.expect_owed()

    assert expected(case) == (2, SELF_HARM | {"violence_extremism": 2}, False)


def test_what_the_applicant_answers_is_a_hint():
    asked = make_decision("needs_information")
    telling.tell_owed(at=MONDAY)
    request = InformationRequest.objects.get(decision=asked)
    questions.answer(
        request, by=asked.case.application.applicant, at=MONDAY, answer="It is about pornography.", files=[]
    )

    assert severities.expect_owed() == 1
    assert expected(asked.case)[1] == {"sexual_content": 2}


def test_an_amended_application_is_looked_at_anew_at_once():
    case = make_case(domains=["self_harm"])
    send_again(case.application)
    Application.objects.filter(pk=case.application_id).update(case_owed=True)

    cases.follow(case, at=MONDAY)

    assert expected(case) == (0, {}, False)


def test_a_finding_is_expected_in_the_owners_other_undecided_cases_and_nobody_elses():
    alice, program = make_user("alice"), make_program()
    case, bob = make_claimed(applicant=alice, program=program)
    other, strangers = make_case(applicant=alice, owner=make_owner(alice)), make_case(program=program)
    findings.record(case, by=bob, at=MONDAY, verdicts={"self_harm": ("concern", ""), "weapons": ("none", "")})

    paid = [severities.expect_owed(), severities.expect_owed()]

    assert paid == [2, 0]
    assert [expected(each)[1] for each in (case, other, strangers)] == [SELF_HARM, SELF_HARM, {}]


def test_what_was_found_earlier_is_expected_in_what_the_same_owner_sends_later():
    alice = make_user("alice")
    case, bob = make_claimed(applicant=alice)
    findings.record(case, by=bob, at=MONDAY, verdicts={"hate_harassment": ("violates", "")})

    later = make_case(applicant=alice, owner=make_owner(alice), at=MONDAY + timedelta(days=1))

    assert expected(later)[1] == {"hate_harassment": 2}


def test_a_finding_of_nothing_raises_nothing():
    case, bob = make_claimed()

    findings.record(case, by=bob, at=MONDAY, verdicts={"self_harm": ("none", "")})

    assert (expected(case)[2], Finding.objects.filter(expectation_owed=True).exists()) == (False, False)


def test_claiming_pays_what_is_owed_first():
    case = make_case()
    told_facts(case, topic="self-harm")

    claims.claim(case, by=make_reviewer(), at=MONDAY)

    assert expected(case) == (2, SELF_HARM, False)


@pytest.mark.parametrize("owed", [1, 3])
def test_any_number_of_cases_takes_the_same_number_of_statements(owed):
    for _ in range(owed):
        make_case()
    Case.objects.update(expectation_owed=True)

    with CaptureQueriesContext(connection) as asked:
        severities.expect_owed()

    assert len([each for each in asked if "SAVEPOINT" not in each["sql"]]) == 8


@pytest.mark.parametrize("change", [{"severity": 2, "severe": {}}, {"severity": 1, "severe": SELF_HARM}])
def test_the_database_refuses_a_severity_that_does_not_fit_what_is_severe(change):
    case = make_case()

    with pytest.raises(IntegrityError, match="case_severity_fits_what_is_severe"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(**change)

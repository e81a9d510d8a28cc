"""The applicant's list and page: who sees them, what each state says, what can be done."""

from datetime import timedelta

import pytest
from django.urls import reverse

from onboarding.domain import clocks, invitations, keys, programs
from onboarding.states import ApplicationState
from policies.domain import weaknesses
from reviews.domain import cases, questions
from tests.factories import (
    MONDAY,
    deliver,
    make_application,
    make_entry,
    make_key,
    make_manager,
    make_organisation,
    make_program,
    make_rate,
    make_reviewer,
    make_secret,
    make_senior,
    make_user,
)
from tests.onboarding import standings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

HOSTILE = "<script>alert(1)</script> & “quoted” " + "W" * 80


def page(client, application, **kwargs):
    return client.get(reverse("application", args=[application.number]), **kwargs).content.decode()


# --- who sees what


def test_a_page_asks_for_signing_in_first(client):
    application = make_application()
    addresses = [reverse("applications"), reverse("application", args=[application.number])]

    for address in addresses:
        assert client.get(address).url == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("stranger", [make_user, make_reviewer, make_senior, make_manager])
def test_a_stranger_and_staff_who_have_no_part_in_it_are_told_nothing(client, stranger):
    entry = make_entry()
    client.force_login(stranger("charlie"))
    number = entry.application.number

    answers = [client.get(reverse("application", args=[number])).status_code]
    answers += [
        client.post(reverse(name, args=[number]), {"answer": "accept"}).status_code
        for name in ("withdraw", "leave", "invitation")
    ]

    assert answers == [404] * 4


def test_a_number_that_does_not_exist_is_answered_as_a_foreign_one(client, alice):
    assert client.get(reverse("application", args=["0000-0000-00"])).status_code == 404


def test_members_see_their_organisations_application(client, alice):
    application = make_application(owner=standings.owner_of(make_organisation(alice, make_user("bob"))))

    assert application.title in page(client, application)
    assert application.number in client.get(reverse("applications")).content.decode()


def test_a_former_colleague_sees_it_no_more(client, alice):
    organisation = make_organisation(alice)
    application = make_application(owner=standings.owner_of(organisation), applicant=alice)
    organisation.memberships.all().delete()

    assert client.get(reverse("application", args=[application.number])).status_code == 404


# --- the list


def test_the_empty_list_leads_to_the_programs(client, alice):
    make_application()

    text = client.get(reverse("applications")).content.decode()

    assert "No application yet" in text
    assert f'href="{reverse("home")}">See the programs' in text


def test_the_list_is_walked_newest_first_page_by_page_and_back(client, alice, monkeypatch):
    monkeypatch.setattr("onboarding.views.status.PAGE", 2)
    made = [make_application(applicant=alice).number for _ in range(5)][::-1]

    seen, url = [], ""
    while url is not None:
        context = client.get(reverse("applications") + url).context
        seen.append([course.application.number for course in context["courses"]])
        url, last = context["older_url"] or None, context
    back = client.get(reverse("applications") + last["newer_url"]).context

    assert seen == [made[:2], made[2:4], made[4:]]
    assert [course.application.number for course in back["courses"]] == made[2:4]


def test_a_foreign_number_in_the_pager_says_nothing(client, alice):
    mine, foreign = make_application(applicant=alice), make_application()

    context = client.get(reverse("applications"), {"older": foreign.number}).context

    assert [course.application for course in context["courses"]] == [mine]


def test_the_list_asks_the_database_as_often_for_three_as_for_one(client, alice, django_assert_num_queries):
    for more in (1, 2):
        for _ in range(more):
            make_secret(applicant=alice)
        with django_assert_num_queries(6):  # session, person, list, seats, grants, keys
            client.get(reverse("applications"))


# --- what each state says

SENTENCES = {
    "received": "We have your application. We answer within 10 working days: by Monday 7 December, 12:00.",
    "in_review": "With a reviewer since 23 November. We answer within 10 working days: by Monday 7 December",
    "asked": "We need an answer from you by Wednesday 23 December, 12:00 (UTC).",
    "rejected": "Not approved.",
    "in_line": "You are in line. We expect to invite you between 30 November and ",
    "invited": "You are invited: accept by Monday 30 November, 12:00 (UTC).",
    "key_owed": "Access granted. Your key is being made.",
    "key_ready": "Access granted. Open your key by 23 December, 12:00 (UTC).",
    "active": "You have access until 23 November 2027.",
    "suspended": "Access suspended since 23 November 2026, 12:00 (UTC).",
    "revoked": "Access revoked on 23 November 2026, 12:00 (UTC).",
    "withdrawn": "Withdrawn on 23 November 2026, 12:00.",
    "lapsed": "The approval has lapsed.",
    "approved": "Approved.",
}


@pytest.mark.parametrize("standing", SENTENCES)
def test_the_page_says_first_where_one_stands(client, alice, standing):
    application = standings.MAKERS[standing](alice)
    application.refresh_from_db()

    response = client.get(reverse("application", args=[application.number]))

    assert response.context["standing"] == standing
    assert SENTENCES[standing] in response.content.decode()


@pytest.mark.parametrize("standing", SENTENCES)
def test_the_list_shows_the_same_standing(client, alice, standing):
    standings.MAKERS[standing](alice)

    (course,) = client.get(reverse("applications")).context["courses"]

    assert course.standing == standing


@pytest.mark.parametrize("standing", SENTENCES)
def test_a_page_has_one_filled_button_at_most_and_one_heading(client, alice, standing):
    text = page(client, standings.MAKERS[standing](alice))

    assert text.count("btn-fill") <= 1
    assert text.count("<h1") == 1


def test_a_draft_goes_on_to_its_form(client, alice):
    application = make_application(applicant=alice, state=ApplicationState.DRAFT)

    response = client.get(reverse("application", args=[application.number]))

    assert response.url == reverse("apply_section", args=[application.number, "you"])


def test_a_late_answer_is_called_late(client, alice, now):
    application = make_application(applicant=alice)
    cases.open_owed(at=MONDAY)
    now(MONDAY + timedelta(days=30))

    assert "We have your application, and we are late." in page(client, application)


def test_a_refusal_says_why_what_would_change_it_when_again_and_how_to_appeal(client, alice):
    application = make_application(applicant=alice)
    standings.decided(application, **standings.REFUSAL, reapply_after_days=30)

    text = page(client, application)

    assert standings.REFUSAL["explanation"] in text
    assert standings.REFUSAL["facts"] in text
    assert standings.REFUSAL["what_would_change"] in text
    assert reverse("guidelines_category", args=["1.0.0", "fraud_spam"]) in text
    assert "You may apply again from 23 December 2026, 12:00 (UTC)" in text
    assert reverse("appeal", args=[application.number]) in text
    assert reverse("reinstatement", args=[application.number]) in text


def test_a_refusal_for_good_says_so(client, alice):
    application = make_application(applicant=alice)
    standings.decided(application, **standings.REFUSAL, reapply_never=True)

    assert "We do not take another application for this program from you." in page(client, application)


def test_an_untold_decision_shows_nowhere(client, alice):
    application = make_application(applicant=alice)
    standings.decided(application, **standings.REFUSAL, tell=False)

    text = page(client, application)

    assert "With a reviewer since" in text
    assert standings.REFUSAL["facts"] not in text


def test_the_conditions_of_an_approval_stand_with_their_clauses(client, alice):
    entry = make_entry(applicant=alice)
    application = entry.application
    type(application).objects.filter(pk=application.pk).update(
        conditions=[{"category": "fraud_spam", "text": "A person presses send."}]
    )

    text = page(client, application)

    assert "Approved with one condition" in text
    assert "A person presses send." in text
    assert "/guidelines/1.0.0/fraud_spam/" in text


def test_the_question_leads_to_its_answer_and_the_answer_is_shown_afterwards(client, alice):
    application = standings.asked(alice)
    application.refresh_from_db()
    before = page(client, application)
    questions.answer(questions.latest_for(application), by=alice, at=MONDAY, answer="Our own editors do.")
    after = page(client, application)

    assert "Who reads it first?" in before
    assert f'href="{reverse("answer", args=[application.number])}"' in before
    assert "You answered our question" in after
    assert "Our own editors do." in after


def test_the_line_shows_place_and_rule(client, alice):
    application = standings.in_line(alice)
    make_entry(application.program)

    text = page(client, application)

    assert "Place 1 of 2." in text
    assert "Whoever was approved first is invited first." in text


def test_a_paused_line_names_no_date(client, alice):
    application = standings.in_line(alice)
    programs.pause(application.program, by=make_manager("pia"), at=MONDAY, reason="Too many flags.")

    text = page(client, application)

    assert "Invitations are paused just now, so we cannot name a date" in text
    assert "Too many flags." not in text


def test_a_line_without_a_rate_names_no_date(client, alice):
    application = make_entry(applicant=alice).application

    assert "How many we invite a week is not settled" in page(client, application)


def test_an_invitation_that_ran_out_says_what_comes_before_the_sweep_and_after(client, alice, now):
    application, _ = standings.invited(alice)
    clocks.remind_owed(at=MONDAY + timedelta(days=4))
    deliver(at=MONDAY + timedelta(days=4))
    later = MONDAY + timedelta(days=7)
    now(later)
    before = page(client, application)
    invitations.expire_due(at=later)
    after = page(client, application)

    assert "Your invitation ran out on 30 November, 12:00." in before
    assert "Accept the invitation" not in before
    assert "You are in line." in after
    assert "Your old place, after an invitation that ran out." in after


def test_an_unopened_key_that_ran_out_says_whom_to_ask(client, alice, now):
    key = make_key(applicant=alice)
    later = MONDAY + timedelta(days=31)
    keys.expire_due(at=later)
    now(later)

    assert "Access granted, but there is no working key." in page(client, key.grant.application)


def test_times_are_those_of_the_person(client, alice):
    type(alice).objects.filter(pk=alice.pk).update(time_zone="Asia/Kolkata")
    application, _ = standings.invited(alice)

    assert "accept by Tuesday 1 December, 17:00 (Asia/Kolkata)." in page(client, application)


def test_what_was_sent_is_shown_under_its_own_questions(client, alice):
    application = make_application(applicant=alice)

    text = page(client, application)

    assert "Name of the application" in text
    assert "under question set 1.2.0" in text


def test_what_people_write_is_never_markup(client, alice):
    application = make_application(applicant=alice, title=HOSTILE[:120])

    for text in (page(client, application), client.get(reverse("applications")).content.decode()):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_a_page_asks_the_database_a_fixed_number_of_times(client, alice, django_assert_max_num_queries):
    program = make_program()
    make_rate(program, 1)
    application = make_entry(program, applicant=alice).application
    page(client, application)
    for _ in range(3):
        make_entry(program)

    with django_assert_max_num_queries(22):
        page(client, application)


def test_known_weaknesses_are_named_while_one_waits(client, alice):
    application = make_entry(make_program("code-model"), applicant=alice).application
    text = "- **Invented names.** It calls `functions` that <b>do not</b> exist & more."
    weaknesses.publish("code-model", text=text, by="test", at=MONDAY)

    shown = page(client, application)

    assert "Invented names. It calls functions that" in shown
    assert f"{reverse('program', args=['code-model'])}#weaknesses" in shown
    assert "<b>do not" not in shown

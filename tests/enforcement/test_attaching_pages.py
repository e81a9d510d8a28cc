"""The pages on which a person says whose access a report is about: looked for, chosen, refused with a sentence."""

import sys

import pytest
from django.core.cache import cache
from django.core.signals import got_request_exception
from django.urls import reverse
from django.views.debug import ExceptionReporter

from enforcement.domain import attaching
from tests.enforcement.flagging import NOTHING, make_flag, make_report
from tests.enforcement.test_attaching import WHY, merged
from tests.factories import make_grant, make_reviewer, make_secret, make_senior, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob():
    return make_reviewer()


@pytest.fixture
def grant():
    return make_grant()


@pytest.fixture
def page(client, bob):
    client.force_login(bob)
    cache.clear()

    def at(name, case):
        return reverse(f"admin:{name}", args=[case.pk])

    return at


def test_a_reviewer_looks_chooses_and_goes_on_with_the_case(client, page, bob, grant):
    case = make_report(by=bob)
    looked = client.post(page("flag_case_find", case), {"said": grant.application.number})
    offered = grant.application.number in looked.content.decode()

    said = client.post(page("flag_case_attach", case), {"g-grant": grant.pk, "g-reason": WHY})

    case.refresh_from_db()
    shown = client.get(page("flag_case", case)).content.decode()
    assert (offered, said.url, case.grant, WHY in shown) == (True, page("flag_case", case), grant, True)


def test_what_was_looked_for_is_not_shown_again(client, page, bob):
    case = make_report(by=bob)

    answer = client.post(page("flag_case_find", case), {"said": "gh_live_pastedhere"})

    shown = answer.content.decode()
    assert ("pastedhere" in shown, "Nothing you may see begins like that" in shown) == (False, True)
    assert "no-store" in answer["Cache-Control"]


def test_a_merged_case_leads_to_the_one_it_went_to(client, page, bob, grant):
    case = make_report(by=bob)
    other = make_flag(grant, category="cyber_abuse").case

    said = client.post(page("flag_case_attach", case), {"g-grant": grant.pk, "g-reason": WHY})

    shown = client.get(page("flag_case", case)).content.decode()
    assert (said.url, f'href="{page("flag_case", other)}"' in shown) == (page("flag_case", other), True)
    assert "Take it" not in shown


@pytest.mark.parametrize(
    ("said", "status", "sentence"),
    [
        ({"g-reason": WHY}, 422, "Choose one."),
        ({"g-grant": "x", "g-reason": WHY}, 422, "Choose one of those found."),
        ({"g-grant": "9" * 30, "g-reason": WHY}, 422, "Choose one of those found."),
        ({"g-grant": "{grant}", "g-reason": ""}, 422, "Write how you know"),
    ],
    ids=str,
)
def test_what_lacks_something_comes_back_with_a_sentence(client, page, bob, grant, said, status, sentence):
    case = make_report(by=bob)
    said = {name: text.format(grant=grant.pk) for name, text in said.items()}

    answer = client.post(page("flag_case_attach", case), said)

    case.refresh_from_db()
    assert (answer.status_code, sentence in answer.content.decode(), case.grant) == (status, True, None)


def test_a_posted_access_of_ones_own_is_not_named(client, page, bob):
    own, case = make_grant(applicant=bob), make_report(by=bob)

    answer = client.post(page("flag_case_attach", case), {"g-grant": own.pk, "g-reason": WHY})

    assert (answer.status_code, own.application.number in answer.content.decode()) == (422, False)


def test_a_case_one_has_not_taken_says_so(client, page, grant):
    case = make_report(by=make_senior("sam"))

    answer = client.post(page("flag_case_attach", case), {"g-grant": grant.pk, "g-reason": WHY})

    assert (answer.status_code, "Take it first" in answer.content.decode()) == (409, True)


@pytest.mark.parametrize("name", ["flag_case_find", "flag_case_attach"])
def test_whoever_does_not_hold_the_case_is_shown_no_access(client, page, grant, name):
    case = make_report(by=make_senior("sam"))
    number = grant.application.number

    answer = client.post(page(name, case), {"said": number, "g-grant": grant.pk, "g-reason": ""})

    shown = answer.content.decode()
    assert (answer.status_code, number in shown, "Take it first" in shown) == (409, False, True)


def test_too_little_to_look_for_comes_back_with_a_sentence(client, page, bob):
    answer = client.post(page("flag_case_find", make_report(by=bob)), {"said": "al"})

    assert (answer.status_code, "Type at least 3 characters" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize("name", ["flag_case_take", "flag_case_decide"])
def test_a_merged_case_is_neither_taken_nor_decided_and_says_where_its_flags_are(
    client, page, bob, grant, name
):
    case = merged(bob, grant)
    said = {f"f-{field}": value for field, value in NOTHING.items()}

    answer = client.post(page(name, case), said)

    sentence = f"Its flags are in case {case.merged_into_id} now."
    assert (answer.status_code, sentence in answer.content.decode()) == (409, True)


def test_a_report_of_an_error_names_nothing_that_was_pasted(client, page, bob, monkeypatch):
    secret = make_secret(applicant=make_user("alice"))[1]
    case, reports = make_report(by=bob), []

    def broken(user):
        raise RuntimeError("the database went away")

    def report(request, **_kwargs):
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_html())

    monkeypatch.setattr(attaching, "hidden_applications", broken)
    got_request_exception.connect(report)
    client.raise_request_exception = False
    client.post(page("flag_case_find", case), {"said": f"key: {secret}"})
    got_request_exception.disconnect(report)

    start = secret.rindex("_") + 1
    assert ["went away" in each and secret[start:] not in each for each in reports] == [True]

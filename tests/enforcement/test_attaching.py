"""A report about nobody we knew becomes one about an access: found by a person, said once, merged where it belongs."""

import sys
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.views.debug import ExceptionReporter

from audit import ledger
from enforcement.domain import attaching, flag_cases, flags
from enforcement.models import Flag, FlagCase
from tests.enforcement.flagging import NOTHING, TUESDAY, VIOLATION, make_emergency, make_flag
from tests.factories import (
    make_grant,
    make_guidelines,
    make_organisation,
    make_reviewer,
    make_secret,
    make_senior,
    make_user,
)
from tests.onboarding.standings import owner_of

pytestmark = pytest.mark.django_db
WHY = "The screenshot shows the start of this key."


@pytest.fixture
def bob():
    return make_reviewer()


@pytest.fixture
def grant():
    return make_grant()


def make_report(*, by=None, at=TUESDAY, **said):
    """Return the case of a public report; taken up where `by` says by whom."""
    make_guidelines()
    said = {"category": "cyber_abuse", "said": "They sell exploits.", "reply_to": "dana@example.org"} | said
    case = flags.record(source="public", owner=None, by="public", at=at, **said).case
    return flag_cases.take(case, by=by, at=at) if by else case


def attach(case, grant, by, *, reason=WHY, at=TUESDAY):
    return attaching.attach(case, grant, by=by, at=at, reason=reason)


def look(said, by, case=None):
    """Return the accesses found for somebody who holds the case of a report."""
    return list(attaching.find(case or make_report(by=by), said, by=by))


# Finding


def test_an_access_is_found_by_what_a_reporter_may_have_seen(bob):
    key, secret = make_secret(applicant=make_user("alice"))
    start = secret[: secret.rindex("_") + 4]

    seen = (start, secret, start.upper()[:8] + start[8:], f"key={secret}.", f"{secret[:20]} {secret[20:]}")
    found = [
        [each.pk for each in look(said, bob)]
        for said in (*seen, key.key_id, key.key_id[:8], "ALICE@", key.grant.application.number[:6])
    ]

    assert found == [[key.grant.pk]] * 9


def test_an_organisation_is_found_by_its_name(bob):
    alice = make_user("alice")
    grant = make_grant(applicant=alice, owner=owner_of(make_organisation(alice)))

    assert look("pygma", bob) == [grant]


@pytest.mark.parametrize("said", ["nobody at all", "%%%", "___", "gh_live_0000", "gh_pat_alice"], ids=repr)
def test_what_nobody_is_called_finds_nobody(bob, said):
    make_secret(applicant=make_user("alice"))

    assert look(said, bob) == []


@pytest.mark.parametrize("said", ["", " ", "al", "k_", "gh_live_", "gh_live_ab", "\0", "%"], ids=repr)
def test_what_says_too_little_is_told_so(bob, said):
    make_secret(applicant=make_user("alice"))

    with pytest.raises(flag_cases.Incomplete, match="at least 3 characters"):
        look(said, bob)


def test_nobody_finds_their_own_access(bob):
    make_grant(applicant=bob)

    assert look("bob", bob) == []


@pytest.mark.parametrize("spoilt", ["", "x", "gh_", "Bearer "], ids=repr)
def test_no_more_of_a_secret_than_its_hint_is_sent_to_the_database(bob, spoilt):
    """Whole, mistyped, without its end, in the middle of other words: a database may log what it is asked."""
    secret = make_secret(applicant=make_user("alice"))[1]
    case = make_report(by=bob)
    said = {"": secret, "x": f"{secret}x", "gh_": secret[:30].replace("gh_live", "GH_Live")}

    with CaptureQueriesContext(connection) as asked:
        look(said.get(spoilt, spoilt + secret), bob, case)

    start = secret.rindex("_") + 1
    assert [
        query["sql"] for query in asked if secret[start + 4 : start + 12].lower() in query["sql"].lower()
    ] == []


def not_taken(bob, grant):
    return make_report()


def with_another(bob, grant):
    return make_report(by=make_senior("sam"))


def attached(bob, grant):
    case = make_report(by=bob)
    attach(case, grant, bob)
    case.refresh_from_db()
    return case


def merged(bob, grant):
    make_flag(grant, category="cyber_abuse")
    return attached(bob, grant)


def decided(bob, grant):
    return flag_cases.decide(make_report(by=bob), by=bob, at=TUESDAY, **NOTHING)


def reported_by_them(bob, grant):
    return flags.record(source="public", owner=None, by=bob, at=TUESDAY, said="Odd.").case


REFUSED = {
    not_taken: flag_cases.NotHeld,
    with_another: flag_cases.NotHeld,
    attached: attaching.AlreadyAttached,
    merged: attaching.AlreadyAttached,
    decided: flag_cases.AlreadyDecided,
    reported_by_them: flag_cases.NotForYou,
}


@pytest.mark.parametrize(("made", "refusal"), REFUSED.items(), ids=lambda each: each.__name__)
def test_only_who_holds_a_case_about_nobody_known_looks_for_people(bob, grant, made, refusal):
    make_guidelines()
    case = made(bob, grant)

    with pytest.raises(refusal):
        look(grant.application.number, bob, case)


# Saying so


def test_the_report_is_about_the_access_from_then_on(bob, grant):
    case = make_report(by=bob)

    attach(case, grant, bob)

    case.refresh_from_db()
    flag = case.flags.get()
    assert (case.grant, case.owner, case.state, flag.grant, flag.owner) == (
        grant, grant.owner, "taken", grant, grant.owner,
    )  # fmt: skip
    assert (case.attached_by, case.attached_at, case.attach_reason) == (bob, TUESDAY, WHY)
    assert ledger.is_digest_of(WHY, ledger.of(case).get(event="flag_case.attached").reason)


def test_it_joins_the_open_case_that_says_the_same_and_makes_it_no_less_urgent(bob, grant):
    later = TUESDAY + timedelta(hours=2)
    report = make_report(by=bob, severity=3)
    other = make_flag(grant, category="cyber_abuse", severity=1, at=later).case

    joined = attach(report, grant, bob, at=later)

    report.refresh_from_db()
    assert (joined, report.state, report.merged_into, report.flags.count()) == (other, "merged", other, 0)
    assert (joined.flags.count(), joined.severity, joined.due_at) == (2, 3, report.due_at)
    assert ledger.of(report).latest("pk").event == "flag_case.merged"


@pytest.mark.parametrize(
    "other", [{"category": "fraud_spam"}, {"rule": "exploit"}], ids=["another category", "a rule"]
)
def test_beside_a_case_that_says_something_else_it_stays_a_case_of_its_own(bob, grant, other):
    make_flag(grant, **other)
    report = make_report(by=bob)

    assert attach(report, grant, bob) == report


def test_a_decided_case_takes_nothing_more(bob, grant):
    decided = flag_cases.take(make_flag(grant, category="cyber_abuse").case, by=bob, at=TUESDAY)
    flag_cases.decide(decided, by=bob, at=TUESDAY, **NOTHING)
    report = make_report(by=bob)

    assert attach(report, grant, bob) == report


def test_who_reported_is_answered_when_the_case_it_joined_is_decided(bob, grant):
    report = make_report(by=bob)
    receipt = report.flags.get().receipt
    joined = make_flag(grant, category="cyber_abuse").case
    attach(report, grant, bob)

    flag_cases.decide(flag_cases.take(joined, by=bob, at=TUESDAY), by=bob, at=TUESDAY, **VIOLATION)

    flag = Flag.objects.get(receipt=receipt)
    assert (flag.state, flag.case, flag.reply_to) == ("confirmed", joined, "")


def test_a_report_suspends_nobody_when_it_is_attached(bob, grant):
    make_emergency()
    attach(make_report(by=bob, severity=3), grant, bob)

    grant.refresh_from_db()
    assert grant.sanctioned_since is None


# Who may not, and when


def test_whoever_has_not_taken_it_does_not_say_so(bob, grant):
    with pytest.raises(flag_cases.NotHeld):
        attach(make_report(), grant, bob)


def test_nobody_says_so_of_an_access_in_which_they_have_a_part(bob):
    own = make_grant(applicant=bob)

    with pytest.raises(attaching.NotYoursToAttach):
        attach(make_report(by=bob), own, bob)


def test_nobody_says_so_of_what_they_reported_themselves(bob, grant):
    make_guidelines()
    case = flags.record(source="public", owner=None, by=bob, at=TUESDAY, said="Odd.").case

    with pytest.raises(flag_cases.NotForYou):
        attach(case, grant, bob)


def test_it_is_said_once(bob, grant):
    case = make_report(by=bob)
    attach(case, grant, bob)

    with pytest.raises(attaching.AlreadyAttached):
        attach(case, make_grant(), bob)


def test_after_the_decision_nothing_is_said_any_more(bob, grant):
    case = make_report(by=bob)
    flag_cases.decide(case, by=bob, at=TUESDAY, **NOTHING)

    with pytest.raises(flag_cases.AlreadyDecided):
        attach(case, grant, bob)


@pytest.mark.parametrize("reason", ["", " \n", "\0", "x" * 501], ids=repr)
def test_a_reason_is_needed_and_bounded(bob, grant, reason):
    with pytest.raises(flag_cases.Incomplete):
        attach(make_report(by=bob), grant, bob, reason=reason)


@pytest.mark.parametrize("field", ["grant", "owner", "case"])
def test_the_database_moves_no_flag_whose_access_is_known(grant, field):
    flag, other = make_flag(grant, category="cyber_abuse"), make_flag(make_grant(), category="cyber_abuse")

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(**{field: getattr(other, field)})


def test_the_database_moves_no_flag_about_nobody_either_without_saying_whose():
    report, other = make_report(), make_report()

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Flag.objects.filter(case=report).update(case=other)


def test_the_database_keeps_a_case_with_its_access(grant):
    case = make_flag(grant, category="cyber_abuse").case

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        FlagCase.objects.filter(pk=case.pk).update(grant=make_grant())


# The page


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

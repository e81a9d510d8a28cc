"""A report about nobody we knew becomes one about an access: found by a person, said once, merged where it belongs."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import ledger
from enforcement.domain import attaching, flag_cases, flags
from enforcement.models import Flag, FlagCase
from tests.enforcement.flagging import NOTHING, TUESDAY, VIOLATION, make_emergency, make_flag, make_report
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


def attach(case, grant, by, *, reason=WHY, at=TUESDAY):
    return attaching.attach(case, grant, by=by, at=at, reason=reason)


def look(said, by, case=None):
    """Return the accesses found for somebody who holds the case of a report."""
    return attaching.find(case or make_report(by=by), said, by=by, at=TUESDAY)


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


def test_a_search_is_on_record_without_what_was_typed(bob):
    _, secret = make_secret(applicant=make_user("alice"))
    report = make_report(by=bob)

    look(secret, bob, report)

    row = ledger.of(report).get(event="flag_case.searched")
    assert (row.actor, row.reason, row.details) == (f"user:{bob.pk}", "", {"shown": 1})


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

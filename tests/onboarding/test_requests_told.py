"""What the approval or refusal of a request does to access, told through the reviewers' own verbs."""

from datetime import timedelta

import pytest

from audit.models import LedgerEntry
from onboarding.domain import applications, grants, keys, renewals, requests, sealing
from onboarding.models import Grant, Key, SealedAnswer, WaitlistEntry
from onboarding.states import ApplicationKind, ApplicationState, Environment, GrantState
from outbox.models import Letter
from reviews.domain import cases, claims, rejections, telling
from reviews.models import Case
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_grant,
    make_key,
    make_organisation,
    make_program,
    make_reviewer,
    make_user,
)
from tests.onboarding.requesting import CHANGE, EVIDENCE, LATER, TICKS, events, sent, told, trial_grant

pytestmark = pytest.mark.django_db
Kind = ApplicationKind


@pytest.fixture
def alice():
    person = make_user("alice")
    accept_guidelines(person)
    return person


@pytest.fixture
def grant(alice):
    return trial_grant(alice)


# ---------------------------------------------------------------- the production review
def test_a_production_review_asks_little_and_is_filled_in(grant, alice):
    request = requests.start(grant, kind=Kind.PRODUCTION, by=alice, at=LATER)

    from onboarding.domain import drafts

    put = [question.key for question in drafts.read(request).put()]
    assert put == [
        "use_changed", "tests_done", "demo", "test_account", "models", "requests_now", "requests_in_6_months",
        *TICKS,
    ]  # fmt: skip
    assert (request.answers["detail"], request.answers["models"]) == (
        grant.revision.answers["detail"],
        ["code-1"],
    )
    assert not TICKS.keys() & request.answers.keys()


def test_once_the_use_changed_every_question_is_put(grant, alice):
    request = requests.start(grant, kind=Kind.PRODUCTION, by=alice, at=LATER)
    request = applications.save_draft(
        request, answers={"use_changed": "yes"}, seen_version=0, by=alice, at=LATER
    )

    from onboarding.domain import drafts

    assert {"what_changed", "detail", "audience", "demo"} <= {q.key for q in drafts.read(request).put()}


def test_the_judgement_of_a_production_review_sees_the_whole_use(grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)

    assert (request.risk_score > 0, request.revisions.get().answers["detail"]) == (
        True,
        grant.revision.answers["detail"],
    )


def test_an_approved_production_review_raises_the_same_grant(grant, alice):
    keys.issue_owed(at=MONDAY)
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)

    told(request, "approved_with_conditions")
    keys.issue_owed(at=LATER)

    raised = Grant.objects.get()
    assert (raised.tier.environment, raised.seat_id, WaitlistEntry.objects.count()) == (
        "live",
        grant.seat_id,
        1,
    )
    assert raised.conditions == [{"category": "fraud_spam", "text": "A person reads each text first."}]
    assert sorted(raised.keys.values_list("environment", flat=True)) == ["live", "test"]
    assert events(grant).count("grant.raised") == 1


def test_telling_it_twice_raises_once(grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    told(request)

    telling.tell_owed(at=LATER)
    grants.raise_to_production(grants.locked(grant.pk), request=request, by="test", at=LATER)

    letters = Letter.objects.filter(kind="reviews/approved", text__contains="for production now")
    assert (events(grant).count("grant.raised"), letters.count()) == (1, 1)


def test_a_rejected_production_review_leaves_the_trial_and_its_time_counts_for_its_kind(grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)

    told(request, "rejected")

    again = rejections.reapply_from(grant.owner, grant.program, kind=Kind.PRODUCTION)
    assert (Grant.objects.get().tier.environment, again) == ("test", LATER + timedelta(days=14))
    assert rejections.reapply_from(grant.owner, grant.program) is None
    with pytest.raises(requests.NotPossible, match="again from"):
        requests.start(grant, kind=Kind.PRODUCTION, by=alice, at=LATER, not_before=again)


def test_an_owed_test_key_never_holds_up_the_approval(grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)

    told(request)  # the first test key is still owed

    assert (Grant.objects.get().tier.environment, request.state) == ("live", "approved")


def test_a_program_without_a_second_gate_has_no_production_review(alice):
    grant = make_grant(make_program("code"), applicant=alice)

    with pytest.raises(requests.NotPossible, match="no production review"):
        requests.start(grant, kind=Kind.PRODUCTION, by=alice, at=LATER)


def test_a_stranger_asks_for_nothing(grant):
    with pytest.raises(requests.NotYours):
        requests.start(grant, kind=Kind.AMENDMENT, by=make_user("charlie"), at=LATER)


def test_nobody_decides_their_own_organisations_request(alice):
    bob = make_reviewer("bob")
    make_organisation(alice, bob)
    grant = trial_grant(alice)
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    cases.open_owed(at=LATER)

    with pytest.raises(claims.NotForYou):
        claims.claim(Case.objects.get(application=request), by=bob, at=LATER)


def test_a_request_that_touches_a_domain_needs_a_second_person(alice):
    grant = trial_grant(alice)
    request = sent(
        grant, Kind.PRODUCTION, alice, **EVIDENCE | {"use_changed": "yes", "executes_code": "yes"},
        what_changed="It now runs the code it wrote, inside a sandbox, and reads what comes out.",
        incident_plan="The person on call switches it off within the hour and tells you the same day.",
    )  # fmt: skip

    case = told(request)

    case.refresh_from_db()
    assert (case.kind, case.state, Grant.objects.get().tier.environment) == (
        "production",
        "awaiting_second",
        "test",
    )


# ---------------------------------------------------------------- the test login
def test_the_test_login_is_kept_apart_and_encrypted(grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)

    kept = SealedAnswer.objects.get()
    everywhere = str(request.answers) + str(request.revisions.get().answers) + kept.text
    assert ("hunter2" in everywhere, request.answers["test_account"]) == (False, "sealed")


def test_the_test_login_is_shown_once_asked_for_and_each_showing_is_recorded(grant, alice):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    bob = make_reviewer("bob")

    shown = [sealing.show(request, by=bob, at=LATER) for _ in range(2)]

    assert shown == [{"test_account": "tester / hunter2hunter2"}] * 2
    assert LedgerEntry.objects.filter(event="sealed.shown", actor=f"user:{bob.pk}").count() == 2


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
def test_the_test_login_is_wiped_after_the_telling(grant, alice, outcome):
    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    told(request, outcome)

    wiped = [sealing.wipe_owed(at=LATER) for _ in range(2)]

    assert (wiped, SealedAnswer.objects.get().text) == ([1, 0], "")
    with pytest.raises(sealing.NothingSealed):
        sealing.show(request, by=make_reviewer(), at=LATER)


def test_an_empty_login_field_keeps_what_is_there_and_a_short_one_is_refused(grant, alice):
    request = requests.start(grant, kind=Kind.PRODUCTION, by=alice, at=LATER)
    answers = [{"test_account": "x"}, {"test_account": "tester / hunter2hunter2"}, {"test_account": ""}]
    marks = []
    for given in answers:
        request = applications.save_draft(
            request, answers=given, seen_version=request.answers_version, by=alice, at=LATER
        )
        marks.append(request.answers.get("test_account"))

    assert marks == ["sealed:short", "sealed", "sealed"]
    assert sealing.show(request, by=alice, at=LATER) == {"test_account": "tester / hunter2hunter2"}


# ---------------------------------------------------------------- a change of use
def test_an_approved_change_puts_the_new_use_in_force(grant, alice):
    Grant.objects.filter(pk=grant.pk).update(conditions=[{"category": "", "text": "Old"}])
    request = sent(grant, Kind.AMENDMENT, alice, **CHANGE)
    before = Grant.objects.get()

    told(request)

    after = Grant.objects.get()
    assert (before.revision_id, after.revision_id) == (grant.revision_id, request.revisions.get().pk)
    assert (after.conditions, after.application_id, after.expires_at) == (
        [],
        grant.application_id,
        grant.expires_at,
    )
    assert events(grant)[-1] == "grant.amended"


def test_the_changed_answers_are_named(grant, alice):
    request = sent(grant, Kind.AMENDMENT, alice, **CHANGE)

    assert requests.changes(request, request.revisions.get().answers) == [
        "audience",
        "report_contact",
        "end_user_id",
    ]


def test_a_refused_change_changes_nothing(grant, alice):
    request = sent(grant, Kind.AMENDMENT, alice, **CHANGE)
    before = Grant.objects.values().get()

    told(request, "rejected")

    assert Grant.objects.values().get() == before


def test_of_two_requests_that_change_the_use_only_one_is_sent(grant, alice):
    sent(grant, Kind.AMENDMENT, alice, **CHANGE)

    with pytest.raises(requests.NotPossible, match="Another request"):
        sent(grant, Kind.PRODUCTION, alice, **EVIDENCE | CHANGE | {"use_changed": "yes"})


# ---------------------------------------------------------------- renewal
def test_a_renewal_opens_ninety_days_before_the_end(grant, alice):
    early, open_ = grant.expires_at - timedelta(days=92), grant.expires_at - timedelta(days=89)

    with pytest.raises(requests.NotPossible, match="ninety days"):
        requests.start(grant, kind=Kind.RENEWAL, by=alice, at=early)

    assert requests.start(grant, kind=Kind.RENEWAL, by=alice, at=open_).kind == "renewal"


def test_a_renewal_with_nothing_changed_asks_for_that_and_the_declarations(grant, alice):
    from onboarding.domain import drafts

    request = requests.start(grant, kind=Kind.RENEWAL, by=alice, at=grant.expires_at - timedelta(days=9))

    assert [question.key for question in drafts.read(request).put()] == ["use_changed", *TICKS]


def test_an_approved_renewal_adds_a_term_to_the_end_there_was(grant, alice):
    key = make_renewable(grant)
    at = grant.expires_at - timedelta(days=60)
    request = sent(grant, Kind.RENEWAL, alice, at=at, use_changed="no")

    told(request, at=at + timedelta(days=1))

    key.refresh_from_db()
    renewed = Grant.objects.get()
    assert (renewed.expires_at.date().isoformat(), renewed.held_over_from) == ("2028-11-23", None)
    assert (key.expires_at, events(grant)[-1]) == (renewed.expires_at, "grant.renewed")


def make_renewable(grant):
    keys.issue_owed(at=MONDAY)
    return grant.keys.get()


def test_a_renewal_sent_in_time_keeps_access_going_past_the_end(grant, alice):
    key = make_renewable(grant)
    sent(grant, Kind.RENEWAL, alice, at=grant.expires_at - timedelta(days=1), use_changed="no")

    expired = renewals.expire_due(at=grant.expires_at + timedelta(days=20))

    held, key = Grant.objects.get(), Key.objects.get(pk=key.pk)
    assert (expired, held.state, held.held_over_from) == (0, "active", grant.expires_at)
    assert held.expires_at == key.expires_at == grant.expires_at + grants.HELD_OVER


def test_our_delay_has_a_bound(grant, alice):
    sent(grant, Kind.RENEWAL, alice, at=grant.expires_at - timedelta(days=1), use_changed="no")
    late = grant.expires_at + grants.HELD_OVER

    assert (renewals.expire_due(at=late), renewals.drop_moot(at=late), renewals.drop_moot(at=late)) == (
        1,
        1,
        0,
    )
    assert grant.requests.get().state == "withdrawn"


@pytest.mark.parametrize(("days", "ends_after"), [(-30, 0), (5, 5)])
def test_a_refused_renewal_ends_access_when_told_and_never_before_its_own_end(grant, alice, days, ends_after):
    request = sent(grant, Kind.RENEWAL, alice, at=grant.expires_at - timedelta(days=40), use_changed="no")

    told(request, "rejected", at=grant.expires_at + timedelta(days=days))

    assert Grant.objects.get().expires_at == grant.expires_at + timedelta(days=ends_after)
    assert renewals.expire_due(at=grant.expires_at + timedelta(days=6)) == 1


def test_a_renewal_taken_back_lets_access_end_as_it_would_have(grant, alice):
    request = sent(grant, Kind.RENEWAL, alice, at=grant.expires_at - timedelta(days=40), use_changed="no")

    applications.withdraw(request, by=alice, at=grant.expires_at - timedelta(days=39))

    assert Grant.objects.get().expires_at == grant.expires_at


def test_without_a_renewal_access_expires_and_the_approval_lapses(grant, alice):
    assert [renewals.expire_due(at=grant.expires_at) for _ in range(2)] == [1, 0]

    grant.application.refresh_from_db()
    assert (Grant.objects.get().state, grant.application.state) == (
        GrantState.EXPIRED,
        ApplicationState.LAPSED,
    )
    assert "no renewal was sent" in Letter.objects.get(kind="onboarding/lapsed").text


def test_a_renewal_is_not_sent_after_the_end(grant, alice):
    late = grant.expires_at + timedelta(seconds=1)
    request = requests.start(grant, kind=Kind.RENEWAL, by=alice, at=grant.expires_at - timedelta(days=1))
    request = applications.save_draft(
        request, answers=TICKS | {"use_changed": "no"}, seen_version=0, by=alice, at=late
    )

    with pytest.raises(requests.NotPossible, match="has ended"):
        applications.submit(request, by=alice, at=late)


def test_reminders_are_written_once_each_however_often_and_late_the_payer_runs(grant):
    end, moments = grant.expires_at, [91, 90, 90, 60, 45, 44, 30, 29, 1]

    reminded = [renewals.remind_owed(at=end - timedelta(days=days)) for days in moments]

    assert reminded == [0, 1, 0, 0, 1, 0, 1, 0, 0]
    assert Letter.objects.filter(kind="onboarding/renewal_due").count() == 3


def test_a_payer_that_comes_late_writes_the_last_reminder_only(grant):
    assert [renewals.remind_owed(at=grant.expires_at - timedelta(days=20)) for _ in range(2)] == [1, 0]

    assert Letter.objects.filter(kind="onboarding/renewal_due").count() == 1


def test_who_has_sent_a_renewal_is_not_reminded(grant, alice):
    sent(grant, Kind.RENEWAL, alice, at=grant.expires_at - timedelta(days=89), use_changed="no")

    assert renewals.remind_owed(at=grant.expires_at - timedelta(days=40)) == 0


# ---------------------------------------------------------------- access that ended
def test_requests_about_access_that_ended_are_withdrawn(grant, alice):
    from tests.factories import make_senior

    request = sent(grant, Kind.PRODUCTION, alice, **EVIDENCE)
    grants.revoke(grant, by=make_senior(), at=LATER, reason="Sold the key")

    assert renewals.drop_moot(at=LATER) == 1
    request.refresh_from_db()
    assert request.state == "withdrawn"


def test_an_environment_of_a_key_is_never_above_the_grant(grant):
    assert make_key(make_program("other", production_review=True)).environment == Environment.TEST

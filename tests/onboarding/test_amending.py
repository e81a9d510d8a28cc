"""Changing what was sent until a reviewer opens it: beside it, judged anew, and never behind a reviewer's back."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import LedgerEntry
from onboarding.domain import amending, applications
from onboarding.domain.applications import Incomplete, NotYours, StaleDraft
from onboarding.domain.drafts import NotSeen
from onboarding.models import Application
from onboarding.states import ApplicationState
from outbox.models import Letter
from policies.domain import weaknesses
from policies.models import Acceptance
from policies.states import Lane
from reviews.domain import cases, claims, due
from reviews.models import Case
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_organisation,
    make_owner,
    make_program,
    make_reviewer,
    make_user,
    owners,
)
from tests.onboarding.filled import HELD, good_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
LATER = MONDAY + timedelta(hours=3)
STRICTER = HELD | {"impact_health": "moderate"}


def make_sent(user=None, owner=None, program=None, **changes):
    """Return an application that was filled in and sent at MONDAY."""
    user = user or make_user()
    program = program or make_program()
    accept_guidelines(user)
    draft = applications.start(program, owner=owner or make_owner(user), by=user, at=MONDAY)
    draft = applications.save_draft(
        draft,
        answers=good_for(program, user, **changes),
        seen_version=draft.answers_version,
        by=user,
        at=MONDAY,
    )
    applications.submit(draft, by=user, at=MONDAY)
    draft.refresh_from_db()
    return draft


def change(application, by=None, **answers):
    """Begin an amendment and type these answers."""
    by = by or application.applicant
    application = amending.begin(application, by=by, at=LATER)
    return applications.save_draft(
        application, answers=answers, seen_version=application.answers_version, by=by, at=LATER
    )


def amended(application, **answers):
    """Change these answers and send them; return the revision."""
    return amending.send(change(application, **answers), by=application.applicant, at=LATER)


def everything(application):
    fields = Application.objects.filter(pk=application.pk).values().get()
    return fields, LedgerEntry.objects.count(), Letter.objects.count(), application.revisions.count()


# ---------------------------------------------------------------- what an amendment is


def test_an_amendment_is_one_more_revision_and_the_first_stays_as_it_was():
    application = make_sent()
    first = application.revisions.values().get()

    revision = amended(application, title="Docstrings for two teams")

    application.refresh_from_db()
    assert (revision.number, revision.answers["title"]) == (2, "Docstrings for two teams")
    assert application.revisions.order_by("number").values().first() == first
    assert (application.title, application.state) == ("Docstrings for two teams", ApplicationState.SUBMITTED)
    assert (application.amending_since, application.case_owed) == (None, True)
    assert application.submitted_at == MONDAY


def test_lane_and_risk_are_judged_anew_and_the_application_shows_them():
    application = make_sent()

    revision = amended(application, **STRICTER)

    application.refresh_from_db()
    assert (revision.lane, application.lane) == (Lane.HOLD, Lane.HOLD)
    assert (application.risk_score, application.risk_level) == (revision.risk_score, revision.risk_level)
    told = LedgerEntry.objects.get(event="application.amended")
    assert (told.details["lane"], told.details["revision"]) == (Lane.HOLD, 2)


def test_a_declaration_whose_text_changed_since_must_be_made_again():
    application = make_sent()
    weaknesses.publish(application.program.slug, text="It invents names.", by="test", at=LATER)
    changed = change(application, title="Another name")
    with pytest.raises(Incomplete) as refused:
        amending.send(changed, by=application.applicant, at=LATER)

    change(application, ack_limits="yes")
    amending.send(application, by=application.applicant, at=LATER)

    assert list(refused.value.problems) == ["ack_limits"]
    assert Acceptance.objects.filter(document=weaknesses.document(application.program.slug)).exists()


def test_the_applicant_is_written_that_the_changes_are_there():
    application = make_sent()

    amended(application, title="Docstrings for two teams")

    letter = Letter.objects.get(kind="onboarding/amended")
    assert letter.recipient == application.applicant.email
    assert "We have your changes: Docstrings for two teams" in letter.subject
    assert "Monday 23 November 2026, 15:00" in letter.text


def test_unsent_changes_leave_what_was_sent_and_what_reviewers_see():
    application = make_sent()

    change(application, title="Not sent")

    application.refresh_from_db()
    assert (application.title, application.revisions.count()) == ("Docstrings for a small team", 1)
    assert (application.answers["title"], application.amending_since) == ("Not sent", LATER)


def test_beginning_again_keeps_what_was_typed():
    application = change(make_sent(), title="Not sent")

    amending.begin(application, by=application.applicant, at=LATER + timedelta(hours=1))

    application.refresh_from_db()
    assert (application.answers["title"], application.amending_since) == ("Not sent", LATER)


def test_dropping_the_changes_brings_the_sent_answers_back_and_outdates_open_pages():
    application = change(make_sent(), title="Not sent")

    amending.discard(application, by=application.applicant)

    dropped = Application.objects.get(pk=application.pk)
    assert (dropped.answers, dropped.amending_since) == (dropped.revisions.get().answers, None)
    assert dropped.answers_version > application.answers_version


def test_sending_again_is_the_same_sending():
    application = make_sent()
    revision = amended(application, title="Another name")
    before = everything(application)

    assert amending.send(application, by=application.applicant, at=LATER) == revision
    assert everything(application) == before


def test_the_same_answers_are_not_sent_again():
    application = amending.begin(make_sent(), by=Application.objects.get().applicant, at=LATER)
    before = everything(application)

    with pytest.raises(amending.NothingChanged):
        amending.send(application, by=application.applicant, at=LATER)
    assert everything(application) == before


def test_an_incomplete_amendment_is_not_sent_and_changes_nothing():
    application = change(make_sent(), summary="Too short.")
    before = everything(application)

    with pytest.raises(Incomplete):
        amending.send(application, by=application.applicant, at=LATER)
    assert everything(application) == before


def test_an_application_is_sent_twenty_times_at_most(monkeypatch):
    monkeypatch.setattr(amending, "MOST_REVISIONS", 2)
    application = make_sent()
    amended(application, title="The second")

    with pytest.raises(amending.TooOften):
        amended(application, title="The third")


def test_somebody_of_the_same_organisation_may_amend_and_nobody_else():
    alice, ben = make_user("alice"), make_user("ben")
    accept_guidelines(ben)
    application = make_sent(
        alice, owner=owners.of_organisation(make_organisation(alice, ben)), work_email=None
    )
    for verb in (amending.begin, amending.send):
        with pytest.raises(NotYours):
            verb(application, by=make_user(), at=LATER)
    with pytest.raises(NotYours):
        amending.discard(application, by=make_user())

    changed = change(application, by=ben, title="Ben's words")

    assert changed.answers["title"] == "Ben's words"


def test_two_tabs_do_not_overwrite_each_other():
    application = amending.begin(make_sent(), by=Application.objects.get().applicant, at=LATER)
    seen = application.answers_version
    by = application.applicant
    applications.save_draft(application, answers={"title": "First tab"}, seen_version=seen, by=by, at=LATER)

    with pytest.raises(StaleDraft):
        applications.save_draft(application, answers={"title": "Second"}, seen_version=seen, by=by, at=LATER)


@pytest.mark.parametrize("state", [s for s in ApplicationState if s not in ("draft", "submitted")])
def test_in_no_other_state_is_anything_changed(state):
    application = make_application(state=state)
    before = everything(application)

    for verb in (amending.begin, amending.send):
        with pytest.raises(amending.TooLate):
            verb(application, by=application.applicant, at=LATER)
    with pytest.raises(applications.IllegalMove):
        applications.save_draft(
            application, answers={"title": "x"}, seen_version=0, by=application.applicant, at=LATER
        )
    assert everything(application) == before


def test_changes_that_were_changed_since_they_were_seen_are_not_sent():
    application = change(make_sent(), title="Seen")
    seen = application.answers_version
    change(application, title="Not seen")

    with pytest.raises(NotSeen):
        amending.send(application, by=application.applicant, at=LATER, seen=seen)

    assert application.revisions.count() == 1


# ---------------------------------------------------------------- the case follows


def test_an_open_case_follows_to_the_new_revision_with_its_lane_risk_and_domains():
    application = make_sent()
    cases.open_owed(at=MONDAY)

    revision = amended(application, **STRICTER)
    opened = cases.open_owed(at=LATER)

    case = Case.objects.get()
    assert opened == 0
    assert (case.revision, case.lane, case.domains) == (revision, revision.lane, revision.domains)
    assert (case.risk_score, case.risk_level) == (revision.risk_score, revision.risk_level)
    assert LedgerEntry.objects.filter(event="case.followed").count() == 1


def test_following_twice_is_once():
    application = make_sent()
    cases.open_owed(at=MONDAY)
    amended(application, title="Another name")

    for _ in range(3):
        cases.open_owed(at=LATER)
        cases.follow(Case.objects.get(), at=LATER)

    assert LedgerEntry.objects.filter(event="case.followed").count() == 1


def test_an_amendment_before_the_case_opens_is_what_the_case_is_about():
    application = make_sent()
    revision = amended(application, title="Another name")

    cases.open_owed(at=LATER)

    assert Case.objects.get().revision == revision
    assert not LedgerEntry.objects.filter(event="case.followed").exists()


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (Lane.NOTIFY, Lane.NOTIFY, "promised"),
        (Lane.HOLD, Lane.HOLD, "promised"),
        (Lane.NOTIFY, Lane.HOLD, "counted anew"),
        (Lane.HOLD, Lane.NOTIFY, "counted anew"),  # two days from the change are before the ten promised
        (Lane.HOLD, Lane.REFUSE, "counted anew"),
    ],
)
def test_the_due_time_gets_later_only_where_the_lane_got_stricter(was, now, expected):
    calendar = due.Calendar(make_program().zone)
    promised = due.due_at(was, since=MONDAY, calendar=calendar)
    anew = due.due_at(now, since=LATER, calendar=calendar)

    found = due.after_amendment(promised, was=was, now=now, sent_at=LATER, calendar=calendar)

    assert found == {"promised": promised, "counted anew": anew}[expected]


# ---------------------------------------------------------------- amendment against claim


def test_a_claim_closes_the_amendment_and_the_unsent_changes_are_kept_to_read():
    application = make_sent()
    cases.open_owed(at=MONDAY)
    application = change(application, title="Not sent")
    claims.claim(Case.objects.get(), by=make_reviewer(), at=LATER)

    with pytest.raises(amending.TooLate) as refused:
        amending.send(application, by=application.applicant, at=LATER)

    application.refresh_from_db()
    assert "A reviewer has opened this application" in str(refused.value)
    assert (application.answers["title"], application.revisions.count()) == ("Not sent", 1)


def test_a_reviewer_who_looked_at_the_older_revision_is_told_and_claims_nothing():
    application = make_sent()
    cases.open_owed(at=MONDAY)
    amended(application, title="Another name")
    case = Case.objects.get()

    with pytest.raises(claims.ChangedMeanwhile) as refused:
        claims.claim(case, by=make_reviewer(), at=LATER, seen=1)

    case.refresh_from_db()
    assert "revision 2 now" in str(refused.value)
    assert (case.state, case.claims.count()) == ("open", 0)


def test_a_claim_never_takes_a_case_that_is_behind():
    application = make_sent()
    cases.open_owed(at=MONDAY)
    revision = amended(application, title="Another name")

    claims.claim(Case.objects.get(), by=make_reviewer(), at=LATER)

    application.refresh_from_db()
    assert (Case.objects.get().revision, application.case_owed) == (revision, False)


def test_the_first_claim_is_told_to_the_applicant_once():
    application = make_sent()
    cases.open_owed(at=MONDAY)
    bob, case = make_reviewer(), Case.objects.get()
    claims.claim(case, by=bob, at=LATER)
    claims.release(case, by=bob, at=LATER)
    claims.claim(case, by=bob, at=LATER)

    letter = Letter.objects.get(kind="onboarding/taken_up")
    assert (letter.recipient, bob.full_name in letter.text) == (application.applicant.email, False)


# ---------------------------------------------------------------- the pages


def post(client, name, application, **data):
    return client.post(reverse(name, args=[application.number]), data, follow=True)


def page(client, application):
    return client.get(reverse("application", args=[application.number])).content.decode()


def test_the_page_offers_to_change_and_leads_through_the_form_to_sending(client, alice):
    application = make_sent(alice)
    assert "Change your answers" in page(client, application)

    form = post(client, "amend", application)
    here = reverse("apply_section", args=[application.number, "purpose"])
    shown = client.get(here).content.decode()
    seen = Application.objects.get(pk=application.pk).answers_version
    purpose = application.answers | {"title": "Docstrings for two teams", "seen": seen, "go": "on"}
    client.post(here, purpose)
    check = client.get(reverse("apply_check", args=[application.number])).content.decode()
    sent = post(client, "apply_submit", application)

    application.refresh_from_db()
    assert "You are changing an application that was sent." in form.content.decode()
    assert "You are changing an application that was sent." in shown
    assert "Send the changes" in check
    assert "Send the application" not in check
    assert (sent.redirect_chain[-1][0], application.title) == (
        reverse("application", args=[application.number]),
        "Docstrings for two teams",
    )


def test_the_page_says_what_is_not_sent_and_drops_it(client, alice):
    application = change(make_sent(alice), title="Not sent")
    assert "You have changes that are not sent." in page(client, application)

    answer = post(client, "amend_discard", application).content.decode()

    assert "Your unsent changes are gone." in answer
    assert "You have changes that are not sent." not in answer


def test_the_loser_reads_the_unsent_changes_on_the_page_and_puts_them_away(client, alice):
    application = make_sent(alice)
    cases.open_owed(at=MONDAY)
    change(application, title="<b>Not</b> sent")
    claims.claim(Case.objects.get(), by=make_reviewer(), at=LATER)

    said = post(client, "apply_submit", application).content.decode()
    before = page(client, application)
    post(client, "amend_discard", application)

    assert "A reviewer has opened this application" in said
    assert "Changes that were not sent" in before
    assert "&lt;b&gt;Not&lt;/b&gt; sent" in before
    assert "Changes that were not sent" not in page(client, application)


def test_after_a_withdrawal_no_reviewer_is_said_to_have_been_faster(client, alice):
    application = make_sent(alice)
    change(application, title="Not sent")

    applications.withdraw(application, by=alice, at=LATER)

    assert "Changes that were not sent" not in page(client, application)


def test_a_program_that_closed_still_takes_the_changes_of_those_who_applied(client, alice):
    application = make_sent(alice)
    change(application, title="Another name")
    type(application.program).objects.filter(pk=application.program_id).update(stage="closed")

    assert (
        "Send the changes" in client.get(reverse("apply_check", args=[application.number])).content.decode()
    )
    post(client, "apply_submit", application)

    assert application.revisions.count() == 2


def test_the_desk_shows_the_new_revision_at_once_and_refuses_a_claim_from_the_old_page(client):
    application = make_sent()
    cases.open_owed(at=MONDAY)
    case = Case.objects.get()
    client.force_login(make_reviewer())
    at = reverse("admin:case", args=[case.pk])
    assert 'name="revision" value="1"' in client.get(at).content.decode()
    amended(application, title="Another name")

    answer = client.post(reverse("admin:case_claim", args=[case.pk]), {"revision": "1"})

    assert answer.status_code == 409
    assert "Nothing was claimed; read it, then claim." in answer.content.decode()
    assert 'name="revision" value="2"' in answer.content.decode()
    assert "Another name" in client.get(at).content.decode()

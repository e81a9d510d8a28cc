"""Notes for colleagues, and unsent work: nothing typed is lost, and nobody else's is shown."""

import re
from datetime import timedelta

import pytest

from audit import clock
from reviews.domain import claims, decisions, notes, unsent
from reviews.models import Case, Note, Unsent
from tests.factories import MONDAY, make_reviewer, make_user
from tests.reviews.making import SAYS, make_case, make_claimed, send_again

pytestmark = pytest.mark.django_db
TYPED = {"d-facts": ["An hour of my work."], "f-health-note": ["Doses!"], "note": ["Ask Sam."]}
FORM = {"d-outcome": "rejected", "d-facts": "An hour of my work.", "f-health-note": "Doses!", "revision": "1"}


def url(case, act=""):
    return f"/admin/reviews/case/{case.pk}/{act}"


def test_what_was_typed_is_back_in_its_fields(client, bob, held):
    saved = client.post(url(held, "unsent/"), FORM)

    page = client.get(url(held)).content.decode()
    assert (saved.status_code, list(saved.json())) == (200, ["saved"])
    assert ("An hour of my work.</textarea>" in page, 'value="Doses!"' in page, "Restored" in page) == (
        True,
    ) * 3
    assert re.search('value="rejected"[^>]* checked', page)


def test_unsent_work_outlives_the_claim(client, bob):
    case = make_case(at=clock.now() - timedelta(hours=1))
    client.post(url(case, "unsent/"), FORM)

    page = client.get(url(case)).content.decode()

    assert ("What you typed and did not send" in page, "An hour of my work." in page) == (True, True)


def test_unsent_work_outlives_a_faster_colleague(client, bob):
    case, bea = make_claimed(make_reviewer("bea"))
    client.post(url(case, "unsent/"), FORM)
    decisions.decide(case, by=bea, at=MONDAY, outcome="approved", **SAYS["approved"])

    page = client.get(url(case)).content.decode()

    assert ("An hour of my work." in page, 'name="d-facts"' in page) == (True, False)


def test_unsent_work_of_another_reviewer_is_not_shown(client, held):
    bea = make_reviewer("bea")
    unsent.keep(held, by=bea, at=MONDAY, typed=TYPED)

    page = client.get(url(held)).content.decode()

    assert ("An hour of my work." in page, "did not send" in page, unsent.of(held, by=bea).typed) == (
        False,
        False,
        TYPED,
    )


def test_unsent_work_about_an_older_revision_is_shown_beside_and_not_in_the_fields(client, bob):
    case = make_case(at=clock.now() - timedelta(hours=1))
    unsent.keep(case, by=bob, at=MONDAY, typed=TYPED)
    case = send_again(case, {"summary": "new"})
    claims.claim(case, by=bob, at=clock.now())

    work = client.get(url(case)).context["work"]

    assert (work.is_restored, dict(work.unsent_words)["Facts you rely on"]) == (False, "An hour of my work.")


def test_what_was_decided_is_not_unsent_any_more():
    case, bob = make_claimed()
    unsent.keep(case, by=bob, at=MONDAY, typed=TYPED)

    decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])

    assert not Unsent.objects.exists()


def test_saving_again_replaces_and_saving_nothing_drops(bob):
    case = make_case()
    unsent.keep(case, by=bob, at=MONDAY, typed=TYPED)
    unsent.keep(
        case, by=bob, at=MONDAY, typed={"d-facts": ["Half."], "csrfmiddlewaretoken": ["x"], "d-outcome": [""]}
    )
    replaced = [row.typed for row in Unsent.objects.all()]

    unsent.keep(case, by=bob, at=MONDAY, typed={"d-facts": [""]})

    assert (replaced, Unsent.objects.exists()) == ([{"d-facts": ["Half."]}], False)


@pytest.mark.parametrize("sent", [{"revision": "99", "d-facts": "x"}, {"d-facts": "x" * 60_001}])
def test_what_cannot_be_kept_is_said(client, bob, held, sent):
    refused = client.post(url(held, "unsent/"), sent)

    assert (refused.status_code, bool(refused.json()["problem"]), Unsent.objects.exists()) == (
        422,
        True,
        False,
    )


def test_nobody_saves_on_a_case_they_have_a_part_in():
    case = make_case()

    with pytest.raises(claims.NotForYou):
        unsent.keep(case, by=case.application.applicant, at=MONDAY, typed=TYPED)


def test_unsent_work_is_dropped_some_days_after_the_case_is_over():
    case, bob = make_claimed()
    unsent.keep(case, by=make_reviewer("bea"), at=MONDAY, typed=TYPED)
    still_open = unsent.drop_over(at=MONDAY + timedelta(days=30))
    decisions.decide(case, by=bob, at=MONDAY, outcome="approved", **SAYS["approved"])

    counts = [unsent.drop_over(at=MONDAY + timedelta(days=days)) for days in (6, 7, 8)]

    assert (still_open, counts) == (0, [0, 1, 0])


def test_a_note_is_for_whoever_sees_the_case_and_recorded(client, bob):
    case = make_case()
    sent = client.post(url(case, "notes/"), {"note": " <b>Ask</b> Sam. "})

    page = client.get(url(case)).content.decode()
    assert (sent.status_code, Note.objects.get().text) == (302, "<b>Ask</b> Sam.")
    assert ("&lt;b&gt;Ask&lt;/b&gt; Sam." in page, "Note written for colleagues" in page) == (True, True)


def test_a_note_sent_twice_is_one_and_an_empty_one_is_none():
    case, bob = make_case(), make_reviewer()
    for _ in range(2):
        notes.write(case, by=bob, at=MONDAY, text="Once.")

    with pytest.raises(notes.BadNote):
        notes.write(case, by=bob, at=MONDAY, text=" \n")
    assert Note.objects.count() == 1


def test_a_refused_note_is_said_and_kept(client, bob):
    refused = client.post(url(make_case(), "notes/"), {"note": "x" * 2001})

    assert (refused.status_code, "x" * 2001 in refused.content.decode()) == (422, True)


def test_nobody_writes_a_note_on_their_own_case_and_no_applicant_reads_one(client):
    case, bob = make_case(), make_reviewer()
    alice = case.application.applicant
    notes.write(case, by=bob, at=MONDAY, text="Between us.")
    client.force_login(alice)

    with pytest.raises(claims.NotForYou):
        notes.write(case, by=alice, at=MONDAY, text="Hello")
    assert "Between us." not in client.get(f"/applications/{case.application.number}/").content.decode()


def test_a_note_of_another_case_is_not_on_this_page(client, bob):
    notes.write(make_case(), by=bob, at=MONDAY, text="On the other one.")

    assert "On the other one." not in client.get(url(make_case())).content.decode()


@pytest.mark.parametrize("act", ["notes/", "unsent/"])
def test_who_may_not_see_the_case_writes_nothing(client, act):
    case = make_case()
    client.force_login(make_user("charlie"))

    assert client.post(url(case, act), {"note": "x"}).status_code == 302
    assert (Note.objects.count(), Unsent.objects.count(), Case.objects.count()) == (0, 0, 1)

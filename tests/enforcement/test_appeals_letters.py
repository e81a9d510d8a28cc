"""Whom letters about appeals reach once people left, and how often one may send and take back."""

from datetime import timedelta

import pytest

from accounts.domain import memberships, owners
from enforcement.domain import appeals, remedies
from outbox.models import Letter
from tests.enforcement.appealing import DENIED, MENDED, WRONG, known, make_appeal, make_ended
from tests.factories import MONDAY, make_member, make_organisation, make_senior, make_user

pytestmark = pytest.mark.django_db
NEXT = MONDAY + timedelta(days=1)


def deny(appeal):
    """Let a senior reviewer deny it; return who is written to."""
    sam = known("sam", make_senior)
    appeals.deny(appeals.take(appeal, by=sam, at=NEXT), by=sam, at=NEXT, **DENIED)
    told = Letter.objects.filter(kind="enforcement/appeal_denied").order_by("pk")
    return list(told.values_list("recipient", flat=True))


@pytest.mark.parametrize("gone", ["removed", "closed"])
def test_who_is_gone_is_not_written_to_and_the_organisations_owners_are(gone):
    alice, ana, bea = make_user("alice"), make_user("ana"), make_user("bea")
    team = make_organisation(alice)
    member = make_member(team, ana)
    make_member(team, bea)
    appeal = make_appeal(applicant=ana, owner=owners.of_organisation(team))
    if gone == "removed":
        memberships.remove(member, by=alice, at=NEXT)
    else:
        type(ana).objects.filter(pk=ana.pk).update(is_active=False)

    assert deny(appeal) == ["alice@example.org"]


def test_who_filed_and_is_still_there_is_written_to_once():
    assert deny(make_appeal(applicant=make_user("alice"))) == ["alice@example.org"]


@pytest.mark.parametrize(("kind", "words"), [("appeal", WRONG), ("reinstatement", MENDED)])
def test_one_sends_and_takes_back_five_times_and_no_more(kind, words):
    appeal = make_appeal(kind=kind)
    decision, alice = appeal.decision, appeal.filed_by
    for _ in range(4):
        appeals.withdraw(appeal, by=alice, at=NEXT)
        appeal = appeals.file(decision, kind=kind, statement=words, by=alice, at=NEXT)
    appeals.withdraw(appeal, by=alice, at=NEXT)

    with pytest.raises(remedies.TakenBackTooOften, match="5 times"):
        appeals.file(decision, kind=kind, statement=words, by=alice, at=NEXT)
    assert decision.appeals.count() == 5


def test_the_other_way_stays_open_after_that(monkeypatch):
    monkeypatch.setattr(remedies, "MOST_TAKEN_BACK", 1)
    appeal = make_ended("withdrawn")
    ways = remedies.of(appeal.decision, at=NEXT)

    assert (ways.appeal.is_open, ways.reinstatement.is_open) == (False, True)

"""Addresses of who commented and of who was invited go when nothing is written to them any more."""

from datetime import timedelta

import pytest

from outbox.models import Letter
from policies.domain import comments, consultees, kept_addresses, themes
from policies.domain.comment_words import Words
from policies.models import ConsulteeInvitation
from tests.factories import MONDAY, editor
from tests.policies.consulting import CLOSES, make_comment, make_open, make_theme, moderated

pytestmark = pytest.mark.django_db
AFTER = CLOSES + timedelta(days=30)


def invite(asked, email: str) -> ConsulteeInvitation:
    return consultees.invite(
        asked, email=email, name="Eva Lund", affiliation_name="X", by=editor("edith"), at=MONDAY
    )


def answered(asked, invitation: ConsulteeInvitation):
    return comments.send(asked, Words({"": "Well."}), invitation=invitation, at=MONDAY)


def publish(asked) -> None:
    make_theme(asked)
    themes.write_summary(asked, summary="Thanks.", by=editor("edith"), at=CLOSES)
    themes.publish(asked, by=editor("peter"), at=CLOSES)
    themes.tell_owed(at=CLOSES)


def test_taken_back_the_invitation_names_nobody_either():
    asked = make_open()
    invitation = invite(asked, "eva@example.org")
    comments.withdraw(answered(asked, invitation), at=MONDAY)

    invitation.refresh_from_db()
    assert (invitation.name, invitation.affiliation_name, invitation.erased_at) == ("", "", MONDAY)
    assert not Letter.objects.filter(recipient="eva@example.org").exists()


def test_addresses_go_thirty_days_after_the_summary_was_told():
    asked = make_open()
    row = moderated(make_comment(asked))
    answer = moderated(answered(asked, invite(asked, "eva@example.org")))
    invite(asked, "ivo@example.org")
    publish(asked)
    early = kept_addresses.let_go(at=AFTER - timedelta(seconds=1))
    gone = [kept_addresses.let_go(at=AFTER) for _ in range(2)]

    for each in (row, answer):
        each.refresh_from_db()
    assert (early, gone) == (0, [4, 0])
    assert (row.email, answer.email, answer.name, bool(row.token)) == ("", "", "", True)
    assert set(asked.invitations.values_list("email", "name")) == {("erased@erased.invalid", "")}
    assert not Letter.objects.filter(recipient__in=("eva@example.org", "ivo@example.org")).exists()


def test_an_address_is_kept_while_an_objection_waits():
    asked = make_open()
    row = moderated(make_comment(asked), "withheld", at=CLOSES - timedelta(days=1))
    publish(asked)
    comments.object_(row, words="But.", at=CLOSES + timedelta(days=1))
    kept_addresses.let_go(at=AFTER)

    row.refresh_from_db()
    assert row.email

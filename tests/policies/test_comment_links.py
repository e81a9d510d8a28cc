"""The links of comments: used twice, used late, beside each other; and what the letters they stand in say to whom."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.utils.translation import override

from accounts.models import User
from outbox.models import Letter
from policies.domain import comments, consultees
from policies.domain.comment_words import Words
from policies.models import Comment
from tests.factories import MONDAY, editor, make_user, verified
from tests.policies.consulting import SAID, make_comment, make_open, moderated
from tests.processes import race

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MAIL = "reader@example.org"
PAGE = "/guidelines/1.1.0/consultation/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    cache.clear()
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)


def typed(consultation, words: Words = SAID) -> Comment:
    return comments.send(consultation, words, email=MAIL, at=MONDAY)


def said(comment: Comment) -> list[dict]:
    return [row.words.get("remarks") for row in comment.revisions.all()]


def change_address(user: User, email: str) -> User:
    EmailAddress.objects.filter(user=user).update(email=email)
    User.objects.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()
    return user


def test_an_unconfirmed_comment_that_was_corrected_says_its_last_words():
    asked = make_open()
    first = comments.confirm(typed(asked).token, at=MONDAY)
    second = typed(asked, Words({"": "Better."}))
    comments.correct(second, Words({"": "Best."}), at=MONDAY)
    comments.confirm(second.token, at=MONDAY)

    assert said(first) == [SAID.remarks, {"": "Best."}]


def test_the_second_of_two_clicks_says_where_the_comment_is(client):
    asked = make_open()
    comments.confirm(typed(asked).token, at=MONDAY)
    typed(asked, Words({"": "Better."}))
    link = re.search(rf"{PAGE}\S*", Letter.objects.filter(kind="policies/comment_confirm").last().text)[0]
    seen = [client.post(link, {"do": "confirm"}, follow=True).content.decode() for _ in range(2)]

    assert ["We have your comment" in seen[0], "leads to your comment" in seen[1]] == [True, True]


def test_who_proved_an_address_later_keeps_the_comment_they_sent_signed_in():
    asked, me = make_open(), verified(make_user("mira"))
    signed_in = make_comment(asked, me)
    by_address = comments.confirm(typed(asked).token, at=MONDAY)
    me = change_address(me, MAIL)
    kept = comments.send(asked, Words({"": "Now."}), by=me, at=MONDAY)

    by_address.refresh_from_db()
    assert (kept, comments.mine(asked, me), by_address.state) == (signed_in, signed_in, "withdrawn")


@pytest.mark.parametrize(
    "name", [pytest.param("text-" + "9" * 5_000, id="5,000 digits"), "text-41", "text-²"]
)
def test_no_name_of_a_field_is_too_long_to_count(client, name):
    make_open()

    said = urlencode({name: "x", "overall": "x", "consent": "on"})
    answer = client.post(PAGE, said, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422


def test_the_reason_is_in_the_authors_language():
    with override("es"):
        moderated(make_comment(make_open()), "withheld")

    assert "Advertising" in Letter.objects.get(kind="policies/comment_withheld").text


def test_an_invitation_is_in_the_sites_language():
    asked = make_open()
    with override("es"):
        consultees.invite(asked, email=MAIL, name="Eva", affiliation_name="X", by=editor("edith"), at=MONDAY)
    invited = Letter.objects.get()
    consultees.resend(asked.invitations.get(), by=editor("edith"), at=MONDAY + DAY)

    assert Letter.objects.last().subject == invited.subject
    assert "comment" in invited.subject


def test_no_staff_reads_the_link_that_acts_as_the_author():
    moderated(make_comment(make_open()))

    rows = Letter.objects.filter(kind__startswith="policies/comment")
    assert set(rows.values_list("passing", flat=True)) == {True}


def test_new_words_may_be_objected_for_anew():
    row = moderated(make_comment(make_open()), "withheld")
    row = moderated(comments.object_(row, words="But.", at=MONDAY), by=editor("max"))
    row = comments.correct(row, Words({"": "Other words."}), at=MONDAY)
    row = moderated(row, "withheld")

    assert (row.objection, comments.may_object(row, at=MONDAY)) == ("", True)


def test_a_correction_does_not_answer_an_objection():
    row = moderated(make_comment(make_open()), "withheld")
    row = comments.correct(comments.object_(row, words="But.", at=MONDAY), SAID, at=MONDAY)

    assert (row.objection, row.withheld_by) == ("But.", editor("mona"))


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_confirm_once():
    row = typed(make_open())
    answers = race(*[["confirm_comment", row.token, MONDAY.isoformat()] for _ in range(6)])

    assert set(answers) == {str(row.pk)}
    assert Letter.objects.filter(kind="policies/comment_receipt").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_confirmed_at_once_the_later_is_a_correction():
    asked = make_open()
    rows = [typed(asked, Words({"": f"Words {number}."})) for number in range(4)]
    answers = race(*[["confirm_comment", row.token, MONDAY.isoformat()] for row in rows])

    kept = asked.comments.received().get()
    assert set(answers) == {str(kept.pk)}
    assert kept.revisions.count() == 4


@pytest.mark.django_db(transaction=True)
def test_sent_again_while_it_is_taken_back_is_sent():
    asked = make_open()
    for number in range(6):
        me = verified(make_user(f"person{number}"))
        row = make_comment(asked, me)
        race(
            ["send_comment", me.pk, asked.pk, MONDAY.isoformat()],
            ["withdraw_comment", row.pk, MONDAY.isoformat()],
        )

        assert asked.comments.filter(user=me).count() <= 1

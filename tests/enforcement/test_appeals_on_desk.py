"""Appeals on the reviewers' desk: those one may decide, the first due first, late ones marked."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from enforcement.admin import board
from enforcement.permissions import may_decide
from reviews.domain import interests
from tests.enforcement.appealing import make_appeal, make_rejection
from tests.factories import MONDAY, make_reviewer, make_senior
from tests.reviews.caring import opt_out

pytestmark = pytest.mark.django_db
DESK = "/admin/reviews/case/desk/"


def shown_to(user, at=MONDAY):
    return [row.appeal for row in board.on_desk(user, at=at).rows]


def test_they_stand_in_the_order_in_which_they_are_due_and_late_ones_are_marked():
    sam, bob = make_senior(), make_reviewer()
    later = make_appeal(make_rejection(by=bob), at=MONDAY + timedelta(days=3))
    first = make_appeal(make_rejection(by=bob))
    at = first.due_at + timedelta(minutes=1)

    here = board.on_desk(sam, at=at)

    assert ([row.appeal for row in here.rows], here.late) == ([first, later], 1)
    assert here.rows[0].urgency == "stop"


def test_neither_the_decider_nor_the_signer_has_it_on_the_desk():
    sam, sina, sun = make_senior(), make_senior("sina"), make_senior("sun")
    appeal = make_appeal(make_rejection(by=sam, risk_level=4))  # signed by Sina

    assert [shown_to(who) for who in (sam, sina, sun)] == [[], [], [appeal]]


def test_what_one_declared_or_opted_out_of_is_not_on_the_desk():
    sam, sara = make_senior(), make_senior("sara")
    bob = make_reviewer()
    severe, calm = (
        make_appeal(make_rejection(by=bob, domains=["self_harm"])),
        make_appeal(make_rejection(by=bob)),
    )
    opt_out(sam)
    interests.declare("domain", "example.org", by=sara, at=MONDAY)

    assert [shown_to(who) for who in (sam, sara)] == [[calm], []]
    assert may_decide(sam, severe) is False


def test_whoever_lacks_the_duty_has_none_and_the_desk_shows_no_section(client):
    bob = make_reviewer()
    make_appeal(make_rejection(by=bob))
    client.force_login(make_reviewer("bea"))

    assert board.on_desk(bob, at=MONDAY) is None
    assert "Appeals for you" not in client.get(DESK).content.decode()


def test_the_desk_shows_them_to_a_senior_reviewer(client):
    appeal = make_appeal(make_rejection(by=make_reviewer(), title="A shop for shoes"))
    client.force_login(make_senior())

    shown = client.get(DESK).content.decode()

    assert ("Appeals for you" in shown, f"/admin/enforcement/appeal/{appeal.pk}/" in shown) == (True, True)


@pytest.mark.parametrize("appeals", [1, 3])
def test_any_number_of_appeals_takes_the_same_number_of_queries(appeals):
    sam, bob = make_senior(), make_reviewer()
    for _ in range(appeals):
        make_appeal(make_rejection(by=bob))
    sam.get_all_permissions()

    with CaptureQueriesContext(connection) as asked:
        board.on_desk(sam, at=MONDAY)

    assert len(asked) == 5

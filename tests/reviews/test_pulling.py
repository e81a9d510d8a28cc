"""Second looks come within the queue: at most every fifth pull, or where no case waits, and never against care."""

from datetime import timedelta

import pytest
from django.db.models import Q
from django.urls import reverse

from reviews.domain import care, claims, decisions, optouts, pulling, second_reviews
from reviews.models import SecondReview
from tests.factories import MONDAY, make_program, make_reviewer
from tests.reviews.looking import make_drawn
from tests.reviews.making import SAYS, make_case

pytestmark = pytest.mark.django_db


def minute(number: int):
    return MONDAY + timedelta(minutes=number)


def pull(by, number: int, **wanted) -> str:
    """Return what a pull in this minute gave; a case is decided at once."""
    given = pulling.pull(by=by, at=minute(number), wanted=Q(**wanted))
    if isinstance(given, SecondReview):
        return "look"
    decisions.decide(given.case, by=by, at=minute(number), outcome="approved", **SAYS["approved"])
    return "case"


def pulls(by, number: int) -> list[str]:
    return [pull(by, each) for each in range(number)]


@pytest.fixture
def drawn():
    """A decided case to look at again, decided by somebody else, and a full queue."""
    review = make_drawn(by=make_reviewer("zebedee"), program=make_program("drawn"))
    program = make_program("queue")
    for _ in range(12):
        make_case(program)
    return review


@pytest.fixture
def bea():
    return make_reviewer("bea")


def test_the_fifth_pull_is_a_second_look_and_the_next_four_are_cases(bea, drawn):
    other = make_drawn(by=make_reviewer("zora"), program=drawn.case.program)
    got = pulls(bea, 5)
    second_reviews.give(SecondReview.objects.get(reviewer=bea), by=bea, at=minute(5), outcome="approved")

    got += [pull(bea, each) for each in range(6, 11)]

    assert got == ["case"] * 4 + ["look"] + ["case"] * 4 + ["look"]
    assert set(SecondReview.objects.filter(reviewer=bea)) == {drawn, other}


def test_where_no_case_waits_a_second_look_comes_at_once(bea):
    review = make_drawn(by=make_reviewer("zebedee"))

    assert pulling.pull(by=bea, at=MONDAY) == review


def test_what_ran_out_is_given_before_a_second_look(bea):
    make_drawn(by=make_reviewer("zebedee"))
    case = make_case()
    claims.claim(case, by=make_reviewer("bo"), at=MONDAY)

    assert pulling.pull(by=bea, at=minute(20)).case == case


def test_where_nothing_at_all_waits_the_queue_says_so(bea):
    with pytest.raises(claims.NothingWaits):
        pulling.pull(by=bea, at=MONDAY)


def test_what_the_queue_is_narrowed_to_narrows_second_looks_too(bea, drawn):
    for number in range(4):
        pull(bea, number)

    third = make_case(make_program("third")).program
    assert (pull(bea, 5, program=third), pull(bea, 6, program=drawn.case.program)) == ("case", "look")


def test_who_decided_it_is_never_given_it(drawn):
    zebedee = drawn.decision.decided_by

    assert pulls(zebedee, 6) == ["case"] * 6


def test_on_a_break_neither_comes_and_what_one_had_taken_is_not_prolonged(bea):
    review = make_drawn(by=make_reviewer("zebedee"))
    second_reviews.take_next(by=bea, at=MONDAY)
    optouts.pause(by=bea, at=minute(1))

    with pytest.raises(claims.NothingWaits):
        pulling.pull(by=bea, at=minute(2))
    with pytest.raises(second_reviews.NotForYou, match="on a break"):
        second_reviews.take_next(by=bea, at=minute(2))
    review.refresh_from_db()
    assert (review.expires_at, care.own(bea).paused_at) == (minute(15), minute(1))


def test_the_button_of_the_desk_leads_to_the_second_look(client, bea, monkeypatch):
    make_drawn(by=make_reviewer("zebedee"))
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    client.force_login(bea)

    assert client.post(reverse("admin:case_next")).url == reverse("admin:second_look")


def test_the_desk_looks_the_same_whether_a_second_look_waits_or_not(client, bea, monkeypatch):
    """Nobody sees from the queue that their next pull is one nobody waits for."""
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    client.force_login(bea)
    make_case(make_program("queue"))
    before = counts(client)

    make_drawn(by=make_reviewer("zebedee"), program=make_program("drawn"))

    assert counts(client) == before


def counts(client) -> tuple[str, list[str]]:
    page = client.get(reverse("admin:desk"))
    return page.context["counts"], [row.case.pk for row in page.context["queue"].rows]

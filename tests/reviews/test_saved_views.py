"""A reviewer's own views of the queue."""

import pytest
from django.db import IntegrityError, transaction

from reviews.domain import erasure, saved_views
from reviews.models import SavedView
from tests.factories import MONDAY, make_program, make_reviewer
from tests.reviews.making import make_case

pytestmark = pytest.mark.django_db
DESK = "/admin/reviews/case/desk/"


def save(by, name="Hold first", filters=None, *, is_default=False):
    return saved_views.save(
        by, name=name, filters=filters or {"lane": "hold"}, is_default=is_default, at=MONDAY
    )


def titles(client, query=""):
    return [row.case.application.title for row in client.get(DESK + query).context["queue"].rows]


def test_filters_are_kept_under_a_name_and_opened_by_it(client, bob):
    program = make_program()
    make_case(program, title="held", lane="hold"), make_case(program, title="other")

    client.post(f"{DESK}views/", {"lane": "hold", "name": "Hold first"})

    ((view, url),) = client.get(DESK).context["views"]
    assert (view.name, view.filters, titles(client, url)) == ("Hold first", {"lane": "hold"}, ["held"])


def test_the_default_view_opens_the_desk_and_everything_is_one_click_away(client, bob):
    program = make_program()
    make_case(program, title="held", lane="hold"), make_case(program, title="other")
    view = save(bob, is_default=True)

    shown = [titles(client), sorted(titles(client, "?view=all"))]
    client.post(f"{DESK}views/{view.pk}/default/")

    assert (shown, len(titles(client))) == ([["held"], ["held", "other"]], 2)


def test_one_view_is_the_default_and_the_database_says_so(bob):
    first, second = save(bob, "One", is_default=True), save(bob, "Two", is_default=True)

    first.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)
    with pytest.raises(IntegrityError, match="one_default_view_per_reviewer"), transaction.atomic():
        SavedView.objects.update(is_default=True)


def test_the_same_name_again_replaces_and_names_have_limits(bob):
    save(bob), save(bob, filters={"q": "coach"})

    assert [view.filters for view in SavedView.objects.all()] == [{"q": "coach"}]
    for name in ("", "x" * 41, "\0"):
        with pytest.raises(saved_views.BadView, match="at most 40 characters"):
            save(bob, name)


def test_nobody_keeps_more_than_twenty_views(bob):
    for number in range(20):
        save(bob, f"view {number}")

    with pytest.raises(saved_views.BadView, match="20 views already"):
        save(bob, "one more")


@pytest.mark.parametrize("act", ["default", "delete"])
def test_the_saved_view_of_another_person_is_not_reachable(client, bob, act):
    theirs = save(make_reviewer("bea"), "Bea's own")

    answered = client.post(f"{DESK}views/{theirs.pk}/{act}/")

    assert (answered.status_code, SavedView.objects.get().is_default) == (404, False)
    assert "Bea's own" not in client.get(f"{DESK}?view={theirs.pk}").content.decode()
    assert client.get(DESK).context["views"] == []


def test_views_go_with_the_account_of_their_reviewer(bob):
    save(bob), save(make_reviewer("bea"))

    erasure._forget(bob, MONDAY)

    assert [view.reviewer.full_name for view in SavedView.objects.all()] == ["Bea"]

"""What the tests that go to every address rely on: nothing that was changed stays unseen, and nothing of it stays."""

import pytest
from django.db import transaction

from accounts.models import User
from tests.factories import make_user
from tests.world import taken_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return make_user("ana")


def rename(user: User, name: str) -> None:
    User.objects.filter(pk=user.pk).update(full_name=name)


def test_a_row_that_was_added_or_changed_is_seen_and_taken_back(ana):
    with taken_back() as added:
        make_user("bea")
    with taken_back() as renamed:
        rename(ana, "Anna")

    assert (added & {"accounts_user"}, renamed) == ({"accounts_user"}, {"accounts_user"})
    assert list(User.objects.values_list("full_name", flat=True)) == ["Ana"]


def test_a_row_that_was_deleted_is_seen(ana):
    with taken_back() as changed:
        User.objects.filter(pk=ana.pk).delete()

    assert "accounts_user" in changed


def test_what_is_as_before_in_the_end_did_not_change(ana):
    with taken_back() as changed:
        rename(ana, "Anna")
        rename(ana, "Ana")
        with transaction.atomic():
            rename(ana, "Nan")
            transaction.set_rollback(True)

    assert changed == set()


def test_what_was_taken_back_once_is_seen_again(ana):
    for _ in range(2):
        with taken_back() as changed:
            rename(ana, "Anna")

        assert changed == {"accounts_user"}

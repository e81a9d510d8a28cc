"""Who may do what among the staff, and who may say so."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.domain import people
from accounts.roles import DUTIES, Duty, Role, may
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.mark.parametrize("role", Role.values)
def test_each_role_has_exactly_its_duties(role):
    group = Group.objects.get(name=role)

    assert set(group.permissions.values_list("content_type__app_label", "codename")) == {
        ("accounts", str(duty)) for duty in DUTIES[Role(role)]
    }


def test_there_are_no_other_groups():
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)


def test_every_duty_belongs_to_somebody():
    assert {duty for duties in DUTIES.values() for duty in duties} == set(Duty)


def test_a_role_gives_its_duties_and_no_other():
    bob = make_staff("bob", Role.REVIEWER)

    assert [duty for duty in Duty if may(bob, duty)] == [Duty.REVIEW_CASES]


@pytest.mark.parametrize("missing", ["is_staff", "is_active"])
def test_a_role_gives_nothing_to_who_is_not_active_staff(missing):
    bob = make_staff("bob", Role.REVIEWER)
    setattr(bob, missing, False)

    assert not any(may(bob, duty) for duty in Duty)


def test_giving_a_role_is_recorded_with_what_was_before(root):
    bob = make_user("bob")

    people.set_roles(bob, staff=True, roles=[Role.REVIEWER], by=root, at=MONDAY)

    entry = LedgerEntry.objects.get()
    assert (entry.event, entry.actor, entry.details) == (
        "user.roles_changed", f"user:{root.pk}", {"was_staff": False, "staff": True, "had": [], "has": ["Reviewer"]},
    )  # fmt: skip
    assert may(type(bob).objects.get(pk=bob.pk), Duty.REVIEW_CASES)


def test_who_leaves_the_staff_loses_the_roles(root):
    bob = make_staff("bob", Role.REVIEWER)

    people.set_roles(bob, staff=False, roles=[Role.REVIEWER], by=root, at=MONDAY)

    assert list(bob.groups.all()) == []


def test_no_change_is_no_event(root):
    bob = make_staff("bob", Role.REVIEWER)

    people.set_roles(bob, staff=True, roles=[Role.REVIEWER], by=root, at=MONDAY)

    assert not LedgerEntry.objects.exists()


def test_only_a_superuser_gives_roles():
    bob = make_staff("bob", *Role)

    with pytest.raises(people.NotASuperuser):
        people.set_roles(bob, staff=True, roles=[], by=bob, at=MONDAY)


def test_the_admin_gives_roles_through_the_domain(client, root):
    bob = make_user("bob")
    client.force_login(root)

    client.post(
        reverse("admin:accounts_user_change", args=[bob.pk]),
        {
            "is_staff": "on",
            "groups": [Group.objects.get(name="Auditor").pk],
            "email": "x@example.org",
            "is_superuser": "on",
        },
    )

    bob.refresh_from_db()
    assert (bob.is_staff, bob.is_superuser, bob.email, [group.name for group in bob.groups.all()]) == (
        True, False, "bob@example.org", ["Auditor"],
    )  # fmt: skip
    assert LedgerEntry.objects.get().event == "user.roles_changed"


@pytest.mark.parametrize(
    "page", ["accounts_user_changelist", "accounts_organisation_changelist", "auth_group_changelist"]
)
def test_people_are_read_by_those_whose_duty_it_is(client, root, page):
    seen = {}
    for user in (root, make_staff("bob", Role.REVIEWER), make_staff("olga", Role.AUDITOR)):
        client.force_login(user)
        seen[user.full_name] = client.get(reverse(f"admin:{page}")).status_code

    assert seen == {"Root": 200, "Bob": 403, "Olga": 200}


def test_an_auditor_changes_nobody(client):
    olga = make_staff("olga", Role.AUDITOR)
    client.force_login(olga)

    answer = client.post(
        reverse("admin:accounts_user_change", args=[olga.pk]), {"is_staff": "on", "groups": [1, 2, 3, 4]}
    )

    assert (answer.status_code, olga.groups.count()) == (403, 1)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_people_asks_the_same_however_long_it_is(client, root, number, django_assert_num_queries):
    for _ in range(number):
        make_staff(f"p{_}", Role.REVIEWER)
    client.force_login(root)

    with django_assert_num_queries(6):
        client.get(reverse("admin:accounts_user_changelist"))

import pytest
from django.urls import reverse

from accounts.roles import Role
from audit.models import LedgerEntry
from outbox.models import Letter
from tests.factories import MONDAY, make_staff
from tests.outbox.test_letters import make_letter

pytestmark = pytest.mark.django_db

PAGE = "/admin/outbox/letter/"


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.AUDITOR, 200), (Role.ONBOARDING_MANAGER, 200), (Role.REVIEWER, 403), (Role.POLICY_EDITOR, 403)],
)
def test_letters_are_read_by_those_whose_duty_it_is(client, role, status):
    client.force_login(make_staff("somebody", role))

    assert client.get(PAGE).status_code == status


def test_a_one_time_link_is_not_shown_to_staff(client):
    letter = make_letter(text="https://gate/reset/abc", passing=True)
    client.force_login(make_staff("olga", Role.AUDITOR))

    page = client.get(reverse("admin:outbox_letter_change", args=[letter.pk])).content.decode()

    assert ("reset/abc" in page, "Not shown" in page) == (False, True)


def test_nobody_changes_a_letter(client):
    letter = make_letter()
    client.force_login(make_staff("dora", Role.ONBOARDING_MANAGER))
    page = reverse("admin:outbox_letter_change", args=[letter.pk])

    assert [
        client.post(page, {"text": "x"}).status_code,
        client.post(page.replace("change", "delete")).status_code,
    ] == [403, 403]


def put_back(client, *chosen: Letter) -> str:
    fields = {"action": "put_back", "_selected_action": [letter.pk for letter in chosen]}
    return client.post(PAGE, fields, follow=True).content.decode()


def test_a_manager_puts_back_what_was_given_up_and_nothing_else(client):
    lost, owed = make_letter(given_up_at=MONDAY, tries=12, tried_at=MONDAY), make_letter()
    client.force_login(make_staff("dora", Role.ONBOARDING_MANAGER))

    page = put_back(client, lost, owed)

    lost.refresh_from_db()
    assert ("1 put back" in page, "1 had not been given up" in page, lost.given_up_at) == (True, True, None)
    assert LedgerEntry.objects.get().event == "letter.put_back"


def test_an_auditor_puts_nothing_back(client):
    lost = make_letter(given_up_at=MONDAY, tries=12, tried_at=MONDAY)
    client.force_login(make_staff("olga", Role.AUDITOR))

    put_back(client, lost)

    lost.refresh_from_db()
    assert (lost.given_up_at, LedgerEntry.objects.count()) == (MONDAY, 0)


@pytest.mark.parametrize(
    ("standing", "number"),
    [("owed", 2), ("failing", 1), ("given_up", 1), ("sent", 1), ("recalled", 1), ("nonsense", 5)],
)
def test_letters_are_found_by_where_they_stand(client, standing, number):
    make_letter(), make_letter(tries=1, tried_at=MONDAY, problem="away")
    make_letter(given_up_at=MONDAY, tries=12, tried_at=MONDAY)
    make_letter(sent_at=MONDAY, tries=1, tried_at=MONDAY), make_letter(recalled_at=MONDAY)
    client.force_login(make_staff("olga", Role.AUDITOR))

    assert client.get(PAGE, {"standing": standing}).context["cl"].result_count == number


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_same_however_long_it_is(client, number, django_assert_num_queries):
    for _ in range(number):
        make_letter()
    client.force_login(make_staff("olga", Role.AUDITOR))

    with django_assert_num_queries(6):
        client.get(PAGE)

import pytest
from django.urls import reverse

from audit.models import LedgerEntry
from tests.factories import make_user, verified

pytestmark = pytest.mark.django_db
PAGE = "/accounts/profile/"


@pytest.fixture
def alice(client):
    alice = verified(make_user("alice"))
    client.force_login(alice)
    return alice


def test_name_and_zone_are_changed_and_what_changed_is_recorded(client, alice):
    client.post(PAGE, {"full_name": "Alice Doe", "time_zone": "Europe/Madrid", "language": "en-gb"})

    alice.refresh_from_db()
    entry = LedgerEntry.objects.get()
    assert (alice.full_name, alice.time_zone) == ("Alice Doe", "Europe/Madrid")
    assert (entry.event, entry.details) == ("user.described", {"changed": ["full_name", "time_zone"]})


def test_the_same_again_is_no_event(client, alice):
    client.post(PAGE, {"full_name": alice.full_name, "time_zone": "UTC", "language": "en-gb"})

    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    "bad", [{"full_name": "", "time_zone": "UTC"}, {"full_name": "A", "time_zone": "Mars/Olympus"}]
)
def test_a_bad_answer_changes_nothing(client, alice, bad):
    assert client.post(PAGE, bad).status_code == 422
    alice.refresh_from_db()
    assert (alice.full_name, alice.time_zone) == ("Alice", "UTC")


def test_a_language_is_asked_where_there_are_two(client, alice, settings):
    settings.LANGUAGES = [("en-gb", "English")]
    assert "language" not in client.get(PAGE).context["form"].fields
    settings.LANGUAGES = [("en-gb", "English"), ("es", "Español")]

    client.post(PAGE, {"full_name": "Alice", "time_zone": "UTC", "language": "es"})

    alice.refresh_from_db()
    assert alice.language == "es"


def test_the_menu_leads_to_every_page_of_the_account(client, alice):
    page = client.get(PAGE).content.decode()

    for name in ("profile", "mfa_index", "usersessions_list", "organisations", "account_logout"):
        assert reverse(name) in page

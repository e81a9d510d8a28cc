"""A visitor's language: chosen on a page, kept in a cookie."""

import pytest

pytestmark = pytest.mark.django_db
PAGE = "/accounts/language/"


def test_a_chosen_language_is_kept_and_leads_back(client):
    answer = client.post(PAGE, {"language": "es", "next": "/guidelines/"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/guidelines/")
    assert '<html lang="es"' in client.get(PAGE, headers={"accept-language": "en"}).content.decode()


def test_an_unknown_language_changes_nothing(client):
    client.post(PAGE, {"language": "tlh", "next": "/"})

    assert '<html lang="en-gb"' in client.get(PAGE).content.decode()


def test_the_page_leads_to_no_other_site(client):
    assert 'name="next" value="/"' in client.get(f"{PAGE}?next=https://evil.example/").content.decode()
    assert client.post(PAGE, {"language": "es", "next": "//evil.example"}).headers["Location"] == "/"


def test_the_footer_offers_it_once_there_are_two(client, settings):
    assert "/accounts/language/?next=" in client.get("/").content.decode()
    settings.LANGUAGES = [("en-gb", "English")]

    assert "/accounts/language/" not in client.get("/").content.decode()

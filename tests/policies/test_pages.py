import pytest
from django.urls import reverse

from audit.models import LedgerEntry
from policies.domain import acceptances, guidelines
from policies.models import Acceptance
from tests.factories import (
    MONDAY,
    make_guidelines,
    make_user,
    publish_guidelines,
    put_guidelines_in_force,
    verified,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    user = verified(make_user("alice"))
    client.force_login(user)
    return user


def draft(version="1.1.0"):
    return guidelines.load(guidelines.shipped() | {"version": version}, by="test", at=MONDAY)


def accept(client, version, **fields):
    return client.post(
        reverse("guidelines_accept", args=[version.version]), {"text_hash": version.text_hash} | fields
    )


def test_anybody_reads_the_guidelines_in_force(client):
    make_guidelines()

    page = client.get("/guidelines/").content.decode()

    assert [
        anchor for anchor in ('id="legal"', 'id="weapons"', 'id="n01"', 'id="lanes"') if anchor not in page
    ] == []


def test_before_there_are_any_it_is_said_plainly(client):
    answer = client.get("/guidelines/")

    assert (answer.status_code, "No guidelines are in force yet" in answer.content.decode()) == (404, True)


def test_each_public_version_has_its_address(client):
    version = make_guidelines()
    coming = publish_guidelines(draft())

    assert client.get(f"/guidelines/{version.version}/").status_code == 200
    assert "not in force yet" in client.get(f"/guidelines/{coming.version}/").content.decode()


@pytest.mark.parametrize("version", ["1.1.0", "9.9.9", "x"])
def test_a_draft_is_not_public(client, version):
    make_guidelines()
    draft()

    assert client.get(f"/guidelines/{version}/").status_code == 404


def test_accepting_keeps_person_version_and_fingerprint(client, alice):
    version = make_guidelines()

    accept(client, version)

    kept = Acceptance.objects.get()
    assert (kept.user, kept.document, kept.version, kept.text_hash) == (
        alice,
        "guidelines",
        "1.0.0",
        version.text_hash,
    )
    assert acceptances.accepted(alice, version)
    assert acceptances.guidelines_accepted(alice)


def test_accepting_twice_is_one_acceptance_and_one_event(client, alice):
    version = make_guidelines()

    accept(client, version), accept(client, version)

    assert (Acceptance.objects.count(), LedgerEntry.objects.filter(event="terms.accepted").count()) == (1, 1)


def test_reading_accepts_nothing(client, alice):
    version = make_guidelines()

    client.get("/guidelines/"), client.get(reverse("guidelines_accept", args=[version.version]))

    assert not Acceptance.objects.exists()


def test_a_superseded_version_is_not_accepted_any_more(client, alice):
    old = make_guidelines()
    put_guidelines_in_force(draft())

    assert "is not in force" in accept(client, old).wsgi_request._messages._queued_messages[0].message
    assert not Acceptance.objects.exists()


def test_a_version_that_is_coming_can_be_accepted_before_it_is_in_force(client, alice):
    make_guidelines()
    coming = publish_guidelines(draft())

    accept(client, coming)

    assert [each.version for each in Acceptance.objects.all()] == [coming.version]


def test_only_the_text_that_was_read_is_accepted(client, alice):
    accept(client, make_guidelines(), text_hash="0" * 64)

    assert not Acceptance.objects.exists()


def test_after_accepting_one_goes_on_to_where_one_was(client, alice):
    assert accept(client, make_guidelines(), next="/apply/code/").url == "/apply/code/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_accepting_leads_to_no_other_site(client, alice, elsewhere):
    assert accept(client, make_guidelines(), next=elsewhere).url == "/guidelines/"


def test_a_stranger_signs_in_first(client):
    version = make_guidelines()

    assert accept(client, version).url.startswith(reverse("account_login"))
    assert not Acceptance.objects.exists()


def test_an_acceptance_of_another_text_counts_as_having_accepted_some(client, alice):
    version = make_guidelines()
    acceptances.accept(alice, document="guidelines", version="0.9.0", text_hash="a" * 64, at=MONDAY)

    assert (acceptances.accepted(alice, version), acceptances.guidelines_accepted(alice)) == (False, True)


def test_an_acceptance_of_weaknesses_is_none_of_the_guidelines(alice):
    acceptances.accept(alice, document="weaknesses:code", version="1", text_hash="a" * 64, at=MONDAY)

    assert not acceptances.guidelines_accepted(alice)


def test_the_page_asks_the_same_however_many_versions_there_are(client, alice, django_assert_num_queries):
    make_guidelines()
    for number in range(3):
        publish_guidelines(draft(f"1.{number + 1}.0"))
        # session, person, version, categories, sections, usual uses, versions, the one before, acceptance, consultation
        with django_assert_num_queries(10):
            client.get("/guidelines/")

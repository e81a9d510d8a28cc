"""The showcase: offered by the holder, shown by a person with no part in it, gone with the access or at a click."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations import RunSQL
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from audit import ledger
from onboarding.domain import grants, showcase
from onboarding.domain.showcase import Incomplete, MovedOn, NotOpen, NotYours, Words
from onboarding.models import ShowcaseEntry
from onboarding.models.showcase import DOES_MOST
from onboarding.states import SHOWCASE_TRANSITIONS, ShowcaseState
from outbox.models import Letter
from tests.factories import (
    MONDAY,
    make_grant,
    make_member,
    make_organisation,
    make_reviewer,
    make_senior,
    make_showcase_entry,
    make_staff,
    make_user,
)
from tests.onboarding.standings import owner_of

pytestmark = pytest.mark.django_db
SAYS = {"title": "Review bot", "does": "Reads pull requests.", "uses": "Code review"}
QUOTED = SAYS | {"quote": "It reads like a colleague.", "quoted": "Ann Lee, engineer", "agreed": "on"}


@pytest.fixture
def bob():
    return make_reviewer()


@pytest.fixture
def entry():
    return make_showcase_entry()


def holder(entry):
    return entry.grant.application.applicant


def seen(client, query=""):
    return client.get(reverse("showcase") + query).content.decode()


def test_what_is_offered_is_read_by_a_person_before_anybody_sees_it(client, bob, entry):
    before = seen(client)

    showcase.publish(entry, by=bob, at=MONDAY)

    assert ("Review bot" in before, "Review bot" in seen(client)) == (False, True)
    assert [each.event for each in ledger.of(entry)] == ["showcase.offered", "showcase.published"]
    assert (
        Letter.objects.filter(kind="onboarding/showcase_published", recipient=holder(entry).email).count()
        == 1
    )


def test_a_new_text_takes_the_place_of_the_one_before(client, bob, entry):
    showcase.publish(entry, by=bob, at=MONDAY)
    newer = make_showcase_entry(entry.grant, title="Review bot 2")
    still = seen(client)

    showcase.publish(newer, by=bob, at=MONDAY)

    entry.refresh_from_db()
    assert ("Review bot<" in still, "Review bot 2" in seen(client), entry.state) == (True, True, "withdrawn")


def test_what_was_offered_and_not_read_gives_way_to_another_offer(entry):
    make_showcase_entry(entry.grant, title="Better")

    assert list(entry.grant.showcase_entries.values_list("title", "state")) == [
        ("Better", "offered"), ("Review bot", "withdrawn"),
    ]  # fmt: skip


def test_it_is_not_shown_while_the_access_is_stopped_and_again_when_it_works(client, bob, entry):
    showcase.publish(entry, by=bob, at=MONDAY)
    sam = make_senior()
    grants.suspend(entry.grant, by=sam, at=MONDAY, reason="Looked into")
    stopped = seen(client)
    grants.resume(entry.grant, by=sam, at=MONDAY, reason="Explained")

    assert ("Review bot" in stopped, "Review bot" in seen(client)) == (False, True)


def test_its_holder_takes_it_back_at_any_time(client, bob, entry):
    showcase.publish(entry, by=bob, at=MONDAY)

    showcase.withdraw(entry, by=holder(entry), at=MONDAY)

    assert "Review bot" not in seen(client)
    with pytest.raises(MovedOn):
        showcase.withdraw(entry, by=holder(entry), at=MONDAY)


def test_what_is_declined_or_shown_no_longer_says_why(client, bob, entry):
    showcase.publish(entry, by=bob, at=MONDAY)

    showcase.decline(entry, by=bob, at=MONDAY, reason=" Names a\0 customer ")

    assert "Review bot" not in seen(client)
    (letter,) = Letter.objects.filter(kind="onboarding/showcase_declined")
    assert "Names a customer" in letter.text
    assert ledger.is_digest_of("Names a customer", ledger.of(entry).get(event="showcase.declined").reason)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501], ids=["nothing", "blank", "too much"])
def test_declining_needs_a_reason(bob, entry, reason):
    with pytest.raises(Incomplete):
        showcase.decline(entry, by=bob, at=MONDAY, reason=reason)


def test_whoever_has_a_part_in_the_access_decides_nothing():
    bob = make_reviewer()
    entry = make_showcase_entry(make_grant(applicant=bob))

    for act in (showcase.publish, lambda one, **how: showcase.decline(one, reason="No", **how)):
        with pytest.raises(NotYours):
            act(entry, by=bob, at=MONDAY)


def test_whoever_deletes_their_account_is_named_no_longer_by_an_organisation_that_goes_on(client, bob):
    alice, carol = make_user("alice"), make_user("carol")
    organisation = make_organisation(carol)
    make_member(organisation, alice)
    named, other = (
        make_showcase_entry(make_grant(applicant=carol, owner=owner_of(organisation)), **words)
        for words in ({"quote": "Fine.", "quoted": "Alice, engineer"}, {"title": "Without names"})
    )
    for entry in (named, other):
        showcase.publish(entry, by=bob, at=MONDAY)

    showcase.forget(showcase.naming(alice, [alice.email]), by="onboarding", at=MONDAY)

    page = seen(client)
    assert ("Alice" in page, "Without names" in page) == (False, True)


def test_nobody_else_offers_or_takes_back(entry):
    mallory = make_user("mallory")

    with pytest.raises(NotYours):
        showcase.offer(entry.grant, Words(**SAYS), agreed=True, by=mallory, at=MONDAY)
    with pytest.raises(NotYours):
        showcase.withdraw(entry, by=mallory, at=MONDAY)


def test_nothing_is_offered_of_access_that_is_over(entry):
    with pytest.raises(NotOpen):
        make_showcase_entry(entry.grant, at=entry.grant.expires_at + timedelta(days=1))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"does": ""}, "does"),
        ({"uses": ""}, "uses"),
        ({"does": "x" * (DOES_MOST + 1)}, "does"),
        ({"quote": "So good"}, "quoted"),
        ({"quoted": "Ann Lee"}, "quote"),
        ({"link": "http://a.example"}, "link"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "https://"}, "link"),
    ],
)
def test_what_cannot_stay_is_named_by_its_field(change, field):
    with pytest.raises(Incomplete) as error:
        showcase.refuse_nonsense(Words(**SAYS | change), agreed=True)

    assert list(error.value.problems) == [field]


def test_the_database_keeps_no_link_but_https(entry):
    with pytest.raises(IntegrityError, match="showcase_link_is_https"), transaction.atomic():
        ShowcaseEntry.objects.filter(pk=entry.pk).update(link="javascript:alert(1)")


def test_the_scheme_of_a_link_may_be_typed_in_capitals():
    grant = make_grant()

    entry = showcase.offer(
        grant,
        Words(**SAYS, link="HTTPS://Example.org/A"),
        agreed=False,
        by=grant.application.applicant,
        at=MONDAY,
    )

    assert entry.link == "https://Example.org/A"


def test_links_from_before_the_constraint_are_made_fit_for_it(entry):
    (lowered,) = [
        step for step in import_module("onboarding.migrations.0002_showcase_link").Migration.operations
        if isinstance(step, RunSQL)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE onboarding_showcaseentry DROP CONSTRAINT showcase_link_is_https")
        ShowcaseEntry.objects.filter(pk=entry.pk).update(link="HttpS://Example.org/A")
        cursor.execute(lowered.sql)
        cursor.execute(
            "ALTER TABLE onboarding_showcaseentry ADD CONSTRAINT showcase_link_is_https "
            "CHECK (link = '' OR link LIKE 'https://%')"
        )

    entry.refresh_from_db()
    assert entry.link == "https://Example.org/A"


def test_a_quote_needs_the_consent_of_who_is_quoted():
    words = Words(**SAYS, quote="So good", quoted="Ann Lee")

    with pytest.raises(Incomplete, match="agreed"):
        showcase.refuse_nonsense(words, agreed=False)


MISSING = [
    (before, after)
    for before in ShowcaseState
    for after in ShowcaseState
    if before != after and after not in SHOWCASE_TRANSITIONS[before]
]


@pytest.mark.parametrize(("before", "after"), MISSING)
def test_the_database_refuses_every_step_that_is_not_in_the_table(bob, entry, before, after):
    how = {"by": bob, "at": MONDAY}
    if before == ShowcaseState.PUBLISHED:
        showcase.publish(entry, **how)
    if before == ShowcaseState.DECLINED:
        showcase.decline(entry, reason="No", **how)
    if before == ShowcaseState.WITHDRAWN:
        showcase.withdraw(entry, by=holder(entry), at=MONDAY)

    with pytest.raises(DatabaseError), transaction.atomic():
        ShowcaseEntry.objects.filter(pk=entry.pk).update(state=after)


def test_the_database_refuses_a_quote_without_consent(entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        ShowcaseEntry.objects.filter(pk=entry.pk).update(quote="So good", quoted="Ann Lee")


# The pages


def test_the_holder_offers_on_a_page_that_keeps_what_was_typed(client):
    grant = make_grant()
    client.force_login(grant.application.applicant)
    address = reverse("grant_showcase", args=[grant.public_id])

    wrong = client.post(address, QUOTED | {"agreed": ""})
    right = client.post(address, QUOTED, follow=True)

    assert (wrong.status_code, "It reads like a colleague." in wrong.content.decode()) == (422, True)
    assert "Confirm that the person agreed" in wrong.content.decode()
    assert (right.status_code, ShowcaseEntry.objects.get().quoted) == (200, "Ann Lee, engineer")


def test_the_holder_takes_it_back_on_the_page(client, entry):
    client.force_login(holder(entry))
    address = reverse("grant_showcase_withdraw", args=[entry.grant.public_id])

    assert [client.post(address, {"entry": said}).status_code for said in (str(entry.pk), "0", "x", "9" * 30)] == [
        302, 404, 404, 404,
    ]  # fmt: skip
    entry.refresh_from_db()
    assert entry.state == "withdrawn"


def test_a_reviewer_reads_and_shows_it_in_the_admin(client, bob, entry):
    client.force_login(bob)
    page = reverse("admin:onboarding_showcaseentry_change", args=[entry.pk])
    offered = client.get(page).content.decode()

    client.post(reverse("admin:showcase_judge", args=[entry.pk, "publish"]))

    assert ("Show it to everybody" in offered, "Show it no longer" in client.get(page).content.decode()) == (
        True,
        True,
    )


def test_an_auditor_sees_it_and_changes_nothing(client, entry):
    client.force_login(make_staff("axel", Role.AUDITOR))
    page = client.get(reverse("admin:onboarding_showcaseentry_change", args=[entry.pk]))

    assert (page.status_code, b"Show it to everybody" in page.content) == (200, False)
    assert client.post(reverse("admin:showcase_judge", args=[entry.pk, "publish"])).status_code == 403


def test_hostile_words_are_text(client, bob):
    showcase.publish(
        make_showcase_entry(title="<script>alert(1)</script>", does="{{ 7 }}"), by=bob, at=MONDAY
    )

    assert "<script>alert(1)" not in seen(client)


def test_the_list_is_read_in_pages_with_as_many_questions_for_many_as_for_few(client, bob):
    for number in range(13):
        showcase.publish(make_showcase_entry(title=f"Bot {number:02}"), by=bob, at=MONDAY)
    with CaptureQueriesContext(connection) as asked:
        first = seen(client)
    oldest = ShowcaseEntry.objects.order_by("pk")[1]

    assert (first.count("<article"), "Bot 00" in first) == (12, False)
    assert "Bot 00" in seen(client, f"?before={oldest.pk}")
    assert len(asked) <= 6
    program = ShowcaseEntry.objects.first().grant.program
    assert seen(client, f"?program={program.slug}").count("<article") == 1

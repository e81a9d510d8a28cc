"""Letters about published guidelines: asked for, confirmed at the address, written once, ended with one click."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache

from audit import clock
from audit.models import LedgerEntry
from outbox import letters
from outbox.models import Letter
from policies.domain import guidelines, subscriptions
from policies.models import GuidelineVersion, Subscription
from tests.factories import MONDAY, make_guidelines, make_user, publish_guidelines, verified
from tests.processes import race

pytestmark = pytest.mark.django_db
MAIL = "Reader@Example.org"


@pytest.fixture(autouse=True)
def _nobody_asked_yet():
    """How often an address of the net asked is counted in the cache, which outlives a test."""
    cache.clear()


def ask(email: str = MAIL, *, at=MONDAY) -> None:
    subscriptions.ask(email, language="en-gb", at=at)


def make_subscription(email: str = MAIL, *, at=MONDAY) -> Subscription:
    ask(email, at=at)
    row = Subscription.objects.get(email=email.lower())
    return subscriptions.confirm(row.token, at=at)


def published(version: str = "1.1.0", *, at=MONDAY) -> GuidelineVersion:
    make_guidelines()
    source = guidelines.shipped() | {"version": version, "extra_scrutiny": []}
    return publish_guidelines(guidelines.load(source, by="test", at=at), at=at)


def written(kind: str = "policies/published") -> list[str]:
    return list(Letter.objects.filter(kind=kind).order_by("id").values_list("recipient", flat=True))


def events() -> list[str]:
    rows = LedgerEntry.objects.filter(subject_type="policies.subscription").order_by("id")
    return list(rows.values_list("event", flat=True))


def test_asking_writes_one_letter_with_the_link(client):
    client.post("/guidelines/subscribe/", {"email": MAIL})

    row, letter = Subscription.objects.get(), Letter.objects.get()
    assert (row.email, row.confirmed_at, letter.recipient) == (
        "reader@example.org",
        None,
        "reader@example.org",
    )
    assert f"/guidelines/subscription/{row.token}/" in letter.text


def test_an_address_is_written_to_once_a_day_at_most():
    ask(), ask(at=MONDAY + timedelta(hours=23)), ask(at=MONDAY + timedelta(hours=24))

    assert (len(written("policies/subscribe")), Subscription.objects.count()) == (2, 1)


def test_the_answer_is_the_same_whether_the_address_is_known(client):
    make_subscription()

    seen = {
        re.sub(r'value="[^"]*"|nonce="[^"]*"', "", page)
        for email in (MAIL, "other@example.org")
        for page in [client.post("/guidelines/subscribe/", {"email": email}, follow=True).content.decode()]
    }

    assert (len(seen), len(written("policies/subscribe"))) == (1, 2)


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_refused_in_words(client, email):
    answer = client.post("/guidelines/subscribe/", {"email": email})

    assert (answer.status_code, Subscription.objects.count()) == (422, 0)


def test_only_a_post_confirms(client):
    ask(at=clock.now())
    address = f"/guidelines/subscription/{Subscription.objects.get().token}/"

    for _ in range(3):  # as mail scanners do
        client.get(address)
    before = Subscription.objects.live().count()
    client.post(address, {"do": "confirm"})

    assert (before, Subscription.objects.live().count()) == (0, 1)


@pytest.mark.parametrize("how", ["page", "one click"])
def test_ending_deletes_the_address_and_what_was_written_to_it(client, how):
    row = make_subscription(at=clock.now() - timedelta(minutes=5))
    published(at=clock.now())
    subscriptions.tell_owed(at=clock.now())
    address = f"/guidelines/subscription/{row.token}/"

    answer = client.post(address, {"do": "end"}) if how == "page" else client.post(f"{address}end/")

    assert answer.status_code == (302 if how == "page" else 200)
    assert not Subscription.objects.exists()
    assert not Letter.objects.filter(recipient=row.email).exists()
    assert not Letter.objects.filter(unsubscribe_url__contains=row.token).exists()
    assert Letter.objects.filter(kind="policies/published", recalled_at__isnull=False).count() == 1


def test_one_click_needs_no_session_and_a_get_ends_nothing(client):
    row = make_subscription(at=clock.now())
    address = f"/guidelines/subscription/{row.token}/end/"
    client.handler.enforce_csrf_checks = True

    seen = (client.get(address).status_code, Subscription.objects.count(), client.post(address).status_code)

    assert (seen, Subscription.objects.count()) == ((302, 1, 200), 0)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("end", ["", "end/"])
def test_a_link_of_nothing_is_not_found(client, method, end):
    answer = getattr(client, method)(f"/guidelines/subscription/no-such-token/{end}")

    assert answer.status_code == (302 if (method, end) == ("get", "end/") else 404)


def test_a_letter_is_written_once_per_version_and_address():
    make_subscription(), make_subscription("second@example.org")
    published()

    told = [subscriptions.tell_owed(at=MONDAY) for _ in range(2)]

    assert (told, written()) == ([2, 0], ["reader@example.org", "second@example.org"])


def test_it_says_what_differs_and_carries_the_one_click_headers():
    row = make_subscription()
    published()
    subscriptions.tell_owed(at=MONDAY)
    letters.send_owed(at=MONDAY)

    sent = next(each for each in mail.outbox if "1.1.0" in each.subject)
    assert sent.extra_headers["List-Unsubscribe"].endswith(f"/guidelines/subscription/{row.token}/end/>")
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert ("10 removed" in sent.body, "/guidelines/1.1.0/changes-since/1.0.0/" in sent.body) == (True, True)


def test_other_letters_carry_no_such_header():
    ask()
    letters.send_owed(at=MONDAY)

    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers


def test_who_did_not_confirm_or_confirmed_later_is_not_written_to():
    ask("waiting@example.org")
    published()
    make_subscription("late@example.org", at=MONDAY + timedelta(hours=1))

    assert (subscriptions.tell_owed(at=MONDAY + timedelta(hours=2)), written()) == (0, [])


def test_a_payer_that_stopped_between_two_batches_goes_on(monkeypatch):
    for name in ("a", "b", "c"):
        make_subscription(f"{name}@example.org")
    version = published()
    monkeypatch.setattr(subscriptions, "BATCH", 2)
    subscriptions._tell(version, subscriptions._shown(version), MONDAY)

    assert (subscriptions.tell_owed(at=MONDAY), len(written()), len(set(written()))) == (1, 3, 3)


def test_an_unconfirmed_address_is_forgotten_after_a_week():
    ask()
    token = Subscription.objects.get().token

    early = subscriptions.drop_unconfirmed(at=MONDAY + timedelta(days=7, seconds=-1))
    with pytest.raises(subscriptions.LinkIsOver):
        subscriptions.confirm(token, at=MONDAY + timedelta(days=7))
    late = subscriptions.drop_unconfirmed(at=MONDAY + timedelta(days=7))

    assert (early, late, Subscription.objects.count()) == (0, 1, 0)


def test_each_step_is_in_the_ledger():
    row = make_subscription()
    subscriptions.confirm(row.token, at=MONDAY)
    subscriptions.end(row.token, at=MONDAY)

    assert events() == ["subscription.asked", "subscription.confirmed", "subscription.ended"]


def test_erasing_an_account_ends_the_subscriptions_of_its_addresses():
    alice = verified(make_user("alice"))
    make_subscription(alice.email), make_subscription("other@example.org")

    subscriptions.forget(alice, at=MONDAY)

    assert list(Subscription.objects.values_list("email", flat=True)) == ["other@example.org"]


def test_too_many_addresses_from_one_place_are_refused(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"subscribe": "2/h/ip"}
    seen = [
        client.post(
            "/guidelines/subscribe/", {"email": f"{n}@example.org"}, REMOTE_ADDR="192.0.2.77"
        ).status_code
        for n in range(3)
    ]

    assert seen == [302, 302, 429]


@pytest.mark.django_db(transaction=True)
def test_payers_beside_each_other_write_each_letter_once():
    for number in range(30):
        make_subscription(f"reader{number}@example.org")
    version = published()

    told = race(*[["tell_subscribers", MONDAY.isoformat()] for _ in range(4)])
    subscriptions.tell_owed(at=MONDAY)  # whoever lost the race may have left the settling to the next

    version.refresh_from_db()
    assert (sum(map(int, told)), len(written()), len(set(written()))) == (30, 30, 30)
    assert version.subscribers_told_at == MONDAY

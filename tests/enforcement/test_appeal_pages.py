"""The applicant's pages against a decision: two ways told apart, states, words kept, letters."""

from datetime import timedelta

import pytest

from audit import clock
from enforcement.domain import appeals
from enforcement.models import Appeal
from outbox.models import Letter
from tests.enforcement.appealing import DENIED, MENDED, UPHELD, WRONG, make_appeal, make_rejection
from tests.factories import make_senior, make_user

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>{{ settings.SECRET_KEY }}\u202emoc.elpmaxe and more words " + "x" * 200


@pytest.fixture
def alice(client):
    user = make_user("alice")
    client.force_login(user)
    return user


@pytest.fixture
def decision(alice):
    """A rejection of Alice's, told yesterday, with 90 days to wait."""
    return make_rejection(applicant=alice, at=clock.now() - timedelta(days=1))


def url(decision, kind="", act=""):
    return f"/applications/{decision.case.application.number}/{f'{kind}/' if kind else ''}{act}"


def text(client, address):
    return client.get(address).content.decode()


def test_the_page_of_a_refused_application_tells_both_ways_apart(client, decision):
    shown = text(client, url(decision))

    for words in ("If you think we are wrong: appeal", "You may appeal once, until",
                  "If you have mended what was wrong: reinstatement", "instead of from"):  # fmt: skip
        assert words in shown
    assert (
        f'href="{url(decision, "appeal")}"' in shown,
        f'href="{url(decision, "reinstatement")}"' in shown,
    ) == (True,) * 2


@pytest.mark.parametrize(("kind", "statement"), [("appeal", WRONG), ("reinstatement", MENDED)])
def test_sending_shows_the_promise_and_can_be_withdrawn(client, decision, kind, statement):
    sent = client.post(url(decision, kind), {"statement": statement})
    shown, standing = text(client, url(decision, kind)), text(client, url(decision))

    assert sent.url == url(decision, kind)
    assert ("We answer by" in shown, statement in shown, "is with us; we answer" in standing) == (True,) * 3
    client.post(url(decision, kind, "withdraw/"))
    assert Appeal.objects.get().state == "withdrawn"
    assert '<form method="post" novalidate>' in text(client, url(decision, kind))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [("", "Write this first."), ("Too short.", "at least 40 characters"), ("x" * 100_000, "this has 100,000"),
     ("y" * 50 + "\0", "Null characters are not allowed.")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_the_words_are_kept(client, decision, statement, problem):
    answer = client.post(url(decision, "appeal"), {"statement": statement})

    shown = answer.content.decode()
    assert (answer.status_code, problem in shown, statement.strip("\0")[:60] in shown) == (422, True, True)
    assert Appeal.objects.count() == 0


def test_what_cannot_be_sent_any_more_is_refused_with_a_reason_and_the_words(client, decision, alice):
    make_appeal(decision, at=clock.now())

    answer = client.post(
        url(decision, "appeal"), {"statement": "Another text, long enough to be taken as one."}
    )

    shown = answer.content.decode()
    assert (answer.status_code, "Another text, long enough" in shown, Appeal.objects.count()) == (
        409,
        True,
        1,
    )
    assert "Withdraw it first to send another." in shown


def test_a_denied_appeal_shows_its_reason_and_what_remains(client, decision):
    sam, at = make_senior(), clock.now()
    appeals.deny(appeals.take(make_appeal(decision, at=at), by=sam, at=at), by=sam, at=at, **DENIED)

    shown, standing = text(client, url(decision, "appeal")), text(client, url(decision))

    for words in (DENIED["explanation"], "Your appeal is denied: the decision stands.", "You may apply again from",
                  "ask for reinstatement"):  # fmt: skip
        assert words in shown
    assert "A decision can be appealed once." in standing
    assert Letter.objects.filter(kind="enforcement/appeal_denied").count() == 1


def test_an_upheld_appeal_leads_back_to_the_application(client, decision):
    sam, at = make_senior(), clock.now()
    appeals.uphold(appeals.take(make_appeal(decision, at=at), by=sam, at=at), by=sam, at=at, **UPHELD)

    shown = text(client, url(decision, "appeal"))

    assert ("Your appeal is upheld" in shown, UPHELD["look_again"] in shown) == (True, False)
    assert "set aside" in text(client, url(decision))


def test_a_reinstated_owner_is_sent_to_a_new_application(client, decision):
    sam, at = make_senior(), clock.now()
    taken = appeals.take(make_appeal(decision, kind="reinstatement", at=at), by=sam, at=at)
    appeals.uphold(taken, by=sam, at=at, reason_code="mended", explanation="It is mended.")

    shown, standing = text(client, url(decision, "reinstatement")), text(client, url(decision))

    assert (
        f'href="/apply/{decision.case.program.slug}/"' in shown,
        "You may apply again at any time." in standing,
    ) == (True,) * 2


def test_hostile_words_are_shown_as_words(client, decision):
    client.post(url(decision, "appeal"), {"statement": HOSTILE})

    shown = text(client, url(decision, "appeal"))
    assert ("<script>alert" in shown, "&lt;script&gt;alert" in shown, "SECRET_KEY }}" in shown) == (
        False,
        True,
        True,
    )


def test_a_get_and_a_head_change_nothing(client, decision):
    for kind in ("appeal", "reinstatement"):
        client.get(url(decision, kind)), client.head(url(decision, kind))

    assert (Appeal.objects.count(), client.get(url(decision, "appeal", "withdraw/")).status_code) == (0, 405)


def test_where_nothing_was_refused_there_is_no_page(client, alice):
    from tests.factories import make_application

    application = make_application(applicant=alice)

    assert client.get(f"/applications/{application.number}/appeal/").status_code == 404
    assert client.post(f"/applications/{application.number}/appeal/withdraw/").status_code == 404


@pytest.mark.parametrize("act", ["", "withdraw/"])
def test_who_is_removed_between_the_look_and_the_lock_is_told_nothing(client, decision, monkeypatch, act):
    make_appeal(decision, at=clock.now())
    for asked in ("may_file", "may_stand_for"):
        monkeypatch.setattr(f"enforcement.domain.appeals.{asked}", lambda user, thing: False)

    assert client.post(url(decision, "appeal", act), {"statement": WRONG}).status_code == 404

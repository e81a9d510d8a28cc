from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connection

from audit.models import LedgerEntry
from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY, make_manager

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(days=30)


def make_letter(to: str = "alice@example.org", **fields) -> Letter:
    return Letter.objects.create(
        **{
            "kind": "tests/greeting",
            "recipient": to,
            "subject": "Hello",
            "text": "Hello.\n",
            "due_at": MONDAY,
        }
        | fields
    )


class Refusing(EmailBackend):
    """A mail server that refuses some addresses and is away for others."""

    def send_messages(self, messages):
        (message,) = messages
        if message.to == ["gone@example.org"]:
            raise SMTPRecipientsRefused({"gone@example.org": (550, b"No such person")})
        if message.to == ["down@example.org"]:
            raise ConnectionRefusedError(111, "Connection refused")
        if message.to == ["odd@example.org"]:
            raise ValueError("Not what SMTP libraries are expected to raise")
        return super().send_messages(messages)


@pytest.fixture
def _refusing(settings):
    settings.EMAIL_BACKEND = "tests.outbox.test_letters.Refusing"


def test_a_letter_is_sent_once():
    make_letter()

    assert [letters.send_owed(at=MONDAY), letters.send_owed(at=MONDAY)] == [1, 0]
    assert [(message.to, message.body) for message in mail.outbox] == [(["alice@example.org"], "Hello.\n")]


def test_a_letter_waits_until_it_is_due():
    make_letter(due_at=MONDAY + timedelta(minutes=1))

    assert letters.send_owed(at=MONDAY) == 0


def test_a_repeated_letter_can_be_told_by_its_id():
    letter = make_letter()

    letters.send_owed(at=MONDAY)

    assert mail.outbox[0].extra_headers["Message-ID"] == f"<letter-{letter.pk}@gatehouse>"


def test_both_forms_of_a_letter_are_sent():
    make_letter(html="<p>Hello.</p>")

    letters.send_owed(at=MONDAY)

    assert [tuple(part) for part in mail.outbox[0].alternatives] == [("<p>Hello.</p>", "text/html")]


def test_a_one_time_link_is_gone_once_it_is_sent():
    letter = make_letter(
        text="https://gate/confirm/abc", html="<a href='https://gate/confirm/abc'>", passing=True
    )

    letters.send_owed(at=MONDAY)

    letter.refresh_from_db()
    assert (letter.text, letter.html, "abc" in mail.outbox[0].body) == (letters.BLANKED, "", True)


@pytest.mark.usefixtures("_refusing")
@pytest.mark.parametrize("to", ["gone@example.org", "down@example.org", "odd@example.org"])
def test_a_letter_that_fails_holds_up_no_other(to):
    bad, good = make_letter(to), make_letter()

    assert letters.send_owed(at=MONDAY) == 1

    bad.refresh_from_db(), good.refresh_from_db()
    assert (bad.sent_at, bad.tries, bad.due_at) == (None, 1, MONDAY + timedelta(minutes=2))
    assert (good.sent_at, good.problem) == (MONDAY, "")


@pytest.mark.usefixtures("_refusing")
def test_the_problem_is_kept_in_words():
    letter = make_letter("down@example.org")

    letters.send_owed(at=MONDAY)

    letter.refresh_from_db()
    assert letter.problem == "ConnectionRefusedError: [Errno 111] Connection refused"


@pytest.mark.usefixtures("_refusing")
def test_the_pauses_double_up_to_a_day_and_then_a_person_has_to_look():
    letter, at, pauses = make_letter("down@example.org"), MONDAY, []
    for _ in range(letters.GIVE_UP_AFTER):
        letters.send_owed(at=at)
        letter.refresh_from_db()
        pauses.append(round((letter.due_at - at).total_seconds() / 60))
        at = letter.due_at

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]
    assert letter.given_up_at is not None
    assert letters.send_owed(at=LATER) == 0


@pytest.mark.usefixtures("_refusing")
def test_when_the_mail_server_is_away_the_rest_keep_their_tries():
    for _ in range(letters.STOP_AFTER + 3):
        make_letter("down@example.org")

    letters.send_owed(at=MONDAY)

    assert [Letter.objects.filter(tries=tries).count() for tries in (0, 1)] == [3, letters.STOP_AFTER]


def test_a_letter_put_back_is_sent_and_it_is_recorded_who_did_it():
    dora = make_manager()
    letter = make_letter(given_up_at=MONDAY, tries=12, tried_at=MONDAY, problem="gone")

    letters.put_back(letter, by=dora, at=LATER)
    letters.send_owed(at=LATER)

    letter.refresh_from_db()
    entry = LedgerEntry.objects.get(event="letter.put_back")
    assert (letter.sent_at, letter.given_up_at, entry.actor, entry.subject_id) == (
        LATER, None, f"user:{dora.pk}", str(letter.pk),
    )  # fmt: skip


@pytest.mark.parametrize(
    "fields", [{}, {"sent_at": MONDAY, "tries": 1}, {"given_up_at": MONDAY, "recalled_at": MONDAY}]
)
def test_only_a_letter_that_was_given_up_can_be_put_back(fields):
    letter = make_letter(**fields)

    with pytest.raises(letters.NotGivenUp):
        letters.put_back(letter, by=make_manager(), at=LATER)


def test_a_recalled_letter_is_never_sent():
    dora = make_manager()
    make_letter(about_type="accounts.user", about_id=str(dora.pk))
    other = make_letter(about_type="accounts.user", about_id="0")

    assert letters.recall(about=dora, kind="tests/greeting", at=MONDAY) == 1

    assert letters.send_owed(at=MONDAY) == 1
    assert Letter.objects.get(sent_at=MONDAY) == other


def test_the_same_mark_makes_one_letter():
    for _ in range(2):
        letters.forward("tests/greeting", to="alice@example.org", subject="A\nB", text="x", at=MONDAY)
    Letter.objects.update(once=None)
    Letter.objects.filter(pk=Letter.objects.order_by("pk").first().pk).update(once="greeting:1")

    with pytest.raises(IntegrityError):
        make_letter(once="greeting:1")


def test_a_subject_is_one_line():
    letters.forward(
        "tests/greeting", to="alice@example.org", subject="Hello\nBcc: all@example.org", text="x", at=MONDAY
    )

    assert Letter.objects.get().subject == "Hello Bcc: all@example.org"


def test_the_payer_uses_its_index():
    Letter.objects.bulk_create(
        Letter(
            kind="k", recipient="a@example.org", subject="s", text="t", due_at=MONDAY, sent_at=MONDAY, tries=1
        )
        for _ in range(2000)
    )
    make_letter()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbox_letter")
        owed = Letter.objects.owed(LATER).order_by("due_at", "id")[:1]

    assert "letter_owed" in owed.explain()

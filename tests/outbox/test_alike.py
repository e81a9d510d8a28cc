from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from outbox import alike, letters
from outbox.models import Letter
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
KIND = "onboarding/key_ready"
SHARED = {
    "program": "Code & <Co>",
    "expires_at": datetime(2026, 12, 24, 9, tzinfo=UTC).astimezone(ZoneInfo("Europe/Madrid")),
}
HOSTILE = {
    "name": 'Zoë <b>O\'Neil</b> & "Co"',
    "title": "{{ program }} %(name)s {% now 'Y' %} \\1",
    "number": "7F3K-QD2M-XW",
    "url": "https://example.org/access/?a=1&b=2",
    "key_name": "  First\u2028key  ",
}
KEPT = (
    "kind",
    "recipient",
    "subject",
    "text",
    "html",
    "about_type",
    "about_id",
    "passing",
    "due_at",
    "tries",
    "problem",
)


@pytest.mark.parametrize("language", ["en-gb", "es"])
def test_letters_filled_into_a_sheet_are_those_that_are_rendered_one_by_one(language):
    plain = dict.fromkeys(HOSTILE, "plain")
    user = User(pk=7)
    copies = [alike.Copy("a@example.org", 7, f"sheet:{n}", words) for n, words in enumerate([HOSTILE, plain])]

    alike.write([alike.Sheet(KIND, User, SHARED, language, copies)], at=MONDAY)

    letters.write_many(
        [
            letters.Draft(KIND, "a@example.org", SHARED | words, user, f"one:{n}", language=language)
            for n, words in enumerate([HOSTILE, plain])
        ],
        at=MONDAY,
    )
    rows = list(Letter.objects.order_by("id").values(*KEPT))
    assert rows[:2] == rows[2:]


def test_a_letter_of_a_sheet_is_written_once():
    sheet = alike.Sheet(KIND, User, SHARED, "en-gb", [alike.Copy("a@example.org", 7, "once", HOSTILE)])

    written = [alike.write([sheet], at=MONDAY) for _ in range(2)]

    assert (written, Letter.objects.count()) == ([1, 0], 1)


def test_words_cannot_stand_in_for_each_other():
    swapped = HOSTILE | {"title": "name", "key_name": "x0x"}

    alike.write(
        [alike.Sheet(KIND, User, SHARED, "en-gb", [alike.Copy("a@x.org", 7, "1", swapped)])], at=MONDAY
    )

    assert "the key x0x for name (7F3K-QD2M-XW) is made" in Letter.objects.get().text


@pytest.mark.parametrize("language", ["en-gb", "es"])
def test_a_letter_of_a_kept_sheet_is_the_one_that_is_rendered(language):
    words = {name: HOSTILE[name] for name in ("name", "title", "number", "url")} | {"program": "Code & <Co>"}
    user, kind = User(pk=7), "onboarding/taken_up"
    plain = dict.fromkeys(words, "plain")

    for n, each in enumerate([plain, words]):
        copy = alike.Copy("a@example.org", 7, f"kept:{n}", each)
        alike.write([alike.Sheet(kind, User, {}, language, [copy])], at=MONDAY)

    letters.write_many(
        [letters.Draft(kind, "a@example.org", words, user, "one", language=language)], at=MONDAY
    )
    kept, one = list(Letter.objects.order_by("id").values(*KEPT))[1:]
    assert kept == one

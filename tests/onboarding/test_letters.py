"""The letters to applicants after sending: plain words, the program's zone, no markup by people."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

KINDS = [
    "invitation", "invitation_reminder", "invitation_expired", "held", "unheld",
    "key_ready", "key_ends", "withdrawn", "lapsed", "suspended", "resumed",
    "revoked",
]  # fmt: skip
HOSTILE = "<b>R&D</b>\nBcc: eve@example.org"
CONTEXT = {
    "name": "Ana",
    "program": "Code & more",
    "title": HOSTILE,
    "number": "7F3K-QD2M-XW",
    "key_name": HOSTILE,
    "key_id": "k_1",
    "old_hint": "gh_live_ab…yz",
    "by": HOSTILE,
    "done_at": MONDAY,
    "until": MONDAY,
    "url": "https://gatehouse.example/applications/7F3K-QD2M-XW/",
    "expires_at": datetime(2026, 11, 30, 12, 0, tzinfo=ZoneInfo("Europe/Madrid")),
    "reason": HOSTILE,
    "returned": True,
    "days": 7,
}


@pytest.fixture(params=KINDS)
def letter(request):
    letters.write(f"onboarding/{request.param}", to="ana@pygma.example", at=MONDAY, **CONTEXT)
    return Letter.objects.get()


def test_each_letter_says_where_to_go(letter):
    assert CONTEXT["url"] in letter.text
    assert f'href="{CONTEXT["url"]}"' in letter.html


@pytest.mark.parametrize("what", ["rotated", "old_ended", "suspended", "resumed", "revoked"])
def test_a_change_of_a_key_says_who_did_it_and_what_to_do_if_it_was_not_you(what):
    letters.write("onboarding/key_changed", to="ana@pygma.example", at=MONDAY, **CONTEXT | {"what": what})

    letter = Letter.objects.get()
    assert "If this was not you" in letter.text
    assert HOSTILE in letter.text
    assert "<b>R&D</b>" not in letter.html
    assert "23 November 2026, 12:00 (UTC)" in letter.text
    assert not [
        mark for mark in ("{{", "{%", "None", "()") if mark in letter.subject + letter.text + letter.html
    ]


def test_text_is_written_as_text_and_html_is_escaped(letter):
    assert "Code & more" in letter.subject + letter.text
    assert "&amp;" not in letter.subject + letter.text
    assert "<b>R&D</b>" not in letter.html
    assert "\n" not in letter.subject


def test_no_word_of_the_templates_is_left_in_a_letter(letter):
    for text in (letter.subject, letter.text, letter.html):
        assert not [mark for mark in ("{{", "{%", "None", "()") if mark in text]


@pytest.mark.parametrize("kind", ["invitation_reminder", "invitation_expired", "key_ready"])
def test_a_deadline_is_told_with_its_zone(kind):
    letters.write(f"onboarding/{kind}", to="ana@pygma.example", at=MONDAY, **CONTEXT)

    letter = Letter.objects.get()
    for text in (letter.text, letter.html):
        assert "Monday 30 November 2026, 12:00 (Europe/Madrid)" in text


@pytest.mark.parametrize("kind", ["suspended", "resumed", "revoked"])
def test_a_reason_is_told_as_it_was_written(kind):
    letters.write(f"onboarding/{kind}", to="ana@pygma.example", at=MONDAY, **CONTEXT)

    assert HOSTILE in Letter.objects.get().text


@pytest.mark.parametrize(
    ("returned", "sentence"), [(True, "back at your old place"), (False, "the second invitation")]
)
def test_an_invitation_that_ran_out_says_what_it_means(returned, sentence):
    letters.write(
        "onboarding/invitation_expired", to="a@b.example", at=MONDAY, **CONTEXT | {"returned": returned}
    )

    assert sentence in Letter.objects.get().text

"""What an applicant changed, marked word by word against the last revision that somebody judged."""

import pytest

from onboarding.models import Revision
from reviews.domain import changes, decisions
from reviews.domain.changes import Change
from reviews.models import Case
from tests.factories import MONDAY, make_reviewer
from tests.reviews.making import SAYS, make_case, make_claimed, send_again


def told(before, now):
    signs = {Change.SAME: "{}", Change.ADDED: "[+{}]", Change.REMOVED: "[-{}]"}
    return "".join(signs[piece.change].format(piece.text) for piece in changes.words(before, now))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("The score is sent.", "The score is sent.", "The score is sent."),
        ("The score is sent.", "The score is shown.", "The score is [-sent][+shown]."),
        ("one two three", "four five six", "[-one two three][+four five six]"),
        ("", "new", "[+new]"),
        ("old", "", "[-old]"),
        ("a\nb", "a\n\nb", "a[-\n][+\n\n]b"),
        ("كلمة قديمة", "كلمة جديدة", "كلمة [-قديمة][+جديدة]"),
    ],
)
def test_words_are_marked_and_a_rewritten_phrase_is_one_change(before, now, said):
    assert told(before, now) == said


def test_both_texts_can_be_read_out_of_the_marks():
    before, now = (
        "A person reads every tenth answer, at once.",
        "Nobody reads. Every answer is logged at once.",
    )
    pieces = changes.words(before, now)

    kept = {change: "".join(p.text for p in pieces if p.change != change) for change in Change}
    assert (kept[Change.ADDED], kept[Change.REMOVED]) == (before, now)


def test_a_text_without_end_is_compared_whole():
    before, now = "word " * 3000, "other " * 3000

    assert [piece.change for piece in changes.words(before, now)] == [Change.REMOVED, Change.ADDED]


@pytest.mark.django_db
def test_changes_are_marked_against_the_last_reviewed_revision_not_the_last_sent():
    case, bob = make_claimed(answers={"summary": "judged"})
    decisions.decide(case, by=bob, at=MONDAY, outcome="needs_information", **SAYS["needs_information"])
    send_again(case, {"summary": "sent and read by nobody"})
    case = send_again(case, {"summary": "now"})

    before = changes.base(Case.objects.get(pk=case.pk))

    assert (before.number, changes.changed(case, before)) == (1, {"summary": "judged"})


@pytest.mark.django_db
def test_nothing_is_marked_where_nobody_judged_anything_yet():
    case = send_again(make_case(), {"summary": "now"})

    assert (changes.base(case), changes.changed(case, None)) == (None, {})


@pytest.mark.django_db
def test_the_page_marks_what_changed_and_what_is_gone(client):
    case, bob = make_claimed(make_reviewer(), answers={"summary": "It scores people.", "detail": "Gone now."})
    decisions.decide(case, by=bob, at=MONDAY, outcome="needs_information", **SAYS["needs_information"])
    send_again(case, {"summary": "It scores answers."})
    client.force_login(bob)

    page = client.get(f"/admin/reviews/case/{case.pk}/").content.decode()

    assert "It scores <del>people</del><ins>answers</ins>." in page
    assert "<del>Gone now.</del>" in page
    assert Revision.objects.count() == 2

"""Two pages, one draft: whose answer counts, answer by answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.merging import MINE, THEIRS, Choice, Seen, digest, merge

OLD, MY, THEIR = "as shown", "typed here", "saved there"


def seen(*, base=OLD, version=1, **chosen):
    return Seen(version, {"title": digest(base)}, chosen)


def merged(stored, typed, seen, version=2):
    found = merge({"title": stored}, {"title": typed}, seen=seen, version=version)
    return found.answers.get("title"), found.clashes, found.taken


@pytest.mark.parametrize(
    ("stored", "typed", "result"),
    [
        (OLD, MY, (MY, [], [])),  # nobody else changed it
        (THEIR, OLD, (THEIR, [], ["title"])),  # not touched here: the page is behind
        (MY, MY, (MY, [], [])),  # both say the same
        (THEIR, MY, (THEIR, ["title"], [])),
        (None, MY, (None, ["title"], [])),  # they emptied it
        (THEIR, None, (THEIR, ["title"], [])),  # we did
        (OLD, None, (None, [], [])),
    ],
)
def test_each_answer_is_merged_by_who_changed_it(stored, typed, result):
    assert merged(stored, typed, seen()) == result


def test_a_choice_decides_for_the_answer_it_was_made_against():
    mine, theirs = Choice(MINE, digest(THEIR)), Choice(THEIRS, digest(THEIR))

    assert merged(THEIR, MY, seen(title=mine)) == (MY, [], [])
    assert merged(THEIR, MY, seen(title=theirs)) == (THEIR, [], ["title"])


def test_a_choice_made_against_an_older_answer_is_asked_again():
    assert merged("saved there since", MY, seen(title=Choice(MINE, digest(THEIR)))) == (
        "saved there since",
        ["title"],
        [],
    )


def test_a_page_that_does_not_say_what_it_showed_is_taken_at_its_word_only_when_it_is_the_newest():
    assert merged(OLD, MY, Seen(2)) == (MY, [], [])
    assert merged(OLD, MY, Seen(1)) == (OLD, ["title"], [])


def test_two_pages_that_change_different_answers_keep_both():
    base = {"title": "A", "detail": "B", "areas": ["legal"]}
    shown = {key: digest(value) for key, value in base.items()}
    first = merge(base, base | {"title": "A2"}, seen=Seen(1, shown), version=1)

    second = merge(first.answers, base | {"areas": ["legal", "medical"]}, seen=Seen(1, shown), version=2)

    assert second.answers == {"title": "A2", "detail": "B", "areas": ["legal", "medical"]}
    assert second.clashes == []


WORDS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
ANSWERS = st.dictionaries(st.sampled_from(["p", "q", "r"]), WORDS)


@given(base=ANSWERS, mine=ANSWERS, theirs=ANSWERS)
def test_whatever_is_saved_nobody_elses_change_is_overwritten(base, mine, theirs):
    keys = {"p", "q", "r"}
    shown = {key: digest(base.get(key)) for key in keys}

    found = merge(theirs, {key: mine.get(key) for key in keys}, seen=Seen(1, shown), version=2)

    for key in keys:
        if theirs.get(key) != base.get(key):
            assert found.answers.get(key) == theirs.get(key)
        else:
            assert found.answers.get(key) == mine.get(key)
    assert set(found.clashes) == {
        key
        for key in keys
        if theirs.get(key) != base.get(key)
        and mine.get(key) != base.get(key)
        and mine.get(key) != theirs.get(key)
    }

"""The filters themselves: folding, words, patterns, personal data. Properties first, then what each is for."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from enforcement.filters import engine, patterns, personal, words
from enforcement.filters.engine import Ruleset
from enforcement.filters.rules import BadContent, Kind, Rule
from enforcement.filters.text import MOST, TooLong, fold, merged
from onboarding.domain import secrets

quickly = fuzz(deadline=None)
BOUND = 3.0  # seconds: far more than it takes, far less than what hangs


def rule(kind: str, content: str, code: str = "r", threshold: float = 1.0) -> Rule:
    return Rule(code, 1, "weapons", Kind(kind), content, threshold)


def found(kind: str, content: str, text: str) -> list[str]:
    """Return the pieces of the original text that one rule finds."""
    spans = [span for finding in Ruleset([rule(kind, content)]).scan(text) for span in finding.spans]
    return [text[start:end] for start, end in spans]


def with_luhn(body: str) -> str:
    return body + next(digit for digit in "0123456789" if personal.is_luhn(body + digit))


# --- Folding.


@quickly
@given(st.text())
@example("ﬁ Ǆ İ ß ŉ ΐ ﷺ \u1e9e \u0345 \u3164 가 ｂ")
def test_folding_what_is_folded_changes_nothing(text):
    once = fold(text).folded

    assert fold(once).folded == once


@quickly
@given(st.text(min_size=1))
def test_every_folded_character_is_known_in_the_original(text):
    read = fold(text)
    places = [read.span(at, at + 1) for at in range(len(read.folded))]

    assert all(0 <= start < end <= len(text) for start, end in places)


@pytest.mark.parametrize(
    "text", ["ＢＯＭＢ", "b\u200bo\u00admb", "Bömb", "𝐛𝐨𝐦𝐛", "BOMB", "\u202ebomb", "ⓑⓞⓜⓑ"]
)
def test_a_disguised_word_is_read(text):
    assert found("words", "bomb", text) == [text.lstrip("\u202e")]


@quickly
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda t: (t[0], t[0] + t[1]))))
def test_merged_spans_cover_the_same_places_apart_and_in_order(spans):
    made = merged(spans)

    covered = {place for start, end in spans for place in range(start, end)}
    apart = all(before[1] < after[0] for before, after in pairwise(made))
    assert ({place for start, end in made for place in range(start, end)}, apart) == (covered, True)


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(TooLong, match="65,536 characters; this has 65,537"):
        fold("a" * (MOST + 1))


# --- Words.


def test_only_whole_words_are_found():
    assert found("words", "bomb\npipe bomb", "A bombastic bomb_, a PIPE   bomb.") == ["PIPE   bomb"]


def test_overlapping_phrases_are_one_place():
    assert found("words", "pipe bomb\nbomb maker", "the pipe bomb maker") == ["pipe bomb maker"]


def test_weights_add_up_without_ever_passing_one():
    (finding,) = Ruleset([rule("words", "bomb = 0.5\nfuse = 0.5", threshold=0.7)]).scan("bomb bomb fuse")

    assert (finding.score, finding.is_hit) == (0.75, True)


def test_one_word_of_two_lists_counts_in_both():
    rules = [rule("words", "bomb", "a"), rule("words", "bomb = 0.4", "b")]

    assert [(f.rule.code, f.score) for f in Ruleset(rules).scan("bomb")] == [("a", 1.0), ("b", 0.4)]


@quickly
@given(st.lists(st.sampled_from(["ka", "bo", "ka bo", "bo ka ka"]), min_size=1), st.text(alphabet="kabo x"))
def test_words_agree_with_looking_for_each_alone(listed, text):
    together = Ruleset([rule("words", word, str(at)) for at, word in enumerate(listed)]).scan(text)
    alone = [at for at, word in enumerate(listed) if found("words", word, text)]

    assert sorted(int(finding.rule.code) for finding in together) == alone


# --- Patterns.


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("(", "missing"),
        ("(a{1000}){1000}", "invalid repetition"),
        ("((((a{30}){30}){30}){30})", "repetition"),
        (r"(a)\1", "invalid escape"),
        ("(?=a)", "invalid perl operator"),
        ("a*", "fits an empty text"),
        ("a" * 1001, "1,000 characters"),
        ("\n".join(["ab"] * 51), "at most 50 patterns"),
        ("# only a remark", "at least one line"),
    ],
)
def test_a_bad_pattern_gets_a_sentence(content, says):
    with pytest.raises(BadContent, match=says):
        patterns.parse(content)


@pytest.mark.parametrize("hostile", [r"(a+)+$b", r"(a|a)*c", r"(.*)(.*)(.*)(.*)x", r"(\w+\s?)+!"])
def test_a_hostile_pattern_reads_the_longest_text_in_bounded_time(hostile):
    started = time.perf_counter()
    Ruleset([rule("pattern", hostile)]).scan("a" * MOST)

    assert time.perf_counter() - started < BOUND


def test_a_pattern_reads_the_folded_text_and_names_the_original():
    assert found("pattern", r"pipe\s+bombs?", "Two PÌPE \u200b BOMBS.") == ["PÌPE \u200b BOMBS"]


# --- Personal data.


@quickly
@given(st.text(alphabet="0123456789", min_size=12, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_luhn_sees_every_single_wrong_digit(body, place, shift):
    number = with_luhn(body)
    place %= len(number)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert (personal.is_luhn(number), personal.is_luhn(wrong)) == (True, False)


@quickly
@given(st.sampled_from(sorted(personal.IBAN_LENGTHS)), st.data())
def test_mod_97_sees_every_exchange_of_neighbours(country, data):
    length = personal.IBAN_LENGTHS[country] - 4
    body = data.draw(st.text(alphabet="0123456789", min_size=length, max_size=length))
    rest = int("".join(str(int(char, 36)) for char in f"{body}{country}00")) % 97
    iban = f"{country}{98 - rest:02}{body}"
    place = data.draw(st.integers(4, len(iban) - 2))
    other = iban[:place] + iban[place + 1] + iban[place] + iban[place + 2 :]

    assert (personal.is_iban(iban), personal.is_iban(other)) == (True, other == iban)


@pytest.mark.parametrize(
    ("sort", "text", "pieces"),
    [
        ("email", "write to <ann.b+c@mail.example.org>, not a@b", ["ann.b+c@mail.example.org"]),
        ("card", "4111 1111 1111 1111 and 4111 1111 1111 1112", ["4111 1111 1111 1111"]),
        ("card", "0000000000000000 A4111111111111111", []),
        ("iban", "pay DE89 3704 0044 0532 0130 00 today, not DE88370400440532013000", ["DE89 3704 0044 0532 0130 00"]),
        ("iban", "gb82west12345698765432", ["gb82west12345698765432"]),
        ("phone", "call +49 30 901820 or +1 999 999", ["+49 30 901820"]),
        ("key", "AKIAIOSFODNN7EXAMPLE", ["AKIAIOSFODNN7EXAMPLE"]),
    ],
)  # fmt: skip
def test_personal_data_is_found_where_its_own_check_holds(sort, text, pieces):
    assert found("personal", sort, text) == pieces


def test_a_key_of_ours_is_known_by_its_checksum():
    secret = secrets.mint("live")
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")

    assert found("personal", "key", f"{wrong} {secret}") == [str(secret)]


@pytest.mark.parametrize(
    "piece", ["4111 ", "+49 30 901820 ", "a@b.co ", "DE89 3704 ", "gh_live_", "a.", "1-"]
)
def test_personal_data_is_looked_for_in_bounded_time(piece):
    started = time.perf_counter()
    Ruleset([rule("personal", "\n".join(personal.DETECTORS))]).scan((piece * MOST)[:MOST])

    assert time.perf_counter() - started < BOUND


def test_phrases_inside_phrases_hold_nobody_up():
    listed = "\n".join(" ".join("a" * depth) for depth in range(1, 50))
    started = time.perf_counter()
    Ruleset([rule("words", listed)]).scan("a " * (MOST // 2))

    assert time.perf_counter() - started < BOUND


@pytest.mark.parametrize("text", ["é" * MOST, "\u0301" * MOST, "ﷺ" * MOST, "\x00" * MOST])
def test_any_text_of_the_greatest_length_is_folded_in_bounded_time(text):
    started = time.perf_counter()
    fold(text)

    assert time.perf_counter() - started < BOUND


# --- Content.


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        (Kind.WORDS, "bomb = 2", "weight above 0"),
        (Kind.WORDS, "bomb = much", "weight above 0"),
        (Kind.WORDS, "\u200b", "no word or phrase"),
        (Kind.WORDS, "\n".join(f"w{n}" for n in range(5001)), "5,000 words"),
        (Kind.WORDS, "x" * 50_001, "50,000 characters"),
        (Kind.PERSONAL, "email\nshoe size", "“shoe size” is not known"),
        (Kind.ENDPOINT, "endpoint = omni", "takes"),
        (Kind.ENDPOINT, "endpoint = omni\ntakes = hate", "No endpoint “omni” is configured"),
        (Kind.ENDPOINT, "url = http://10.0.0.1/", "is not understood"),
    ],
)
def test_content_that_cannot_be_used_gets_a_sentence(kind, content, says):
    assert says in engine.check(kind, content, {})


def test_good_content_gets_none():
    assert engine.check(Kind.WORDS, "# ours\npipe bomb = 0.5\nbomb", {}) == ""


def test_a_word_list_is_read_with_its_weights():
    assert words.parse("# remark\nPipe  Bomb = .5\nfuse") == {"pipe bomb": 0.5, "fuse": 1.0}

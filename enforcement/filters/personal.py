"""Personal data and secrets in a text, each confirmed by its own check where it has one.

A card's number by Luhn (ISO/IEC 7812-1), an IBAN by its remainder modulo 97 (ISO 13616) and its country's length, a
telephone number by its country's plan (only those that begin with +), a key of this product by its checksum.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import phonenumbers
import re2
from django.utils.translation import gettext_noop

from enforcement.filters.rules import MOST_SPANS, BadContent, Finding, Rule, lines_of
from enforcement.filters.text import Span, Text, merged
from onboarding.domain import secrets

MOST_CANDIDATES = 1_000  # of each sort looked at in one text

EMAIL = re2.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,62}\.)+[a-zA-Z]{2,63}"
)
CARD = re2.compile(r"\d(?:[ -]?\d){12,18}")
IBAN = re2.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}\b")
PHONE = re2.compile(r"\+\d[\d ().\-/]{5,24}\d")
TOKEN = re2.compile(r"\b[A-Za-z0-9]+_[A-Za-z0-9_]{20,100}\b")
# What the documentation of each provider says its keys look like; none of them has a checksum we could ask.
PROVIDERS = re2.compile(
    r"\bsk-(?:proj-|ant-(?:api\d\d-)?)?[A-Za-z0-9_-]{20,200}|\bgh[pousr]_[A-Za-z0-9]{36,100}\b"
    r"|\bgithub_pat_[A-Za-z0-9_]{50,100}\b|\bglpat-[A-Za-z0-9_-]{20,60}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bAIza[A-Za-z0-9_-]{35}|\bxox[abposr]-[A-Za-z0-9-]{10,100}|\bhf_[A-Za-z0-9]{30,60}\b"
    r"|\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,120}\b|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
)
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of those before it (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Return whether a text without spaces is an IBAN: its country's length, remainder 1 modulo 97 (ISO 7064)."""
    text = text.upper()
    if len(text) != IBAN_LENGTHS.get(text[:2]) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def _emails(text: str) -> Iterator[Span]:
    for match in EMAIL.finditer(text):
        yield match.span()


def _cards(text: str) -> Iterator[Span]:
    for match in CARD.finditer(text):
        start, end = match.span()
        digits = "".join(char for char in match.group() if char.isdigit())
        alone = not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()
        if alone and is_luhn(digits) and len(set(digits)) > 1:
            yield start, end


def _ibans(text: str) -> Iterator[Span]:
    for match in IBAN.finditer(text):
        start, _ = match.span()
        length = IBAN_LENGTHS.get(match.group()[:2].upper(), 0)
        taken, end = "", start
        for char in match.group():
            if len(taken) == length:
                break
            taken += char.strip()
            end += 1
        if is_iban(taken) and not text[end : end + 1].isalnum():
            yield start, end


def _phones(text: str) -> Iterator[Span]:
    for match in PHONE.finditer(text):
        try:
            number = phonenumbers.parse(match.group(), None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield match.span()


def _keys(text: str) -> Iterator[Span]:
    for match in TOKEN.finditer(text):
        if secrets.is_well_formed(match.group()):
            yield match.span()
    for match in PROVIDERS.finditer(text):
        yield match.span()


DETECTORS: dict[str, Callable[[str], Iterator[Span]]] = {
    "email": _emails,
    "card": _cards,
    "iban": _ibans,
    "phone": _phones,
    "key": _keys,
}


def parse(content: str) -> list[str]:
    """Return the names of the sorts to look for. Raises BadContent."""
    names = list(dict.fromkeys(line.lower() for line in lines_of(content)))
    if strange := [name for name in names if name not in DETECTORS]:
        raise BadContent(
            gettext_noop("“%(name)s” is not known. Write one of these a line: %(known)s."),
            name=strange[0][:40],
            known=", ".join(DETECTORS),
        )
    return names


class Personal:
    """All rules about personal data; each sort is looked for once, in the text as it was sent."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule, parse(rule.content)) for rule in rules]
        self._sorts = {name for _, names in self._rules for name in names}

    def scan(self, text: Text) -> list[Finding]:
        """Return a finding for each rule whose sort is in this text."""
        found = {name: list(islice(DETECTORS[name](text.original), MOST_CANDIDATES)) for name in self._sorts}
        spans = [
            (rule, merged(span for name in names for span in found[name])) for rule, names in self._rules
        ]
        return [Finding(rule, 1.0, places[:MOST_SPANS]) for rule, places in spans if places]

"""What is wrong with a typed answer: its length, its form, or that it only repeats itself.

These checks ask for more words; they never choose a lane and never refuse an application.
"""

import ipaddress
import re
import zlib
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from onboarding.domain.questions import Question

LAST_PARTS_OF_SIGN_IN = {"login", "log-in", "signin", "sign-in"}
SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+")
# Measured on 2,365 public descriptions of AI uses of 200 characters and more: packed by zlib they keep 0.25
# to 0.86 of their bytes; a phrase pasted until the box is full keeps less than 0.16.
LEAST_AFTER_PACKING = 0.22
ENOUGH_BYTES = 2000  # a long text with this much substance may repeat itself
FILLER = ("lorem ipsum", "asdf", "qwerty", "blah blah")


def wrong_with(question: Question, value: Any) -> str:
    """Return one sentence that says what is wrong and what to do; empty when nothing is."""
    if not isinstance(value, str):
        return _("Write this as text.")
    if sentence := _length_problem(question, value):
        return sentence
    if check := FORMS.get("contact" if question.rules.contact else question.type):
        return check(value)
    if question.rules.filler_refused and is_filler(value, least=question.rules.min_length):
        return _("Much of this repeats itself. Say in your own words what happens, step by step.")
    return ""


def is_filler(text: str, *, least: int) -> bool:
    """Return whether a text reaches `least` characters only by repeating itself, or is placeholder text."""
    said = " ".join(text.casefold().split())
    if any(filler in said for filler in FILLER):
        return True
    sentences = [" ".join(part.split()) for part in SENTENCE.split(text.casefold())]
    repeated = sum(len(part) for part in sentences) - sum(len(part) for part in set(sentences))
    if repeated and len(text) - repeated < least:
        return True
    said_bytes = said.encode()
    packed = len(zlib.compress(said_bytes, 9)) - 11  # less zlib's own header and trailer
    return packed < LEAST_AFTER_PACKING * min(len(said_bytes), ENOUGH_BYTES)


def _length_problem(question: Question, value: str) -> str:
    rules, length = question.rules, len(value)
    if length < rules.min_length:
        return _("Write at least %(least)s characters; this has %(length)s.") % _written(
            least=rules.min_length, length=length
        )
    if length > rules.max_length:
        return _("Write at most %(most)s characters; this has %(length)s.") % _written(
            most=rules.max_length, length=length
        )
    return ""


def _written(**figures: int) -> dict[str, str]:
    """Return numbers as the reader's language groups them."""
    return {
        name: number_format(figure, use_l10n=True, force_grouping=True) for name, figure in figures.items()
    }


def _email_problem(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return _("Write one e-mail address, such as ana@pygma.example.")
    return ""


def _url_problem(value: str) -> str:
    """Check that this is a public page over https; nothing is fetched."""
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return _("Write one address, such as https://pygma.example.")
    if parts.scheme != "https" or not host or " " in value:
        return _("Write one address that starts with https://.")
    if parts.username or parts.password:
        return _("Write the address without a name and password in it.")
    if not _is_public(host):
        return _("Write an address that anybody on the internet can reach.")
    if parts.path.rstrip("/").rpartition("/")[2].lower() in LAST_PARTS_OF_SIGN_IN:
        return _("Give a page that can be read without signing in.")
    return ""


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan", ".home.arpa"))


def _contact_problem(value: str) -> str:
    if "@" in value and not _email_problem(value):
        return ""
    if value.startswith("https://") and not _url_problem(value):
        return ""
    return _("Write an e-mail address, or a web address that starts with https://.")


FORMS = {"email": _email_problem, "url": _url_problem, "contact": _contact_problem}

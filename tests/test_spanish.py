"""Pages in Spanish say nothing in English but what is marked as being in it."""

import re
from html.parser import HTMLParser

import pytest

from onboarding.models import Program
from tests.factories import make_guidelines, make_program, make_user, verified

pytestmark = pytest.mark.django_db
ENGLISH = re.compile(
    r"\b(the|and|of|with|your|is|are|was|this|that|from|which|nobody|yet|you)\b", re.IGNORECASE
)
WITHOUT_WORDS = {
    "script",
    "style",
    "code",
    "pre",
    "svg",
    "kbd",
    "option",
}  # options: zones, names of guidelines
VOID = {"input", "br", "hr", "img", "link", "meta"}


class Said(HTMLParser):
    """Collect what a page says in its own language."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        silent = tag in WITHOUT_WORDS or dict(attrs).get("lang", "es") != "es"
        self._open.append((tag, silent or (bool(self._open) and self._open[-1][1])))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not (self._open and self._open[-1][1]):
            self.text.append(data)


def english_in(page: str) -> list[str]:
    said = Said()
    said.feed(page)
    return [text.strip() for text in said.text if ENGLISH.search(text)]


PUBLIC = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/language/",
    "/guidelines/",
    "/guidelines/versions/",
    "/guidelines/subscribe/",
    "/report/",
    "/showcase/",
    "/transparency/",
    "/transparency/lessons/",
    "/transparency/seals/",
    "/transparency/standards/",
    "/nowhere/",
)
OWN = (
    "/applications/",
    "/access/",
    "/organisations/",
    "/accounts/profile/",
    "/accounts/tokens/",
    "/accounts/2fa/",
    "/accounts/sessions/",
    "/apply/code/",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page_is_wholly_in_spanish(client, address):
    make_guidelines()

    page = client.get(address, headers={"accept-language": "es"}).content.decode()

    assert english_in(page) == []


@pytest.mark.parametrize("address", OWN)
def test_a_page_of_ones_own_is_wholly_in_spanish(client, address):
    Program.objects.filter(pk=make_program("code").pk).update(name="Código", summary="Escribe código.")
    client.force_login(verified(make_user(language="es")))

    page = client.get(address).content.decode()

    assert english_in(page) == []


def test_english_is_found_where_it_is():
    assert english_in('<p>Esto es así.</p><p>This is <b>not</b>.</p><p lang="en-gb">The same.</p>') == [
        "This is"
    ]

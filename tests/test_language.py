"""Every word people read is marked for translation, or stands on a list that only gets shorter.

The list, not_yet_marked.txt, holds files that are not marked yet; a clean file on it fails, so that whoever marks
one takes it off.
"""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation.template import templatize

from accounts.languages import Language, spoken
from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY, make_user

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
APPLICANTS = [
    path
    for path in sorted(TEMPLATES.rglob("*.*"))
    if path.suffix in (".html", ".txt")
    and path.relative_to(TEMPLATES).parts[0] != "admin"
    and path.name
    != "button.html"  # its tag's name is written by a variable, so its attributes look like text
]
NAMES = {"Gatehouse", "UTC", "API", "JSON", "Redis", "PostgreSQL"}  # the same in every language
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN_ATTRIBUTES = {"aria-label", "aria-description", "title", "alt", "placeholder", "data-label", "summary"}
SILENT_TAGS = {"script", "style", "code", "pre", "kbd", "svg"}
SAID_IN_A_TAG = re.compile(r"""(?<![(|:\w])(?:says|name|heading|label|level)=(?:"([^"]*)"|'([^']*)')""")
DEFAULTED = re.compile(r"""\|(?:default(?:_if_none)?|yesno):(?:"([^"]*)"|'([^']*)')""")
TRANSLATED = re.compile(r"^(blocktranslate|blocktrans)\b")
SHADOW = "\u2060"  # stands for what a tag or a variable writes


class Spoken(HTMLParser):
    """Collect the words of a page that are said to people: text and spoken attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in SILENT_TAGS:
            self._silent.append(tag)
        self.said += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value]

    def handle_endtag(self, tag):
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data):
        if not self._silent:
            self.said.append(data)


def unmarked_words(source: str) -> list[str]:
    """Return the words of a template that stand outside every translation tag."""
    left, said, until = [], [], None
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            word = token.contents.split(maxsplit=1)[0]
            if until == word:
                until = None
            elif until is None and (TRANSLATED.match(word) or word in ("comment", "verbatim")):
                until = f"end{word}"
            elif until is None and token.contents == "block body_class":
                until = "endblock"
            elif until is None and word in ("include", "with"):
                said += [a or b for a, b in SAID_IN_A_TAG.findall(token.contents)]
            left.append(SHADOW)
        elif until is None and token.token_type == TokenType.VAR:
            said += [a or b for a, b in DEFAULTED.findall(token.contents)]
            left.append(SHADOW)
        elif until is None and token.token_type == TokenType.TEXT:
            left.append(token.contents)
    page = Spoken()
    page.feed("".join(left))
    page.close()
    text = re.sub(r"https?://\S+|\S+@\S+", " ", " ".join([*page.said, *said]))
    return [word for word in WORD.findall(text) if word not in NAMES]


GETTEXT = {
    "_",
    "gettext",
    "gettext_lazy",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
}
FORM_WORDS = {"label", "help_text", "placeholder", "empty_label"}


def _is_said(node: ast.AST) -> bool:
    """Return whether this expression writes words itself instead of looking them up."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and len(WORD.findall(node.value)) > 1
    if isinstance(node, ast.JoinedStr):
        return any(_is_said(part) for part in node.values) or len(
            WORD.findall("".join(p.value for p in node.values if isinstance(p, ast.Constant)))
        ) > 1  # fmt: skip
    if isinstance(node, ast.BinOp):
        return _is_said(node.left) or _is_said(node.right)
    return isinstance(node, ast.IfExp) and (_is_said(node.body) or _is_said(node.orelse))


def unmarked_sentences(source: str) -> list[int]:
    """Return the lines with a sentence for people that is not looked up: errors, messages, labels of forms.

    Also `_(f"…")`: what is put together before it is looked up is in no catalogue.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(getattr(node.func, "value", None), "id", "")
        says = []
        if name == "__init__" and isinstance(node.func.value, ast.Call):
            says = node.args
        elif owner == "messages" and name in ("success", "error", "warning", "info"):
            says = node.args[1:]
        elif name == "ValidationError":
            says = node.args
        elif name.endswith("Field"):
            says = [word.value for word in node.keywords if word.arg in FORM_WORDS]
        elif name in GETTEXT and node.args and isinstance(node.args[0], ast.JoinedStr):
            found.append(node.lineno)
        found += [node.lineno for word in says if _is_said(word)]
    return sorted(set(found))


SPEAKS = [
    path
    for app in ("accounts", "policies", "onboarding", "reviews", "enforcement", "config")
    for path in sorted((ROOT / app).rglob("*.py"))
    if not {"migrations", "admin", "management", "gateway", "models"} & set(path.parts)
    and path.name
    not in (
        "admin.py",
        "models.py",
        "personal_tokens.py",
        "states.py",
        "settings.py",
        "env.py",
        "invariants.py",
    )
]

NOT_YET_MARKED = set((ROOT / "tests" / "not_yet_marked.txt").read_text().split())


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_word_of_the_applicants_pages_and_letters_is_marked():
    found = {short(path): unmarked_words(path.read_text()) for path in APPLICANTS}

    assert {name: words for name, words in found.items() if words and name not in NOT_YET_MARKED} == {}


def test_every_sentence_for_people_is_looked_up():
    found = {short(path): unmarked_sentences(path.read_text()) for path in SPEAKS}

    assert {name: lines for name, lines in found.items() if lines and name not in NOT_YET_MARKED} == {}


def test_the_list_of_files_not_yet_marked_only_holds_such_files():
    """Mark a file, then take its line off the list."""
    marked = set()
    for name in NOT_YET_MARKED:
        text = (ROOT / name).read_text() if (ROOT / name).exists() else ""
        if not (unmarked_sentences(text) if name.endswith(".py") else unmarked_words(text)):
            marked.add(name)

    assert marked == set()


@pytest.mark.parametrize("path", APPLICANTS, ids=short)
def test_every_template_can_be_read_for_the_catalogue(path):
    get_template(str(path.relative_to(TEMPLATES)))  # a tag inside blocktranslate fails here
    templatize(path.read_text(), origin=str(path))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %} {{ name }}</p>', []),
        ("{% blocktranslate trimmed with n=name %}Hello <b>{{ n }}</b>{% endblocktranslate %}", []),
        (
            '<a href="/x/"{% if on %} aria-current="page"{% endif %} title="Open it">{{ x }}</a>',
            ["Open", "it"],
        ),
        ("{# a note #}{% comment %}More{% endcomment %}<code>curl</code>&nbsp;·", []),
        ('{{ title|default:"Untitled" }}{{ at|date:"j M" }}', ["Untitled"]),
        ('{% include "_pager.html" with says="50 cases" %}', ["cases"]),
        ("{{ days }} day{{ days|pluralize }}", ["day"]),
    ],
)
def test_the_scanner_finds_what_is_not_marked(source, words):
    assert unmarked_words(source) == words


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('class No(Exception):\n    def __init__(self):\n        super().__init__("It is over.")', [3]),
        ('class No(Exception):\n    def __init__(self):\n        super().__init__(_("It is over."))', []),
        ('super().__init__(f"{x} is over now.")', [1]),
        ('super().__init__(_(f"{x} is over now."))', [1]),
        ('messages.success(request, "It is done.")', [1]),
        ('forms.CharField(label="Your full name")', [1]),
        ('forms.CharField(label=_("Your full name"))', []),
    ],
)
def test_the_scanner_finds_sentences_that_are_not_looked_up(source, lines):
    assert unmarked_sentences(source) == lines


def test_a_language_without_a_catalogue_is_not_offered():
    offered = dict(settings.LANGUAGES)

    assert "en-gb" in offered
    assert set(offered) <= set(Language.values)
    for language in offered.keys() - {"en-gb"}:
        assert (ROOT / "locale" / language / "LC_MESSAGES" / "django.po").exists()


def test_who_chose_a_language_not_offered_reads_the_sites_own():
    assert (spoken("es"), spoken("xx"), spoken("en-gb")) == ("en-gb", "en-gb", "en-gb")


@pytest.mark.django_db
def test_a_page_names_its_language(client):
    answer = client.get("/", headers={"accept-language": "es"})

    assert '<html lang="en-gb"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "en-gb"


@pytest.mark.django_db
def test_a_page_is_in_the_language_its_reader_chose(client, settings):
    settings.LANGUAGES = [("en-gb", "English"), ("es", "Español")]
    client.force_login(make_user(language="es"))

    answer = client.get("/organisations/", headers={"accept-language": "en"})

    assert '<html lang="es"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "es"


@pytest.mark.django_db
def test_a_letter_is_rendered_in_its_readers_language_and_zone(monkeypatch):
    seen = {}

    def render(name, context):
        from django.utils import timezone

        seen[name.rpartition(".")[2]] = (translation.get_language(), timezone.get_current_timezone_name())
        return "x"

    monkeypatch.setattr("outbox.letters.render_to_string", render)
    draft = letters.Draft("onboarding/receipt", "a@b.example", language="es", zone="Asia/Kolkata")

    with translation.override("en-gb"):
        letters.write_many([draft], at=MONDAY)

    assert set(seen.values()) == {("es", "Asia/Kolkata")}
    assert Letter.objects.count() == 1

"""Every word people read is marked for translation, or stands on a list that only gets shorter.

The list, not_yet_marked.txt, holds files that are not marked yet; a clean file on it fails, so that whoever marks
one takes it off.
"""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation.template import templatize

from accounts.languages import Language, spoken
from outbox import letters
from outbox.models import Letter
from tests.factories import MONDAY, make_user
from tests.unmarked import unmarked_sentences, unmarked_words

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
PAGES = [
    path
    for path in sorted(TEMPLATES.rglob("*.*"))
    if path.suffix in (".html", ".txt")
    and path.name
    != "button.html"  # its tag's name is written by a variable, so its attributes look like text
]

# Operators read these in English: commands, the gateway's codes for programs, what `check_invariants` says.
SILENT = {"migrations", "management", "gateway"}
SILENT_FILES = re.compile(r"(\w*invariants|counted|settings|env)\.py")
SPEAKS = [
    path
    for app in (
        "audit",
        "outbox",
        "accounts",
        "policies",
        "onboarding",
        "reviews",
        "enforcement",
        "transparency",
        "config",
    )
    for path in sorted((ROOT / app).rglob("*.py"))
    if not SILENT & set(path.parts) and not SILENT_FILES.fullmatch(path.name)
]

NOT_YET_MARKED = set((ROOT / "tests" / "not_yet_marked.txt").read_text().split())


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_word_of_the_pages_and_letters_is_marked():
    found = {short(path): unmarked_words(path.read_text()) for path in PAGES}

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


@pytest.mark.parametrize("path", PAGES, ids=short)
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
        ('models.CharField(max_length=9, help_text="Hex.")', [1]),
        ('class Lane(TextChoices):\n    HOLD = "hold", "Hold"\n    LATE = "late", _("Late")', [2]),
        ('class Filter(SimpleListFilter):\n    title = "standing"\n    parameter_name = "standing"', [2]),
        ('@admin.display(description="text")\ndef body(self): ...', [1]),
        ('self.message_user(request, f"{n} put back.")', [1]),
        ('render(request, "x.html", {"title": "Board", "kind": "Board"})', [1]),
        ('return f"{n} waiting in line."', [1]),
        ('"""What it does."""\nlog.warning("It is %s.", x)\ncursor.execute("SELECT a FROM b;")', []),
        ('return "a code", "A-CODE."', []),
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


def test_who_chose_a_language_not_offered_reads_the_sites_own(settings):
    settings.LANGUAGES = [("en-gb", "English")]

    assert (spoken("es"), spoken("xx"), spoken("en-gb")) == ("en-gb", "en-gb", "en-gb")


@pytest.mark.django_db
def test_a_page_names_its_language(client):
    answers = [client.get("/", headers={"accept-language": asked}) for asked in ("es-MX", "en", "tlh")]

    languages = [answer.headers["Content-Language"] for answer in answers]
    assert languages == ["es", "en-gb", "en-gb"]
    assert [
        f'<html lang="{each}"' in answer.content.decode()
        for each, answer in zip(languages, answers, strict=True)
    ] == [True] * 3


@pytest.mark.django_db
def test_a_page_is_in_the_language_its_reader_chose(client):
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

"""Finds words for people that are not marked for translation: in templates, and in Python by where they stand."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.template.base import Lexer, TokenType

NAMES = {
    "Gatehouse",
    "UTC",
    "API",
    "JSON",
    "Redis",
    "PostgreSQL",
    "English",
    "Español",
}  # the same in every language
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN_ATTRIBUTES = {"aria-label", "aria-description", "title", "alt", "placeholder", "data-label", "summary"}
SILENT_TAGS = {"script", "style", "code", "pre", "kbd", "svg"}
SAID_IN_A_TAG = re.compile(r"""(?<![(|:\w])(?:says|name|heading|label|level|does)=(?:"([^"]*)"|'([^']*)')""")
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
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
}
# Keywords of form and model fields whose value is read by people.
FIELD_WORDS = {"label", "help_text", "verbose_name", "placeholder", "empty_label"}
# Names in a class body that Django's admin and models show.
CLASS_WORDS = {
    "verbose_name",
    "verbose_name_plural",
    "title",
    "short_description",
    "search_help_text",
    "index_title",
    "empty_value_display",
    "help_text",
    "label",
}
CHOICES = {"TextChoices", "IntegerChoices", "Choices"}
SAID_BY = {"success", "error", "warning", "info"}  # of django.contrib.messages
# Calls whose words are for operators and programmers, or for a machine.
SILENT_CALLS = {
    *("debug", "exception", "critical", "log", "execute", "compile", "RunSQL", "RawSQL"),
    *(
        "RuntimeError",
        "TypeError",
        "KeyError",
        "AssertionError",
        "ImproperlyConfigured",
        "NotImplementedError",
    ),
    *("Trigger", "Condition", "Finding", "Invariant", "Schema", "Query", "NinjaAPI"),
}
LOGGERS = {"log", "logger", "logging"}
SILENT_KEYWORDS = {"func", "summary", "description", "content_type", "examples", "format"}
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|RAISE|WHERE|DROP|LOCK|CREATE)\b")
SENTENCE = re.compile(r"^[“\"'(]?(?:[^\W\d_a-z]|\0).*[.?!:…][”\"')]?\s*$", re.DOTALL)


def unmarked_sentences(source: str) -> list[int]:
    """Return the lines with words for people that are not looked up.

    By where they stand (an error, a message, a label, a help text, a title) one word is enough; anywhere else what
    looks like a sentence counts. Also `_(f"…")`: what is put together before it is looked up is in no catalogue.
    """
    tree = ast.parse(source)
    found = {node.lineno for node in _said(tree) if _speaks(node)}
    found |= {node.lineno for node in _sentences(tree)}
    return sorted(found)


def _said(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the expressions that stand where people read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _said_by_call(node)
        elif isinstance(node, ast.ClassDef):
            yield from _said_by_class(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "title":
                    yield value


def _said_by_call(node: ast.Call) -> Iterator[ast.expr]:
    name, owner = _name(node.func), getattr(getattr(node.func, "value", None), "id", "")
    if name == "__init__" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        yield from node.args
    elif owner == "messages" and name in SAID_BY:
        yield from node.args[1:]
    elif name == "message_user":
        yield from node.args[1:2]
    elif name == "ValidationError":
        yield from node.args
    elif name in ("display", "action"):
        yield from (word.value for word in node.keywords if word.arg == "description")
    elif name.endswith(("Field", "ForeignKey")):
        yield from (word.value for word in node.keywords if word.arg in FIELD_WORDS)
    yield from (
        value
        for word in node.keywords
        if word.arg == "error_messages" and isinstance(word.value, ast.Dict)
        for value in word.value.values
    )


def _said_by_class(node: ast.ClassDef) -> Iterator[ast.expr]:
    are_choices = any(_name(base) in CHOICES for base in node.bases)
    for line in node.body:
        if not isinstance(line, ast.Assign):
            continue
        if {_name(target) for target in line.targets} & CLASS_WORDS:
            yield line.value
        if are_choices and isinstance(line.value, ast.Tuple):
            yield line.value.elts[-1]


def _speaks(node: ast.AST) -> bool:
    """Return whether this expression writes words itself instead of looking them up."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(WORD.search(node.value)) and node.value not in NAMES
    if isinstance(node, ast.JoinedStr):
        return any(_speaks(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _speaks(node.left) or _speaks(node.right)
    return isinstance(node, ast.IfExp) and (_speaks(node.body) or _speaks(node.orelse))


def _sentences(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what looks like a sentence outside docstrings, look-ups, logs, SQL and what only programmers read."""
    if isinstance(node, ast.Call) and _is_silent(node):
        if _name(node.func) in GETTEXT and node.args and isinstance(node.args[0], ast.JoinedStr):
            yield node
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        if _is_sentence(node):
            yield node
        return
    if isinstance(node, ast.keyword) and node.arg in SILENT_KEYWORDS:
        return
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child)


def _is_silent(node: ast.Call) -> bool:
    name, owner = _name(node.func), getattr(getattr(node.func, "value", None), "id", "")
    return name in GETTEXT or name in SILENT_CALLS or owner in LOGGERS


def _is_sentence(node: ast.Constant | ast.JoinedStr) -> bool:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    said = "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "\0"
        for part in parts
    )
    return len(WORD.findall(said)) > 1 and bool(SENTENCE.match(said)) and not SQL.search(said)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")

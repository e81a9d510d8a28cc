"""A person with a browser that has no scripts: opens pages, fills their forms, follows redirects, keeps cookies.

Used by `make demo`, so that the main job is walked through the same pages and the same CSRF checks as by anybody.
"""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

import httpx


class Unexpected(Exception):
    """A page was not as the walk needs it; the message says which and shows its words."""


@dataclass
class Form:
    """A form of a page: where it goes, and what it would send as it stands."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class FormReader(HTMLParser):
    """Reads every form of a page, as a browser would send it untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(at.get("action", ""), at.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is None:
            return
        name = at.get("name", "")
        if tag == "input" and name:
            self._take_input(name, at)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in at:
            self._form.fields.setdefault(self._select, []).append(at.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            self._form.fields[name] = [""]
        elif tag == "button" and name:
            self._form.buttons.append(name)

    def _take_input(self, name: str, at: dict[str, str]) -> None:
        assert self._form is not None
        kind = at.get("type", "text")
        if kind in ("checkbox", "radio"):
            self._form.fields.setdefault(name, [])
            if "checked" in at:
                self._form.fields[name].append(at.get("value", "on"))
        elif kind not in ("submit", "button", "file", "image"):
            self._form.fields.setdefault(name, []).append(at.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._textarea:
            self._form.fields[self._textarea][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            if self._form is not None:
                self._form.fields[self._textarea][0] = self._form.fields[self._textarea][0].removeprefix("\n")
            self._textarea = ""


class Visitor:
    """One person at one site. `page` is the last answer."""

    def __init__(self, base_url: str):
        self.http = httpx.Client(base_url=base_url, follow_redirects=True, timeout=20)
        self.page: httpx.Response

    def open(self, path: str, *, expect: int = 200) -> httpx.Response:
        """GET a page; raises Unexpected for another status."""
        self.page = self.http.get(path)
        return self._checked(expect)

    def submit(self, to: str = "", *, expect: int = 200, **given: object) -> httpx.Response:
        """Fill and send the form of this page whose action contains `to` (else the first POST form with our fields)."""
        form = self._form(to, set(given))
        sent = form.fields | {name: _texts(value) for name, value in given.items()}
        url = httpx.URL(self.page.url).join(form.action) if form.action else self.page.url
        self.page = self.http.post(
            url,
            data={name: values for name, values in sent.items() if values},
            headers={"Referer": str(self.page.url)},
        )
        return self._checked(expect)

    def says(self, words: str) -> bool:
        """Whether the page holds these words, markup and line breaks aside."""
        return words in self.words()

    def words(self) -> str:
        text = re.sub(r"<(script|style|head).*?</\1>", " ", self.page.text, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())

    def _form(self, to: str, names: set[str]) -> Form:
        reader = FormReader()
        reader.feed(self.page.text)
        posts = [form for form in reader.forms if form.method == "post" and "logout" not in form.action]
        fitting = [form for form in posts if to in form.action] if to else posts
        known = [form for form in fitting if names <= set(form.fields) | set(form.buttons)]
        if not known:
            raise Unexpected(
                f"{self.page.url} has no form to {to or 'fill'} with {sorted(names)}: {self.words()[:600]}"
            )
        return known[0]

    def _checked(self, expect: int) -> httpx.Response:
        if self.page.status_code != expect:
            asked, answered = f"{self.page.request.method} {self.page.url}", self.page.status_code
            raise Unexpected(f"{asked} answered {answered}, not {expect}: {self.words()[:600]}")
        return self.page


def _texts(value: object) -> list[str]:
    if isinstance(value, bool):
        return ["on"] if value else []
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]

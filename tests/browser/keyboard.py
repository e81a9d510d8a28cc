"""Filling pages by keyboard alone: Tab, typing, Space, arrows, Enter."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

MOST_STOPS = 250  # Tab stops of a page before we say that something cannot be reached
SHORT = 40  # characters typed key by key; a longer text arrives at once, as from an input method
FOCUSED = """() => {
  const at = document.activeElement;
  return {tag: at.tagName, type: at.type || "", name: at.name || "", value: at.value || "", checked: !!at.checked,
          words: (at.textContent || "").trim(),
          options: [...(at.options || [])].map((each) => [each.value, each.text])};
}"""


def tab_to(page: Page, words: str) -> None:
    """Tab until a link or button with these words has the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["tag"] in ("A", "BUTTON", "SUMMARY") and at["words"].startswith(words):
            return
    raise AssertionError(f"{page.url}: no Tab stop says {words!r}")


def press(page: Page, words: str) -> None:
    """Tab to a button or link and press Enter; wait for the page it leads to."""
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def fill(page: Page, given: Mapping[str, Any], *, then: str) -> None:
    """Answer every field that the Tab key reaches and `given` names, then press the button that says `then`."""
    done: set[str] = set()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["tag"] == "BUTTON" and at["words"].startswith(then):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
        if at["name"] in given and at["name"] not in done:
            _answer(page, at, given[at["name"]])
            if at["type"] != "checkbox":
                done.add(at["name"])
    raise AssertionError(f"{page.url}: no Tab stop says {then!r}")


def _answer(page: Page, at: dict[str, Any], wanted: Any) -> None:
    match at["type"]:
        case "checkbox":
            if at["checked"] != (wanted is True or (isinstance(wanted, list) and at["value"] in wanted)):
                page.keyboard.press("Space")
        case "radio":
            _choose(page, at, str(wanted))
        case "select-one":
            page.keyboard.type(next(text for value, text in at["options"] if value == wanted))
        case _:
            page.keyboard.press("ControlOrMeta+a")
            text = str(wanted)
            (page.keyboard.type if len(text) <= SHORT else page.keyboard.insert_text)(text)


def _choose(page: Page, at: dict[str, Any], wanted: str) -> None:
    """Move through a group of radios; the first one is only chosen by Space."""
    for _ in range(MOST_STOPS):
        if at["value"] == wanted:
            if not at["checked"]:
                page.keyboard.press("Space")
            return
        page.keyboard.press("ArrowDown")
        at = page.evaluate(FOCUSED)
    raise AssertionError(f"{page.url}: {at['name']} has no {wanted!r}")

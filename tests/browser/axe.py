"""Looking at a page as somebody with a screen reader, a phone or a dark room has it."""

from importlib import resources
from typing import Any

from playwright.sync_api import Page

SOURCE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
BAD = ("serious", "critical")
# What depends on colours alone, and what depends on how much room there is: the rest is the same in every look.
OF_COLOUR = ["color-contrast", "link-in-text-block"]
OF_ROOM = [
    "scrollable-region-focusable",
    "target-size",
    "label",
    "button-name",
    "link-name",
    "aria-hidden-focus",
]
RUN = "rules => axe.run(document, {resultTypes: ['violations'], preload: false, ...rules})"
# Rows of one table look alike: ten of them say as much as a hundred, and are measured in a tenth of the time.
FEW_ROWS = "() => document.querySelectorAll('tbody > tr:nth-child(n + 11)').forEach((row) => row.remove())"
# What is cut off at the right: the page's own width, however overflow is hidden.
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > room ? document.documentElement.scrollWidth - room : 0;
}"""


def look(page: Page) -> list[str]:
    """Return what is wrong with the page that is open, wide in light and dark, and narrow; leave it wide and light.

    All rules once; in the dark those of colour, on a phone those of room.
    """
    page.wait_for_load_state()  # a click that leads to another page returns before that is there
    found = _too_wide(page, 1280)
    page.set_viewport_size(PHONE)
    found += _too_wide(page, 360)
    page.set_viewport_size(WIDE)
    page.evaluate(FEW_ROWS)  # only now: the one row that is too wide may be the last
    page.evaluate(SOURCE)
    found += _violations(page, "1280 light", {})
    page.emulate_media(color_scheme="dark")
    found += _violations(page, "1280 dark", {"runOnly": OF_COLOUR})
    page.set_viewport_size(PHONE)
    found += _violations(page, "360 dark", {"runOnly": OF_ROOM})
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    return found


def _too_wide(page: Page, width: int) -> list[str]:
    over = page.evaluate(TOO_WIDE)
    return [f"{width}: {over} px too wide"] if over else []


def _violations(page: Page, how: str, rules: dict[str, Any]) -> list[str]:
    return [
        f"{how}: {one['impact']} {one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in page.evaluate(RUN, rules)["violations"]
        if one["impact"] in BAD
    ]

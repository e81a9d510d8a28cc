"""Every page, as everybody who may open it sees it: no serious finding of axe, nothing cut off on a phone."""

import pytest

from tests.browser import axe, pages
from tests.browser.conftest import Browse, Watch, become, person
from tests.browser.hostile import Hostile

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("kind", pages.kinds())
def test_every_page_can_be_used_wide_and_narrow_in_light_and_dark(browse: Browse, watch: Watch, kind: str):
    assert wrong_with(list(pages.kinds()[kind]()), browse, watch) == []


def test_every_page_of_enforcement_can_be_used_full_of_what_people_and_machines_type(
    browse: Browse, watch: Watch
):
    assert wrong_with(list(Hostile().pages()), browse, watch) == []


def wrong_with(places: list[pages.Page], browse: Browse, watch: Watch) -> list[str]:
    """Open each as its viewer does; return what answered otherwise than it should, or cannot be used."""
    page = browse(reduced_motion="reduce")  # else colours are measured on their way from light to dark
    viewer, wrong = pages.NOBODY, []
    for place in places:
        if place.viewer != viewer:
            viewer = place.viewer
            become(page, person(viewer) if viewer else None)
        watch.listening = True
        answer = page.goto(place.path)
        watch.listening = False  # axe measures with inline styles, which the policy refuses as it should
        if answer.status != place.status:
            wrong.append(f"{place.name} ({place.path}): answered {answer.status}")
        if "<script>alert" in page.content():
            wrong.append(f"{place.name} ({place.path}): markup that somebody typed is in the page")
        wrong += [f"{place.name} ({place.path}): {finding}" for finding in axe.look(page)]
    return wrong

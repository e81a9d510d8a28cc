"""Every page, as everybody who may open it sees it: no serious finding of axe, nothing cut off on a phone."""

import pytest

from tests.browser import axe, pages
from tests.browser.conftest import Browse, Watch, become, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("kind", pages.kinds())
def test_every_page_can_be_used_wide_and_narrow_in_light_and_dark(browse: Browse, watch: Watch, kind: str):
    page = browse(reduced_motion="reduce")  # else colours are measured on their way from light to dark
    viewer, wrong = pages.NOBODY, []
    for place in pages.kinds()[kind]():
        if place.viewer != viewer:
            viewer = place.viewer
            become(page, person(viewer) if viewer else None)
        watch.listening = True
        answer = page.goto(place.path)
        watch.listening = False  # axe measures with inline styles, which the policy refuses as it should
        if answer.status != place.status:
            wrong.append(f"{place.name} ({place.path}): answered {answer.status}")
        wrong += [f"{place.name} ({place.path}): {finding}" for finding in axe.look(page)]
    assert wrong == []

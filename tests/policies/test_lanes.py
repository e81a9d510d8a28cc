"""A lane switched in a draft, and how many of the last applications it would have touched."""

from datetime import timedelta

import pytest
from django.urls import reverse

from onboarding.domain import lane_preview
from onboarding.models import Program
from policies.domain import edits, guidelines
from policies.models import GuidelineVersion
from tests.factories import MONDAY, editor, make_application, make_guidelines, make_program
from tests.onboarding.filled import GOOD

pytestmark = pytest.mark.django_db
EARLIER = MONDAY - timedelta(days=20)


def draft(**lanes: str) -> GuidelineVersion:
    make_guidelines()
    source = edits.switch_lanes(guidelines.shipped() | {"version": "1.1.0"}, lanes)
    return guidelines.load(source, by="test", at=MONDAY)


def send(at=MONDAY, **answers) -> None:
    made = make_application(program("code"), state="draft", at=at)
    made.revisions.create(
        number=1, answers=GOOD | answers, question_set=made.question_set, guidelines=make_guidelines(),
        lane="hold", lane_reasons=[], risk_score=0, risk_level=1, risk_parts=[], submitted_at=at,
    )  # fmt: skip


def program(slug: str) -> Program:
    return Program.objects.filter(slug=slug).first() or make_program(slug)


def preview(version: GuidelineVersion, days: int = 30) -> lane_preview.Preview:
    return lane_preview.of(version, days=days, at=MONDAY)


def test_the_same_lanes_touch_nobody():
    send()

    found = preview(draft())

    assert (found.judged, found.touched, [row.code for row in found.rows if row.differs]) == (1, 0, [])


def test_a_switched_usual_use_touches_those_that_named_it():
    send(), send(), send(usual_use="n02")

    found = preview(draft(n01="hold"))

    touches = {row.code: row.touches for row in found.rows if row.differs}
    assert (found.moves, found.judged, touches) == ([("Notify", "Hold", 2)], 3, {"n01": 2})


def test_a_switched_domain_touches_only_where_nothing_stricter_holds():
    send(decides="recommends", areas=["legal"])

    found = preview(draft(legal="monitor"))

    (legal,) = [row for row in found.rows if row.code == "legal"]
    assert (legal.before, legal.after, legal.differs) == ("hold", "monitor", True)


def test_only_the_latest_days_and_the_latest_revision_count():
    send(at=EARLIER), send()

    assert [preview(draft(), days).judged for days in (7, 30)] == [1, 2]


def test_more_than_it_looks_at_is_said(monkeypatch):
    monkeypatch.setattr(lane_preview, "MOST", 2)
    send(), send(), send()

    found = preview(draft())

    assert (found.judged, found.sent) == (2, 3)


def test_the_page_switches_lanes_and_never_into_or_out_of_refuse(client):
    version = draft()
    client.force_login(editor("edith"))
    page = reverse("admin:guidelines_lanes", args=[version.pk])
    fields = {"seen": version.text_hash, "lane_legal": "notify", "lane_weapons": "refuse", "lane_n01": "burn"}

    client.post(page, fields)

    lanes = dict(version.categories.values_list("code", "lane"))
    usual = version.usual_uses.get(code="n01").lane
    assert (lanes["legal"], lanes["weapons"], usual) == ("notify", "refuse", "notify")
    assert client.get(page, {"days": "x"}).status_code == 200


def test_a_category_that_refuses_cannot_be_switched_here(client):
    version = draft()
    client.force_login(editor("edith"))

    client.post(
        reverse("admin:guidelines_lanes", args=[version.pk]),
        {"seen": version.text_hash, "lane_weapons": "monitor"},
    )

    assert version.categories.get(code="weapons").lane == "refuse"

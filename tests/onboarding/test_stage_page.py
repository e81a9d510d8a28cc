"""The manager's page of stages: preview, plan with a reason, cancel; what was typed wrong is said."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.admin import stages as page
from onboarding.domain import stages
from onboarding.models import StageChange
from onboarding.states import Stage
from tests.factories import MONDAY, make_manager, make_program, make_rate, make_senior
from tests.onboarding.test_stages import WEEK, WHY, crowd, plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora():
    return make_manager()


@pytest.fixture
def desk(client, dora, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    client.force_login(dora)
    return client


def address(program):
    return reverse("admin:program_stage", args=[program.slug])


def test_the_page_previews_and_changes_nothing(desk):
    program = make_program()
    crowd(program)

    answer = desk.post(address(program), {"to": "closed", "from_on": "", "reason": "", "preview": "1"})

    said = answer.content.decode()
    assert (answer.status_code, StageChange.objects.count()) == (200, 0)
    for sentence in page.says(Stage.CLOSED, stages.touched(program)):
        assert sentence in said


def test_the_page_plans_with_a_reason_in_the_programs_zone(desk):
    program = make_program(stage=Stage.INVITATION_ONLY, time_zone="Asia/Kolkata")

    answer = desk.post(address(program), {"to": "limited", "from_on": "2026-12-01T09:30", "reason": WHY})

    assert (answer.status_code, StageChange.objects.get().from_at.isoformat()) == (
        302,
        "2026-12-01T04:00:00+00:00",
    )
    shown = desk.get(address(program)).content.decode()
    assert ("1 Dec 2026, 09:30" in shown, "to come" in shown, WHY in shown) == (True, True, True)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"to": "closed", "reason": ""}, "This field is required."),
        ({"to": "invitation_only", "reason": WHY}, "Select a valid choice"),
        ({"to": "open", "reason": WHY}, "Set a weekly rate first"),
        ({"to": "closed", "from_on": "2026-01-01T00:00", "reason": WHY}, "A stage begins now or later"),
    ],
)
def test_the_page_says_what_is_wrong(desk, typed, says):
    answer = desk.post(address(make_program()), typed)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_the_page_cancels_with_a_reason(desk):
    program = make_program()
    desk.post(address(program), {"to": "closed", "from_on": "2026-12-01T09:30", "reason": WHY})
    change = StageChange.objects.get()

    for reason in ("", "We go on."):
        desk.post(reverse("admin:program_stage_cancel", args=[program.slug, change.pk]), {"reason": reason})

    change.refresh_from_db()
    assert (change.cancelled_at, change.cancel_reason) == (MONDAY, "We go on.")
    assert "We go on." in desk.get(address(program)).content.decode()


def test_the_page_costs_as_much_for_many_changes_as_for_one(desk, dora, django_assert_num_queries):
    counted = []
    program = make_program(stage=Stage.INVITATION_ONLY)
    make_rate(program, 5)
    for after, to in ((1, Stage.LIMITED), (2, Stage.OPEN), (3, Stage.CLOSED)):
        plan(program, to, dora, from_at=MONDAY + after * WEEK)
        with CaptureQueriesContext(connection) as asked:
            desk.get(address(program))
        counted.append(len(asked))

    assert len(set(counted)) == 1


def test_who_may_not_change_rates_changes_no_stage(client):
    program = make_program()
    client.force_login(make_senior())

    assert client.post(address(program), {"to": "closed", "reason": WHY}).status_code == 403

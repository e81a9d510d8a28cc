"""The pages of freeze rules: live figures, a change with its preview, lifting, and what everybody reads."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from audit import clock
from onboarding.admin import guards as pages
from onboarding.domain.guard_rules import Rule
from onboarding.models import Freeze, GuardRule
from onboarding.states import GuardKind
from tests.factories import make_program, make_rate, make_staff
from tests.onboarding.guarding import LATE, MINUTE, STRICT, make_freeze, make_guard, manager, read
from tests.reviews.making import make_case

pytestmark = pytest.mark.django_db
ASKED = {
    "mode": "on",
    "threshold": "25",
    "clear_below": "10",
    "window_days": "1",
    "minimum_sample": "5",
    "thaw": "person",
}


def rules(program) -> str:
    return reverse("admin:guards", args=[program.slug])


def rule(program, guard=LATE) -> str:
    return reverse("admin:guard_rule", args=[program.slug, guard])


@pytest.fixture
def dora(client):
    client.force_login(manager())
    return manager()


def test_the_page_shows_each_rule_with_its_figure_and_where_it_stands(client, dora):
    program, now = make_program(), clock.now()
    make_guard(program, at=now - 2 * MINUTE)
    read(program, 12.5, at=now, sample=80)

    shown = client.get(rules(program)).content.decode()

    said = ["<b>12.5</b> of 100 open cases", "over 80 open cases", "between the two bounds", "never set"]
    assert [words in shown for words in said] == [True] * 4


def test_a_rule_that_watches_says_what_it_would_do(client, dora):
    program, now = make_program(), clock.now()
    make_guard(program, at=now - 2 * MINUTE, mode="watch")
    read(program, 90, at=now)

    shown = client.get(rules(program)).content.decode()

    assert ("would stop admission" in shown, Freeze.objects.count()) == (True, 0)


def test_the_page_asks_the_same_however_many_rules_and_freezes_there_are(client, dora):
    few, many, now = make_program(), make_program(), clock.now()
    make_freeze(few, at=now)
    for kind in GuardKind:
        make_freeze(many, at=now, guard=kind)
    counts = []
    for program in (few, many):
        with CaptureQueriesContext(connection) as asked:
            client.get(rules(program))
        counts.append(len(asked))

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"threshold": 100}, "Admission would stop within a minute of the next reading."),
        ({"threshold": 101}, "Admission would go on."),
        ({"threshold": 100, "mode": "watch"}, "It would say that admission should stop, and stop nothing."),
        ({"minimum_sample": 3}, "Too few to tell: it asks for 3. Admission would go on."),
        ({"mode": "off"}, "The rule would be off: nothing is measured for it, and it stops nothing."),
    ],
)
def test_a_preview_measures_now_and_says_what_the_rule_would_do(changes, says):
    program = make_program()
    late = [make_case(program) for _ in range(2)]
    asked = Rule(**{**STRICT.__dict__, "minimum_sample": 2} | changes)

    found = pages.preview(program, LATE, asked, at=max(case.due_at for case in late))

    assert found == ["Measured now: 100 of 100 open cases, over 2 open cases.", says]


def test_a_preview_changes_nothing_and_asks_for_no_reason(client, dora):
    program = make_program()

    answer = client.post(rule(program), ASKED | {"preview": "1"})

    assert (answer.status_code, GuardRule.objects.count()) == (200, 0)
    assert "Too few to tell: it asks for 5." in answer.content.decode()


def test_a_manager_sets_a_rule_with_a_reason(client, dora):
    program = make_program()

    answer = client.post(rule(program), ASKED | {"reason": "We answer too late."})

    made = GuardRule.objects.get()
    assert (answer.url, made.threshold, made.set_by, made.reason) == (
        rule(program),
        25,
        dora,
        "We answer too late.",
    )
    assert "We answer too late." in client.get(rule(program)).content.decode()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"reason": ""}, "This field is required"),
        ({"reason": "x", "clear_below": "25"}, "green below a figure above 0"),
        ({"reason": "x", "threshold": "nan"}, "Enter a number"),
        ({"reason": "x", "threshold": "many"}, "Enter a number"),
        ({"preview": "1", "clear_below": "30"}, "green below a figure above 0"),
    ],
)
def test_what_cannot_be_meant_comes_back_with_what_was_typed(client, dora, sent, says):
    program = make_program()

    answer = client.post(rule(program), ASKED | {"minimum_sample": "77"} | sent)

    assert (answer.status_code, GuardRule.objects.count()) == (422, 0)
    assert [words in answer.content.decode() for words in (says, 'value="77"')] == [True, True]


def test_a_guard_that_does_not_exist_is_no_page(client, dora):
    assert client.get(rule(make_program(), "weather")).status_code == 404


def test_a_freeze_of_another_program_is_not_lifted_here(client, dora):
    freeze, other = make_freeze(make_program(), at=clock.now()), make_program()

    answer = client.post(reverse("admin:freeze_lift", args=[other.slug, freeze.pk]), {"reason": "x"})

    assert (answer.status_code, Freeze.objects.open().count()) == (404, 1)


def test_a_freeze_that_was_lifted_meanwhile_is_said_to_have_ended(client, dora):
    freeze = make_freeze(make_program(), at=clock.now())
    url = reverse("admin:freeze_lift", args=[freeze.program.slug, freeze.pk])
    client.post(url, {"reason": "Looked into."})

    answer = client.post(url, {"reason": "Looked into."}, follow=True)

    assert "This freeze has ended already." in answer.content.decode()
    assert "Looked into." in answer.content.decode()


def test_an_auditor_reads_and_is_shown_no_way_to_change(client):
    client.force_login(make_staff("axel", Role.AUDITOR))
    program = make_freeze(make_program(), at=clock.now()).program

    shown = client.get(rules(program)).content.decode() + client.get(rule(program)).content.decode()

    assert ("Open cases past due: 30" in shown, 'name="reason"' in shown) == (True, False)
    assert client.post(rule(program), ASKED | {"reason": "x"}).status_code == 403


def test_the_list_of_programs_says_that_admission_is_stopped(client):
    program = make_program()
    make_rate(program, 5)
    make_freeze(program, at=clock.now())

    shown = client.get(reverse("home")).content.decode()

    assert ("Admission stopped for now" in shown, "admission stopped" in shown) == (True, True)

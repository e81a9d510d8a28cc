"""Back-tests: run by a real worker's function, their figures, and what becomes of one whose worker died."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from audit import ledger
from enforcement.admin import filter_back_test
from enforcement.domain import filter_back_tests
from enforcement.domain.filter_rules import NotYourFilters
from enforcement.models import FilterBackTest, Flag
from enforcement.states import BACK_TEST_TRANSITIONS
from tests.enforcement.filters.making import editor, make_filter, make_hit
from tests.enforcement.flagging import make_flag
from tests.factories import MONDAY, make_grant, make_key, make_senior

pytestmark = pytest.mark.django_db
PATHS = {
    "waiting": [], "running": ["begin"], "done": ["begin", "finish"], "failed": ["begin", "fail"],
}  # fmt: skip


def make_test(state: str = "waiting") -> FilterBackTest:
    test = filter_back_tests.ask(make_filter(), by=editor(), at=MONDAY)
    for step in PATHS[state]:
        if step == "begin":
            filter_back_tests.begin(test.pk, at=MONDAY)
        elif step == "finish":
            filter_back_tests.finish(test, {"hits": [0, 1]}, at=MONDAY)
        else:
            filter_back_tests.fail(test, "Why.", at=MONDAY)
    test.refresh_from_db()
    return test


def test_a_back_test_tells_what_would_have_been_hit_and_how_people_decided():
    version = make_filter(state="shadow")
    for state, category, excerpt in (
        ("confirmed", "weapons", "a pipe bomb"),
        ("confirmed", "weapons", "a gun"),
        ("dismissed", "weapons", "pipe bomb in a novel"),
        ("open", "self_harm", "pipe bomb"),
    ):
        flag = make_flag(make_grant(), category=category, excerpt=excerpt)
        Flag.objects.filter(pk=flag.pk).update(state=state)
    make_hit(make_key(), version, excerpt="tea")
    test = filter_back_tests.ask(version, by=editor(), at=MONDAY)
    for _ in range(2):  # delivered twice
        filter_back_test.run(test.pk)

    test.refresh_from_db()
    assert (test.state, test.done, test.total) == ("done", 5, 5)
    assert test.figures == {
        "confirmed": [1, 2], "dismissed": [1, 1], "open": [0, 0], "elsewhere": [1, 1], "hits": [0, 1],
    }  # fmt: skip
    assert [row.event for row in ledger.of(test)] == ["filter.back_tested"]


def test_a_back_test_that_cannot_run_says_so(settings):
    settings.MODERATION_ENDPOINTS = {"omni": "http://127.0.0.1:9/"}
    version = make_filter(state="draft", kind="endpoint", content="endpoint = omni\ntakes = hate")
    settings.MODERATION_ENDPOINTS = {}
    make_flag(make_grant(), category="weapons", excerpt="x")
    test = filter_back_tests.ask(version, by=editor(), at=MONDAY)
    filter_back_test.run(test.pk)

    test.refresh_from_db()
    assert (test.state, "the log says what" in test.problem) == ("failed", True)


def test_one_whose_worker_died_is_told_when_it_is_looked_at():
    test = make_test("running")
    client = Client()
    client.force_login(editor())
    answer = client.get(f"/admin/enforcement/filterrule/back-tests/{test.pk}/")

    assert b"The worker stopped half way" in answer.content


def test_only_policy_editors_ask():
    with pytest.raises(NotYourFilters):
        filter_back_tests.ask(make_filter(), by=make_senior(), at=MONDAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("before", "to"),
    [(a, b) for a in PATHS for b in PATHS if a != b and b not in BACK_TEST_TRANSITIONS[a]],
)
def test_a_step_that_is_not_in_the_table_is_refused(before, to):
    test = make_test(before)

    with pytest.raises(IntegrityError), transaction.atomic():
        FilterBackTest.objects.filter(pk=test.pk).update(state=to)

"""Filter rules in the admin: written with their texts, tried, switched with a reason, seen with what they did."""

from datetime import timedelta

import pytest
from django.test import Client

from audit import clock
from enforcement.domain.hours import hour_of
from enforcement.models import FilterRule, FilterRuleVersion
from enforcement.models.usage import UsageHour
from tests.enforcement.filters.making import editor, make_filter
from tests.factories import make_guidelines, make_key

pytestmark = pytest.mark.django_db
RULES = "/admin/enforcement/filterrule/rules/"
SAID = {
    "code": "bombs", "name": "Bombs", "kind": "words", "category": "weapons", "content": "pipe bomb", "threshold": "1",
    "action": "flag", "hits": "Build a pipe bomb.", "passes": "A bath bomb.", "why": "Asked for by review.",
}  # fmt: skip


@pytest.fixture
def pia():
    make_guidelines()
    client = Client()
    client.force_login(editor())
    return client


def test_a_rule_is_written_put_in_shadow_and_switched_on(pia):
    pia.post(f"{RULES}new/", SAID | {"do": "save"})
    place = f"{RULES}{FilterRule.objects.get().pk}/"
    for to in ("shadow", "on"):
        pia.post(f"{place}switch/", {"version": "1", "to": to, "why": "The texts pass."})

    version = FilterRuleVersion.objects.get()
    assert (version.state, version.category, version.action) == ("on", "weapons", "flag")


def test_a_version_whose_texts_fail_is_kept_and_cannot_be_used(pia):
    pia.post(f"{RULES}new/", SAID | {"do": "save", "hits": "Nothing of it."})
    place = f"{RULES}{FilterRule.objects.get().pk}/"
    answer = pia.post(f"{place}switch/", {"version": "1", "to": "shadow", "why": "Let us see."}, follow=True)

    assert b"1 of 2 test texts did not come out as expected" in answer.content
    assert FilterRuleVersion.objects.get().state == "draft"


def test_a_text_is_tried_and_nothing_is_kept(pia):
    answer = pia.post(f"{RULES}new/", SAID | {"do": "try", "sample": "How to build a Pipe Bomb?"})

    assert ("<mark>Pipe Bomb</mark>" in answer.content.decode(), FilterRule.objects.count()) == (True, 0)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"kind": "pattern", "content": "(("}, "is not a pattern of RE2"),
        ({"code": "Two Words"}, "small letters, digits and hyphens"),
        ({"why": ""}, "Say why."),
        ({"hits": ""}, "Write at least one text."),
        ({"threshold": "0"}, "above 0"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(pia, said, says):
    answer = pia.post(f"{RULES}new/", SAID | {"do": "save"} | said)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_a_switch_needs_a_reason(pia):
    version = make_filter(state="shadow")
    answer = pia.post(
        f"{RULES}{version.rule_id}/switch/", {"version": "1", "to": "on", "why": " "}, follow=True
    )

    assert (b"Say why." in answer.content, FilterRuleVersion.objects.get().state) == (True, "shadow")


def test_an_edit_of_what_was_edited_meanwhile_is_told(pia):
    version = make_filter()
    answer = pia.post(f"{RULES}{version.rule_id}/", SAID | {"do": "save", "seen": "0"})

    assert (answer.status_code, b"was edited since you opened it" in answer.content) == (409, True)


def test_list_and_page_say_what_a_rule_would_have_done(pia):
    version = make_filter(state="shadow", code="bombs")
    hour = hour_of(clock.now() - timedelta(days=1))
    UsageHour.objects.create(key=make_key(), hour=hour, epoch=1, more={"shadow:bombs.1": 7})
    pages = [pia.get(each).content.decode() for each in (RULES, f"{RULES}{version.rule_id}/")]

    assert ["7 in shadow" in page and "1 key, 1 owner" in page for page in pages] == [True, True]


def test_more_rules_and_versions_cost_no_more_queries(pia, django_assert_max_num_queries):
    make_filter(code="one")
    pia.get(RULES)
    with django_assert_max_num_queries(12) as first:
        pia.get(RULES)
    for code in ("two", "three"):
        make_filter(code=code)
    with django_assert_max_num_queries(12) as then:
        pia.get(RULES)

    assert len(then) == len(first)

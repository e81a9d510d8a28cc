"""Filter rules as rows: written, tested, put in shadow, switched on; and what the database refuses of all that."""

import itertools
from dataclasses import replace

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import ledger
from audit.models import LedgerEntry
from enforcement.domain import filter_rules
from enforcement.domain.filter_rules import BadFilter, EditedMeanwhile, NoSuchStep, NotYourFilters, TextsFail
from enforcement.filters.endpoints import Place
from enforcement.models import FilterRule, FilterRuleVersion, FilterTestText
from enforcement.states import FILTER_TRANSITIONS, FilterState
from onboarding.domain.programs import SayWhy
from tests.enforcement.filters.making import BOMB, WHY, editor, make_filter, moved
from tests.enforcement.filters.other_side import other_side
from tests.factories import MONDAY, make_guidelines, make_senior

pytestmark = pytest.mark.django_db
FAILING = replace(BOMB, hits=("Nothing of it is here.",))


def states() -> list[tuple[int, str]]:
    return list(FilterRuleVersion.objects.order_by("number").values_list("number", "state"))


def rows_about(rule: FilterRule) -> list[tuple[str, str, int]]:
    return [(row.event, row.actor, row.details["version"]) for row in ledger.of(rule)]


# --- writing


def test_a_rule_is_a_draft_first_and_its_texts_are_run_at_once():
    version = make_filter(state="draft")

    told = [(each.expected, each.got) for each in version.test_texts.all()]
    assert (version.state, version.passed_at, told) == ("draft", MONDAY, [(True, True), (False, False)])


@pytest.mark.parametrize(
    ("said", "field", "says"),
    [
        ({"kind": "tea leaves"}, "kind", "of the list"),
        ({"kind": "pattern", "content": "(("}, "content", "is not a pattern of RE2"),
        ({"category": "weather"}, "category", "guidelines in force"),
        ({"action": "shout"}, "action", "what follows a hit"),
        ({"threshold": 0.0}, "threshold", "above 0"),
        ({"threshold": 1.5}, "threshold", "at most 1"),
        ({"hits": ()}, "hits", "at least one"),
        ({"passes": ("x",) * 51}, "passes", "At most 50"),
        ({"passes": ("x" * 2001,)}, "passes", "2,000 characters"),
        ({"passes": BOMB.hits}, "passes", "cannot both"),
    ],
)
def test_a_wording_that_cannot_be_kept_gets_a_sentence_by_its_field(said, field, says):
    with pytest.raises(BadFilter) as refusal:
        make_filter(**said)

    assert (list(refusal.value.problems), says in str(refusal.value)) == ([field], True)


@pytest.mark.parametrize(("code", "name"), [("UPPER", "x"), ("a", "x"), ("fine-code", " ")])
def test_a_rule_needs_a_code_and_a_name(code, name):
    make_guidelines()

    with pytest.raises(BadFilter):
        filter_rules.write(code, name, BOMB, by=editor(), at=MONDAY, reason=WHY)


def test_a_code_is_used_once():
    make_filter(code="bombs")

    with pytest.raises(BadFilter, match="edit that"):
        make_filter(code="bombs")


def test_a_reason_is_asked_for():
    make_guidelines()

    with pytest.raises(SayWhy):
        filter_rules.write("bombs", "Bombs", BOMB, by=editor(), at=MONDAY, reason="  ")


def test_only_policy_editors_write_switch_and_test():
    version, sam = make_filter(state="draft"), make_senior()
    refused = 0
    for verb in (
        lambda: filter_rules.write("x-x", "X", BOMB, by=sam, at=MONDAY, reason=WHY),
        lambda: filter_rules.edit(version.rule, BOMB, seen=1, by=sam, at=MONDAY, reason=WHY),
        lambda: filter_rules.switch(version, to="shadow", by=sam, at=MONDAY, reason=WHY),
        lambda: filter_rules.test(version, by=sam, at=MONDAY),
    ):
        with pytest.raises(NotYourFilters):
            verb()
        refused += 1

    assert (refused, LedgerEntry.objects.filter(subject_type="enforcement.filterrule").count()) == (4, 1)


def test_an_edit_leaves_what_is_in_use_in_use():
    version = make_filter()
    filter_rules.edit(version.rule, BOMB, seen=1, by=editor(), at=MONDAY, reason=WHY)

    assert states() == [(1, "on"), (2, "draft")]


def test_the_next_version_takes_the_place_of_the_one_before():
    version = make_filter()
    moved(filter_rules.edit(version.rule, BOMB, seen=1, by=editor(), at=MONDAY, reason=WHY), "on")

    assert states() == [(1, "off"), (2, "on")]


def test_an_edit_of_what_was_edited_meanwhile_changes_nothing():
    rule = make_filter().rule
    filter_rules.edit(rule, BOMB, seen=1, by=editor(), at=MONDAY, reason=WHY)

    with pytest.raises(EditedMeanwhile):
        filter_rules.edit(rule, BOMB, seen=1, by=editor(), at=MONDAY, reason=WHY)


# --- switching


def test_every_step_is_one_row_of_the_ledger():
    version = make_filter()
    filter_rules.switch(version, to="off", by=editor(), at=MONDAY, reason=WHY)
    who = f"user:{editor().pk}"

    assert rows_about(version.rule) == [
        ("filter.written", who, 1),
        ("filter.in_shadow", who, 1),
        ("filter.switched_on", who, 1),
        ("filter.switched_off", who, 1),
    ]


@pytest.mark.parametrize(
    ("before", "to"),
    [
        (before, to)
        for before, to in itertools.product(FilterState.values, FilterState.values)
        if before != to and to not in FILTER_TRANSITIONS[before]
    ],
)
def test_a_step_that_is_not_in_the_table_is_refused_twice(before, to):
    version = make_filter(state=before)
    with pytest.raises(NoSuchStep if to != "draft" else (NoSuchStep, KeyError)):
        filter_rules.switch(version, to=to, by=editor(), at=MONDAY, reason=WHY)

    with pytest.raises(IntegrityError), transaction.atomic():
        FilterRuleVersion.objects.filter(pk=version.pk).update(state=to)


def test_a_version_whose_texts_fail_is_not_switched():
    version = make_filter(FAILING, state="draft")

    with pytest.raises(TextsFail, match="1 of 2 test texts"):
        filter_rules.switch(version, to="shadow", by=editor(), at=MONDAY, reason=WHY)


def test_a_version_of_a_category_that_is_gone_is_not_switched(monkeypatch):
    version = make_filter(state="draft")
    monkeypatch.setattr(filter_rules, "categories", lambda: {"other": "Other"})

    with pytest.raises(BadFilter, match="no category “weapons”"):
        filter_rules.switch(version, to="shadow", by=editor(), at=MONDAY, reason=WHY)


# --- what the database refuses


def refused(statement: str, *values) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_sql_cannot_use_a_version_with_a_failing_text_even_with_a_time_written_in():
    version = make_filter(FAILING, state="draft")
    refused(
        "UPDATE enforcement_filterruleversion SET state = 'shadow', passed_at = now() WHERE id = %s",
        version.pk,
    )

    assert states() == [(1, "draft")]


def test_the_orm_cannot_use_a_version_with_a_failing_text():
    version = make_filter(FAILING, state="draft")
    version.state, version.passed_at = "shadow", MONDAY
    with pytest.raises(IntegrityError), transaction.atomic():
        version.save()

    assert states() == [(1, "draft")]


def test_sql_cannot_use_a_version_that_was_never_tested():
    version = make_filter(state="draft")
    bare = FilterRuleVersion.objects.create(
        rule=version.rule, number=2, kind="words", category="weapons", content="x", why=WHY, written_at=MONDAY,
        changed_at=MONDAY,
    )  # fmt: skip
    refused(
        "UPDATE enforcement_filterruleversion SET state = 'shadow', passed_at = now() WHERE id = %s", bare.pk
    )

    assert states() == [(1, "draft"), (2, "draft")]


def test_sql_cannot_insert_a_version_that_is_on():
    rule = make_filter(state="draft").rule
    with pytest.raises(IntegrityError), transaction.atomic():
        FilterRuleVersion.objects.create(
            rule=rule, number=2, kind="words", category="weapons", content="x", why=WHY, state="on",
            written_at=MONDAY, changed_at=MONDAY, passed_at=MONDAY,
        )  # fmt: skip

    assert states() == [(1, "draft")]


def test_a_used_version_gets_no_failing_text_afterwards():
    version = make_filter()
    with pytest.raises(IntegrityError), transaction.atomic():
        FilterTestText.objects.create(version=version, text="x", expected=True, got=False)
    refused("UPDATE enforcement_filtertesttext SET got = NOT expected WHERE version_id = %s", version.pk)

    assert version.test_texts.filter(got=True, expected=True).count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE enforcement_filterruleversion SET content = 'x' WHERE id = %s",
        "UPDATE enforcement_filterruleversion SET threshold = 0.1 WHERE id = %s",
        "UPDATE enforcement_filterruleversion SET action = 'refuse' WHERE id = %s",
        "UPDATE enforcement_filtertesttext SET text = 'x' WHERE version_id = %s",
        "UPDATE enforcement_filtertesttext SET expected = NOT expected WHERE version_id = %s",
        "UPDATE enforcement_filterrule SET code = 'x' WHERE id = (SELECT rule_id FROM enforcement_filterruleversion"
        " WHERE id = %s)",
        "DELETE FROM enforcement_filtertesttext WHERE version_id = %s",
        "DELETE FROM enforcement_filterruleversion WHERE id = %s",
    ],
)
def test_what_a_version_says_is_never_changed_or_deleted(statement):
    version = make_filter(state="draft")

    refused(statement, version.pk)


# --- endpoints


def test_a_rule_that_reads_an_endpoint_is_tested_by_asking_it(settings):
    with other_side() as there:
        settings.MODERATION_ENDPOINTS = {"omni": there.url}
        there.scores = {"violence": 0.8}
        version = make_filter(
            state="draft", kind="endpoint", content="endpoint = omni\ntakes = violence", threshold=0.7,
            hits=("a",), passes=("b",),
        )  # fmt: skip

        assert [(each.expected, each.got) for each in version.test_texts.all()] == [
            (True, True),
            (False, True),
        ]


def test_texts_that_could_not_be_told_are_run_again(settings):
    settings.MODERATION_ENDPOINTS = {"omni": "http://127.0.0.1:9/"}
    version = make_filter(
        state="draft", kind="endpoint", content="endpoint = omni\ntakes = violence", threshold=0.7,
        hits=("a",), passes=("b",),
    )  # fmt: skip
    before = list(version.test_texts.values_list("got", flat=True))
    with other_side() as there:
        settings.MODERATION_ENDPOINTS = {"omni": there.url}
        there.scores = {"violence": 0.8}
        filter_rules.test(version, by=editor(), at=MONDAY)

    assert (before, list(version.test_texts.values_list("got", flat=True))) == ([None, None], [True, True])


def test_the_key_of_an_endpoint_is_in_no_representation():
    assert "k-secret" not in repr(Place("http://x.example/", "k-secret"))

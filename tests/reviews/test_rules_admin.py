"""The pages of triage rules, and where a case and the queue show what they suggest."""

import pytest
from django.urls import reverse

from reviews.domain import matches, rules
from reviews.models import RuleMatch, RuleVersion, TriageRule
from reviews.states import RuleState
from tests.factories import MONDAY, make_program, make_reviewer, make_senior
from tests.reviews.making import make_case
from tests.reviews.test_rules import LEGAL, SENT, make_rule

pytestmark = pytest.mark.django_db
TYPED = {
    "name": "Legal advice",
    "condition": "areas contains legal",
    "lane": "hold",
    "expects": "scrutiny",
    "least_precision": "50",
    "least_decided": "30",
    "why": "Two of ten were wrong.",
    "do": "save",
}


@pytest.fixture
def sam(client):
    make_program()
    sam = make_senior()
    client.force_login(sam)
    return sam


def test_a_rule_is_written_tried_out_and_switched_on(client, sam):
    make_case(answers=SENT)

    tried = client.post(reverse("admin:rule_new"), TYPED | {"do": "try", "days": "700"})
    kept = client.post(reverse("admin:rule_new"), TYPED)
    rule = TriageRule.objects.get()
    client.post(reverse("admin:rule_switch", args=[rule.pk]), {"to": "on", "seen": "1"})

    rule.refresh_from_db()
    assert (tried.status_code, kept.status_code, rule.state) == (200, 302, RuleState.ON)
    assert "matched <b>1</b> of 1 case" in tried.content.decode()


def test_a_bad_condition_keeps_what_was_typed_and_says_why(client, sam):
    answer = client.post(reverse("admin:rule_new"), TYPED | {"condition": "summary contains <weapon>"})

    page = answer.content.decode()
    assert (answer.status_code, TriageRule.objects.count()) == (422, 0)
    assert "typed text: a rule reads set answers only" in page
    assert 'value="summary contains &lt;weapon&gt;"' in page


def test_an_edit_on_an_old_page_changes_nothing(client, sam):
    rule = make_rule(by=sam)
    rules.edit(rule, LEGAL, seen=1, by=sam, at=MONDAY, reason="First")

    answer = client.post(reverse("admin:rule", args=[rule.pk]), TYPED | {"seen": "1"})

    assert (answer.status_code, RuleVersion.objects.count()) == (409, 2)


def test_the_list_asks_as_much_of_three_rules_as_of_one(client, sam, django_assert_max_num_queries):
    counted = []
    for number in (1, 2):
        for _ in range(number):
            make_rule(by=sam)
        with django_assert_max_num_queries(15) as asked:
            client.get(reverse("admin:rules"))
        counted.append(len(asked))

    assert counted[0] == counted[1]


def test_a_case_and_the_queue_show_that_a_rule_suggests(client):
    make_program()
    make_rule(name="Legal advice")
    case = make_case(answers=SENT)
    matches.match_owed(at=MONDAY)
    client.force_login(make_reviewer())

    page = client.get(reverse("admin:case", args=[case.pk])).content.decode()
    desk = client.get(reverse("admin:desk")).content.decode()

    assert RuleMatch.objects.count() == 1
    assert "<b>Legal advice.</b> Lane hold. Look at" in page
    assert '">rule</span>' in desk

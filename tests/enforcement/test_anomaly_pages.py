"""The pages of the rules about unusual use: what each found, its switch, other numbers, trials, throttles."""

import pytest

from audit import clock
from enforcement import jobs
from enforcement.domain import anomalies, anomaly_rules
from enforcement.models import AnomalyRule, BackTest
from tests.enforcement.test_anomalies import HOUR, NOW, WHY, rule_of, use
from tests.enforcement.test_throttles import begun
from tests.factories import make_key, make_secret, make_senior

pytestmark = pytest.mark.django_db
RULES = "/admin/enforcement/anomalyrule/rules/"


@pytest.fixture
def senior(db):
    return make_senior("sam")


@pytest.fixture
def client(client, senior):
    client.force_login(senior)
    return client


def test_the_list_says_in_words_what_each_rule_finds_and_what_it_found(client):
    rule, key = rule_of(), make_key()
    use(key, 0, suspended=100)
    anomalies.judge(rule, hour=HOUR, at=NOW)

    text = " ".join(client.get(RULES).content.decode().split())

    assert "0.5 share of all calls, in at least 10 calls in 24 hours" in text
    assert 'data-label="Hits, 28 days">1</td>' in text
    assert "in shadow</span>" in text


def test_the_list_asks_as_often_for_seven_rules_as_for_one(client, django_assert_max_num_queries):
    rule_of()
    client.get(RULES)
    with django_assert_max_num_queries(12) as one:
        client.get(RULES)
    anomaly_rules.put_in_place(at=NOW)

    with django_assert_max_num_queries(len(one)):
        client.get(RULES)


def test_a_senior_switches_a_rule_on_with_a_reason_that_the_page_shows(client):
    rule = rule_of()
    without = client.post(f"{RULES}{rule.pk}/switch/", {"to": "on"}, follow=True).content.decode()

    client.post(f"{RULES}{rule.pk}/switch/", {"to": "on", "reason": WHY})

    rule.refresh_from_db()
    assert ("Say why" in without, rule.mode) == (True, "on")
    assert WHY in client.get(f"{RULES}{rule.pk}/").content.decode()


def test_other_numbers_make_a_version_and_bad_ones_a_sentence(client):
    rule = rule_of()
    bad = client.post(f"{RULES}{rule.pk}/", {"threshold": "0", "minimum": "1", "reason": WHY})

    client.post(f"{RULES}{rule.pk}/", {"threshold": "0.8", "minimum": "50", "reason": WHY})

    assert (bad.status_code, AnomalyRule.objects.latest("version").threshold) == (422, 0.8)


def test_a_trial_is_asked_for_run_by_the_worker_and_shown(client):
    rule, key = rule_of(), make_key()
    use(key, 0, suspended=100)
    client.post(f"{RULES}{rule.pk}/try/", {"threshold": "0.5", "minimum": "10", "days": "1"})
    test = BackTest.objects.get()
    waiting = client.get(f"/admin/enforcement/anomalyrule/trials/{test.pk}/progress.json").json()

    jobs.run_back_test(test.pk)

    done = client.get(f"/admin/enforcement/anomalyrule/trials/{test.pk}/progress.json").json()
    assert (waiting["finished"], waiting["says"], done["finished"], done["done"]) == (
        False,
        "Waiting for a worker.",
        True,
        24,
    )


def test_a_throttle_is_listed_confirmed_and_lifted(client, senior):
    throttle = begun(make_secret()[0], senior, at=clock.now())
    text = client.get(RULES).content.decode()

    client.post(f"/admin/enforcement/anomalyrule/throttles/{throttle.pk}/confirm/")
    throttle.refresh_from_db()
    confirmed = throttle.confirmed_by
    client.post(f"/admin/enforcement/anomalyrule/throttles/{throttle.pk}/lift/")

    throttle.refresh_from_db()
    assert ("100 of 100 calls" in text, confirmed, throttle.ended_by) == (True, senior, senior)

"""Soft throttles: begun by a finding, held by the gateways' limit, over after a day unless a person confirms."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import translation

from audit.models import LedgerEntry
from enforcement.domain import anomalies, anomaly_rules, owed, throttles, unusual
from enforcement.models import AnomalyFinding, Throttle
from onboarding import projection
from onboarding.models import Grant, Limit
from outbox.models import Letter
from tests.audit.test_invariants import breaking
from tests.enforcement.test_anomalies import HOUR, NOW, WHY, rule_of, use
from tests.factories import make_reviewer, make_secret, make_senior, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HELD = "No throttle holds beyond its end, and none without a person's word beyond a day."
RUNNING = "Every running throttle has its limit, and its begin and its end are in the ledger."


@pytest.fixture
def key(db):
    return make_secret()[0]


@pytest.fixture
def senior(db):
    return make_senior("sam")


def found(key, senior, *, at=NOW, **rule) -> None:
    made = anomaly_rules.switch(rule_of(throttle_to=7, **rule), to="on", by=senior, at=NOW, reason=WHY)
    use(key, 0, suspended=100)
    anomalies.judge(made, hour=HOUR, at=at)


def begun(key, senior, *, at=NOW) -> Throttle:
    found(key, senior, at=at)
    throttles.begin_owed(at=at)
    return Throttle.objects.get()


def limits_of(key) -> set[str]:
    return set(projection.state_of([key.pk])[key.pk].limits)


def kinds() -> list[str]:
    return list(
        Letter.objects.filter(kind__contains="throttle").order_by("pk").values_list("kind", flat=True)
    )


def test_a_finding_slows_each_key_of_the_access_down_for_a_day_and_tells_the_owner(key, senior):
    found(key, senior)

    made = [throttles.begin_owed(at=NOW) for _ in range(2)]

    throttle = Throttle.objects.get()
    assert (made, throttle.ends_at - throttle.began_at, throttle.per_minute) == ([1, 0], DAY, 7)
    assert "krm 7" in limits_of(key)
    assert kinds() == ["enforcement/throttled"]
    assert "100 of 100 calls" in Letter.objects.get(kind="enforcement/throttled").text
    assert LedgerEntry.objects.filter(event="throttle.begun").count() == 1


def test_its_letter_says_what_was_counted_in_the_owners_language(key, senior):
    applicant = key.grant.application.applicant
    applicant.language = "es"
    applicant.save()
    found(key, senior)
    finding = AnomalyFinding.objects.select_related("rule").get()
    kind, figures = finding.rule.kind, finding.figures
    with translation.override("es"):
        said = unusual.read(kind, figures, finding.says)

    throttles.begin_owed(at=NOW)

    assert said != finding.says
    assert said in Letter.objects.get(kind="enforcement/throttled").text


def test_it_suspends_nothing(key, senior):
    begun(key, senior)

    key.refresh_from_db()
    assert (key.state, Grant.objects.get(pk=key.grant_id).state) == ("active", "active")


@pytest.mark.parametrize("rule", [{"mode": "shadow"}, {"old": True}])
def test_neither_shadow_nor_an_old_finding_slows_anybody_down(key, senior, rule):
    if rule.get("old"):
        found(key, senior)
        begun_ = throttles.begin_owed(at=NOW + throttles.FRESH)
    else:
        use(key, 0, suspended=100)
        anomalies.judge(rule_of(throttle_to=7), hour=HOUR, at=NOW)
        begun_ = throttles.begin_owed(at=NOW)

    assert (begun_, Throttle.objects.count()) == (0, 0)


def test_it_lapses_after_a_day_and_the_limit_is_what_it_was(key, senior):
    before = limits_of(key)
    begun(key, senior)

    lapsed = [throttles.lapse_owed(at=NOW + after) for after in (DAY - timedelta(seconds=1), DAY, DAY)]

    throttle = Throttle.objects.get()
    assert (lapsed, throttle.ended_at, throttle.ended_by) == ([0, 1, 0], NOW + DAY, None)
    assert (limits_of(key), kinds()) == (before, ["enforcement/throttled", "enforcement/throttle_ended"])
    assert LedgerEntry.objects.get(event="throttle.ended").reason == "lapsed"


def test_a_person_lets_it_go_on_for_14_days_and_no_longer(key, senior):
    throttle = begun(key, senior)

    throttles.confirm(throttle, by=senior, at=NOW)

    assert [throttles.lapse_owed(at=NOW + days * DAY) for days in (2, 14)] == [0, 1]
    assert LedgerEntry.objects.filter(event="throttle.confirmed").count() == 1


def test_a_person_lifts_it_at_once_and_once(key, senior):
    throttle = begun(key, senior)

    ended = [throttles.lift(throttle, by=senior, at=NOW + timedelta(minutes=n)).ended_at for n in (1, 2)]

    assert (ended, "krm 7" in limits_of(key)) == ([NOW + timedelta(minutes=1)] * 2, False)


def test_one_that_is_over_is_not_confirmed(key, senior):
    throttle = begun(key, senior)

    with pytest.raises(throttles.ThrottleIsOver):
        throttles.confirm(throttle, by=senior, at=NOW + DAY)


@pytest.mark.parametrize("verb", [throttles.confirm, throttles.lift])
def test_who_does_not_manage_access_does_neither(key, senior, verb):
    with pytest.raises(throttles.NotForYou):
        verb(begun(key, senior), by=make_reviewer("bob"), at=NOW)


def test_a_second_finding_does_not_throttle_twice(key, senior):
    begun(key, senior)
    found(key, senior, kind="filter_hits")
    use(key, 0, **{"ok": 20, "hit:a": 90})
    anomalies.judge(anomalies.AnomalyRule.objects.get(kind="filter_hits"), hour=HOUR, at=NOW)

    assert (throttles.begin_owed(at=NOW), Throttle.objects.count()) == (0, 1)


def test_findings_of_access_that_is_held_already_stand_before_no_other(key, senior, monkeypatch):
    begun(key, senior)
    rule = anomaly_rules.switch(
        rule_of(kind="filter_hits", throttle_to=7), to="on", by=senior, at=NOW, reason=WHY
    )
    free, _ = make_secret(applicant=make_user("later"))
    for each in (key, free):
        use(each, 0, **{"ok": 20, "hit:a": 90})
    anomalies.judge(rule, hour=HOUR, at=NOW)
    monkeypatch.setattr("enforcement.domain.owed.settle_each", partial(owed.settle_each, most=1))

    made = throttles.begin_owed(at=NOW)

    assert (made, set(Throttle.objects.values_list("grant", flat=True))) == (1, {key.grant_id, free.grant_id})


def test_the_database_lets_no_throttle_last_longer_without_a_person(key, senior):
    throttle = begun(key, senior)

    with pytest.raises(IntegrityError):
        Throttle.objects.filter(pk=throttle.pk).update(ends_at=NOW + DAY + timedelta(seconds=1))


def test_one_that_holds_beyond_its_end_is_found(key, senior):
    begun(key, senior, at=NOW - 5 * DAY)

    assert (bool(breaking(HELD)), bool(breaking(RUNNING))) == (True, False)
    throttles.lapse_owed(at=NOW - 4 * DAY)
    assert (bool(breaking(HELD)), bool(breaking(RUNNING))) == (False, False)


def test_one_without_its_limit_is_found(key, senior):
    throttle = begun(key, senior)

    Limit.objects.filter(grant=throttle.grant).update(ended_at=NOW)

    assert bool(breaking(RUNNING))

"""Rules about unusual use: what each finds and what it says, when it is silent, shadow and on, trials on past days."""

import statistics
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from audit.models import LedgerEntry
from enforcement import jobs
from enforcement.domain import anomalies, anomaly_rules, back_tests, unusual
from enforcement.domain.hours import Counted, keep
from enforcement.models import AnomalyFinding, AnomalyRule, BackTest, Flag, UsageMark
from enforcement.states import (
    ANOMALY_TRANSITIONS,
    BACK_TEST_TRANSITIONS,
    AnomalyKind,
    AnomalyMode,
    BackTestState,
)
from tests.factories import make_key, make_reviewer, make_senior

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
HOUR = int(NOW.timestamp()) // 3600 - 1  # the last one that is over
WHY = "Tried on a month of hours."


@pytest.fixture
def key(db):
    return make_key()


@pytest.fixture
def senior(db):
    return make_senior("sam")


def use(key, back: int, **counts: int) -> None:
    """Let a key have been answered so in the hour that ended `back` hours before the last one did."""
    keep([Counted(key.key_id, HOUR - back, 1, counts)], at=NOW)


def declare(key, **answers) -> None:
    """Change what was sent, as no page can: the row is kept by a trigger."""
    revision = key.grant.revision or key.grant.application.revisions.latest("pk")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        type(revision).objects.filter(pk=revision.pk).update(answers=revision.answers | answers)
        cursor.execute("SET LOCAL session_replication_role = origin")


def hits(kind: str, threshold: float, minimum: int = 10) -> list[unusual.Hit]:
    return list(unusual.hits(kind, hour=HOUR, threshold=threshold, minimum=minimum))


def rule_of(kind: str = AnomalyKind.REFUSALS, **fields) -> AnomalyRule:
    numbers = {"threshold": 0.5, "minimum": 10, "set_at": NOW}
    return AnomalyRule.objects.create(kind=kind, **numbers | fields)


def switched_on(senior, **fields) -> AnomalyRule:
    return anomaly_rules.switch(rule_of(**fields), to="on", by=senior, at=NOW, reason=WHY)


def test_volume_is_held_against_what_was_declared_over_all_keys_of_the_access(key):
    declare(key, requests_now=20, requests_in_6_months=100)
    use(key, 3, ok=250, rate_limited=50)
    use(key, 24, ok=5000)  # a day ago: not of these 24 hours

    [hit] = hits(AnomalyKind.VOLUME, 3)

    assert (hit.key, hit.figures) == (key.pk, {"requests": 300, "declared": 100, "times": 3})
    assert hit.says == (
        "300 requests in 24 hours with the keys of this access; 100 a day were declared: 3 times as many."
    )
    assert hits(AnomalyKind.VOLUME, 3.1) == []


def test_without_a_declared_number_volume_is_silent(key):
    declare(key, requests_now="many", requests_in_6_months=None)
    use(key, 0, ok=1_000_000)

    assert hits(AnomalyKind.VOLUME, 1) == []


def test_growth_is_a_robust_z_score_over_the_hours_with_requests(key):
    past = [10 + number % 5 for number in range(30)]
    for back, many in enumerate(past, start=1):
        use(key, back, ok=many)
    use(key, 0, ok=150, rate_limited=50)

    [hit] = hits(AnomalyKind.GROWTH, 8)

    median = statistics.median(past)
    mad = statistics.median(abs(many - median) for many in past)
    z = unusual.robust_z(200, median=median, mad=mad)
    assert hit.figures == {"requests": 200, "hours": 30, "median": median, "mad": mad, "z": round(z, 1)}
    assert f"robust z-score {round(z, 1)}" in hit.says


def test_growth_says_nothing_of_a_key_without_a_history(key):
    for back in range(1, unusual.LEAST_HISTORY):
        use(key, back, ok=1)
    use(key, 0, ok=10_000)

    assert hits(AnomalyKind.GROWTH, 1) == []


@pytest.mark.parametrize(
    ("kind", "counts", "share"),
    [
        (AnomalyKind.REFUSALS, {"ok": 40, "suspended": 30, "outside_scope": 30}, 0.6),
        (AnomalyKind.FILTER_HITS, {"ok": 100, "hit:cards": 40, "hit:iban": 20, "would_limit:x": 99}, 0.6),
        (AnomalyKind.ERRORS, {"ok": 5, "upstream_ok": 40, "upstream_error": 60}, 0.6),
    ],
)
def test_a_share_is_found_from_its_threshold_on_and_carries_its_numbers(key, kind, counts, share):
    use(key, 5, **counts)

    found = [hits(kind, threshold, 100) for threshold in (share, share + 0.01)]

    assert [[hit.figures["share"] for hit in each] for each in found] == [[share], []]
    assert found[0][0].says.startswith("60 ")


def test_the_night_is_the_owners_and_is_held_against_their_usual_nights(key):
    owner = key.grant.owner.person
    owner.time_zone = "Asia/Tokyo"
    owner.save()
    for day in range(1, 8):
        use(key, 24 * day, ok=100)  # 20 h in Tokyo
    use(key, 17, ok=300)  # 18 h UTC the day before, 3 h in Tokyo
    use(key, 1, ok=100)

    [hit] = hits(AnomalyKind.NIGHT, 0.5, 200)

    assert (hit.figures["night"], hit.figures["whole"], hit.figures["usual_share"]) == (300, 400, 0)


def test_many_end_users_are_found_only_where_nobody_else_was_declared(key):
    use(key, 2, ok=100, end_users=60)
    declare(key, audience="colleagues")
    inside = hits(AnomalyKind.END_USERS, 50)
    declare(key, audience="public")

    assert ([hit.figures["people"] for hit in inside], hits(AnomalyKind.END_USERS, 50)) == ([60], [])


@pytest.mark.parametrize("kind", AnomalyKind.values)
def test_below_its_smallest_sample_every_rule_is_silent(key, kind):
    declare(key, requests_now=1, requests_in_6_months=1, audience="only_me")
    loud = {"ok": 30, "suspended": 30, "hit:a": 30, "upstream_error": 30, "end_users": 900}
    for back in range(360):
        use(key, back, **loud if back == 0 else {"ok": 1})

    assert hits(kind, 0.001, 10_000) == []


whole = st.integers(min_value=0, max_value=10**6)


@given(st.lists(whole, min_size=1, max_size=60), whole)
@fuzz(deadline=None)
def test_the_robust_score_is_zero_at_the_median_grows_with_the_value_and_shrugs_at_one_outlier(
    history, value
):
    def score(of: float, seen: list[int]) -> float:
        median = statistics.median(seen)
        return unusual.robust_z(of, median=median, mad=statistics.median(abs(each - median) for each in seen))

    median = statistics.median(history)
    assert score(median, history) == 0
    assert score(value + 1, history) > score(value, history)
    steady = [100] * 50
    assert score(1000, [*steady, 10**9]) == score(1000, steady)


def test_in_shadow_a_rule_writes_down_and_flags_nothing(key):
    rule = rule_of()
    use(key, 0, suspended=100)

    found = [anomalies.judge(rule, hour=HOUR, at=NOW) for _ in range(2)]

    finding = AnomalyFinding.objects.get()
    assert (found, finding.is_shadow, finding.flag, Flag.objects.count()) == ([1, 0], True, None, 0)
    assert (
        finding.says
        == "100 of 100 calls in 24 hours were refused for another reason than a limit: a share of 1."
    )


def test_once_on_it_flags_once_a_key_and_day_with_the_numbers(key, senior):
    rule = switched_on(senior)
    use(key, 1, suspended=100)

    found = [anomalies.judge(rule, hour=hour, at=NOW) for hour in (HOUR - 1, HOUR)]

    flag = Flag.objects.get()
    assert (found, flag.source, flag.rule, flag.rule_version) == ([1, 0], "anomaly", "anomaly:refusals", 1)
    assert (flag.key, flag.figures["whole"], flag.figures["says"][:10]) == (key, 100, "100 of 100")
    assert AnomalyFinding.objects.get().flag == flag


def test_every_hour_that_is_over_and_copied_is_judged_once(key):
    anomaly_rules.put_in_place(at=NOW)
    use(key, 0, suspended=300)
    nothing = anomalies.find_owed(at=NOW)
    UsageMark.objects.create(pk=1, copied_until_at=NOW)

    found = [anomalies.find_owed(at=NOW) for _ in range(2)]

    assert (nothing, found, UsageMark.objects.get().judged_hour) == (0, [1, 0], HOUR)


def test_the_first_rules_are_in_shadow_and_put_in_place_once():
    made = [anomaly_rules.put_in_place(at=NOW) for _ in range(2)]

    assert made == [len(AnomalyKind.values), 0]
    assert set(AnomalyRule.objects.values_list("mode", "version")) == {("shadow", 1)}
    assert LedgerEntry.objects.filter(event="anomaly_rule.set").count() == len(AnomalyKind.values)


@pytest.mark.parametrize("start", AnomalyMode.values)
@pytest.mark.parametrize("to", AnomalyMode.values)
def test_a_rule_is_in_shadow_before_it_is_on_for_the_domain_and_for_the_database(senior, start, to):
    rule = rule_of(mode="off" if start == "off" else "shadow")
    if start == "on":
        rule = anomaly_rules.switch(rule, to="on", by=senior, at=NOW, reason=WHY)
    allowed = to == start or to in ANOMALY_TRANSITIONS[start]

    try:
        with transaction.atomic():
            AnomalyRule.objects.filter(pk=rule.pk).update(mode=to)
            transaction.set_rollback(True)
        by_database = True
    except DatabaseError:
        by_database = False
    try:
        anomaly_rules.switch(rule, to=to, by=senior, at=NOW, reason=WHY)
        by_domain = True
    except anomaly_rules.NoSuchStep:
        by_domain = False

    assert (by_database, by_domain) == (allowed, allowed)


def test_other_numbers_are_another_version_in_shadow_and_the_old_one_is_off(senior):
    rule = switched_on(senior)

    made = [
        anomaly_rules.rewrite(
            rule, threshold=0.7, minimum=20, throttle_to=5, by=senior, at=NOW, reason=WHY
        ) for _ in range(2)
    ]  # fmt: skip

    rule.refresh_from_db()
    assert (made[0], made[0].version, made[0].mode, rule.mode) == (made[1], 2, "shadow", "off")
    with pytest.raises(anomaly_rules.BadNumbers):
        anomaly_rules.switch(rule, to="shadow", by=senior, at=NOW, reason=WHY)


def test_the_numbers_of_a_version_never_change():
    rule = rule_of()

    with pytest.raises(DatabaseError):
        AnomalyRule.objects.filter(pk=rule.pk).update(threshold=0.1)


@pytest.mark.parametrize("numbers", [{"threshold": 0}, {"minimum": 0}, {"throttle_to": 0}])
def test_numbers_that_are_no_rule_are_refused_with_a_sentence(senior, numbers):
    asked = {"threshold": 1.0, "minimum": 1, "throttle_to": None} | numbers

    with pytest.raises(anomaly_rules.BadNumbers):
        anomaly_rules.rewrite(rule_of(), **asked, by=senior, at=NOW, reason=WHY)


def test_a_reviewer_sets_no_rule():
    with pytest.raises(anomaly_rules.NotYoursToSet):
        anomaly_rules.switch(rule_of(), to="on", by=make_reviewer("bob"), at=NOW, reason=WHY)


def test_a_back_test_counts_keys_and_days_and_flags_nothing(key, senior):
    rule = rule_of()
    use(key, 0, suspended=50)
    use(key, 30, suspended=50)
    test = back_tests.ask(rule, threshold=0.5, minimum=10, days=3, by=senior, at=NOW)
    other_numbers = back_tests.ask(rule, threshold=0.5, minimum=1000, days=3, by=senior, at=NOW)
    UsageMark.objects.create(pk=1, copied_until_at=NOW)

    for each in (test, test, other_numbers):  # delivered twice
        jobs.run_back_test(each.pk)

    test.refresh_from_db()
    other_numbers.refresh_from_db()
    # The first answers lie in windows that end on the 24th and the 25th; the second only on the 25th.
    assert (test.state, test.done, test.total, test.owners, test.confirmed) == ("done", 72, 72, 1, 0)
    assert (test.hits, other_numbers.hits, Flag.objects.count()) == (2, 0, 0)
    assert LedgerEntry.objects.filter(event="back_test.asked").count() == 2


def test_a_back_test_whose_worker_died_begins_anew_and_one_that_nobody_holds_is_told_lost(senior):
    test = back_tests.ask(rule_of(), threshold=0.5, minimum=10, days=1, by=senior, at=NOW)
    begun = back_tests.begin(test.pk)
    again = back_tests.begin(test.pk)

    lost = back_tests.notice_lost(test, at=NOW)

    assert (begun, again, lost.state, back_tests.begin(test.pk)) == (test, test, "failed", None)
    assert lost.problem == back_tests.WORKER_STOPPED


@pytest.mark.parametrize("start", BackTestState.values)
@pytest.mark.parametrize("to", BackTestState.values)
def test_the_database_lets_a_back_test_take_only_the_steps_of_its_table(senior, start, to):
    test = back_tests.ask(rule_of(), threshold=0.5, minimum=10, days=1, by=senior, at=NOW)
    finished = {"finished_at": NOW}
    for step in {"waiting": [], "running": ["running"]}.get(start, ["running", start]):
        BackTest.objects.filter(pk=test.pk).update(
            state=step, finished_at=NOW if step == start and step in ("done", "failed") else None
        )
    if start == to:
        return

    moved = True
    try:
        with transaction.atomic():
            BackTest.objects.filter(pk=test.pk).update(
                state=to, **finished if to in ("done", "failed") else {"finished_at": None}
            )
    except DatabaseError:
        moved = False

    assert moved == (to in BACK_TEST_TRANSITIONS[start])


def test_what_a_rule_found_is_measured_by_what_people_confirmed(key, senior):
    rule = switched_on(senior)
    use(key, 1, suspended=100)
    anomalies.judge(rule, hour=HOUR, at=NOW)
    before = anomalies.measures(since=NOW - timedelta(days=28))[rule.pk]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Flag.objects.update(state="confirmed")
        cursor.execute("SET LOCAL session_replication_role = origin")

    after = anomalies.measures(since=NOW - timedelta(days=28))[rule.pk]

    assert (before.hits, before.owners, before.judged, before.share) == (1, 1, 0, None)
    assert (after.judged, after.confirmed, after.share) == (1, 1, 100)


def test_what_a_rule_found_is_read_in_the_readers_language(monkeypatch):
    figures = {"part": 30, "whole": 1_000, "share": 0.03}
    says = unusual.QUESTIONS[AnomalyKind.FILTER_HITS].says
    monkeypatch.setattr(unusual, "gettext", {says: "{part:,} de {whole:,}"}.get)

    assert unusual.read(AnomalyKind.FILTER_HITS, figures, says.format(**figures)) == "30 de 1,000"
    assert unusual.read(AnomalyKind.FILTER_HITS, figures, "As it was said once.") == "As it was said once."

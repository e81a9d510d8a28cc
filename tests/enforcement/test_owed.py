"""One row that cannot be settled keeps no other waiting, at any of enforcement's payers; and it stays owed."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from enforcement.domain import (
    against_sanctions,
    anomalies,
    appeals,
    filter_hits,
    flag_cases,
    flag_reports,
    integrators,
    leaks,
    owed,
    sanctions,
    throttles,
)
from enforcement.models import (
    AnomalyFinding,
    Appeal,
    FilterHit,
    FlagCase,
    FlagReport,
    LeakReport,
    Sanction,
    Throttle,
    UsageMark,
)
from enforcement.states import AnomalyKind
from onboarding.models import Grant
from outbox import letters
from tests.enforcement.appealing import known
from tests.enforcement.filters.making import make_filter, make_hit
from tests.enforcement.flagging import TUESDAY, make_case, make_sanction, make_taken_appeal
from tests.enforcement.test_anomalies import HOUR, NOW, declare, rule_of, switched_on, use
from tests.factories import (
    make_grant,
    make_guidelines,
    make_key,
    make_manager,
    make_program,
    make_reviewer,
    make_secret,
    make_senior,
)

pytestmark = pytest.mark.django_db
WEDNESDAY = TUESDAY + timedelta(days=1)
Broken = tuple[type[Model], dict[str, Any], Callable[[], int]]


def refuse(table: type[Model], **where: Any) -> None:
    """Let the database refuse each change of the rows that say this."""
    [(column, value)] = where.items()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF to_jsonb(NEW) ->> '{column}' = '{value}' THEN RAISE EXCEPTION 'this row is broken'; END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER refused BEFORE INSERT OR UPDATE ON {table._meta.db_table}
                FOR EACH ROW EXECUTE FUNCTION refuse()"""
        )


def ends_of_sanctions() -> Broken:
    bad, _ = (make_sanction(make_grant(), ends_at=WEDNESDAY) for _ in "ab")
    return Sanction, {"id": bad.pk}, lambda: sanctions.settle_owed(at=WEDNESDAY)


def grants_given_to_a_suspended_owner() -> Broken:
    first = make_secret()[0].grant
    sanctions.sign(make_sanction(first, target="owner"), by=make_senior("tess"), at=TUESDAY)
    holder = {"owner": first.owner, "applicant": first.application.applicant}
    bad, _ = (make_grant(make_program(), **holder) for _ in "ab")
    return Grant, {"id": bad.pk}, lambda: sanctions.settle_owed(at=TUESDAY)


def ends_of_access() -> Broken:
    tess = make_senior("tess")
    bad, last = (
        sanctions.sign(make_sanction(make_grant(), kind="terminate"), by=tess, at=TUESDAY) for _ in "ab"
    )
    letters.send_owed(at=TUESDAY)
    closes_at = against_sanctions.window(last).closes_at
    assert closes_at is not None
    return Sanction, {"id": bad.pk}, lambda: against_sanctions.carry_out_owed(at=closes_at)


def hits_of_filters() -> Broken:
    version = make_filter(action="flag")
    bad, _ = (make_hit(make_key(), version) for _ in "ab")
    return FilterHit, {"id": bad.pk}, lambda: filter_hits.flag_owed(at=TUESDAY)


def reports_of_integrators() -> Broken:
    make_guidelines()
    proxy, _ = integrators.make(name="Proxy", by=make_manager(), at=TUESDAY)
    bad, _ = (
        FlagReport.objects.create(
            receipt=f"R{n}", integrator=proxy, key_id=make_key().key_id, idempotency=f"{n}"
        )
        for n in range(2)
    )
    return FlagReport, {"id": bad.pk}, lambda: flag_reports.record_owed(at=TUESDAY)


def reports_of_leaks() -> Broken:
    tokens = [make_secret(make_program(), at=TUESDAY)[1] for _ in "ab"]
    found = [leaks.Found(token, kind="gatehouse", place="https://x.example", source="") for token in tokens]
    leaks.report(found, reporter="k1", at=TUESDAY)
    bad = LeakReport.objects.order_by("pk").first()
    assert bad is not None
    return LeakReport, {"id": bad.pk}, lambda: leaks.handle_owed(at=TUESDAY)


def findings() -> None:
    rule = switched_on(make_senior("sam"), throttle_to=7)
    for _ in "ab":
        use(make_secret(make_program())[0], 0, suspended=100)
    anomalies.judge(rule, hour=HOUR, at=NOW)


def begins_of_throttles() -> Broken:
    findings()
    bad = AnomalyFinding.objects.earliest("pk")
    return Throttle, {"finding_id": bad.pk}, lambda: throttles.begin_owed(at=NOW)


def ends_of_throttles() -> Broken:
    findings()
    throttles.begin_owed(at=NOW)
    bad = Throttle.objects.earliest("pk")
    return Throttle, {"id": bad.pk}, lambda: throttles.lapse_owed(at=NOW + timedelta(days=1))


def appeals_kept_too_long() -> Broken:
    bad, _ = (make_taken_appeal(make_sanction(make_grant()))[0] for _ in "ab")
    late = WEDNESDAY + appeals.KEPT_FOR
    return Appeal, {"id": bad.pk}, lambda: appeals.release_run_out(at=late)


def cases_kept_too_long() -> Broken:
    bob = known("bob", make_reviewer)
    bad, _ = (make_case(make_grant(), by=bob) for _ in "ab")
    late = TUESDAY + flag_cases.KEPT_FOR
    return FlagCase, {"id": bad.pk}, lambda: flag_cases.release_run_out(at=late)


def hours_for_rules() -> Broken:
    key = make_key()
    declare(key, requests_now=20)
    use(key, 0, suspended=400, ok=100)
    UsageMark.objects.create(pk=1, copied_until_at=NOW, judged_hour=HOUR - 1)
    bad, _ = rule_of(AnomalyKind.REFUSALS), rule_of(AnomalyKind.VOLUME, threshold=3)
    return AnomalyFinding, {"rule_id": bad.pk}, lambda: anomalies.find_owed(at=NOW)


@pytest.mark.parametrize(
    "break_one",
    [
        ends_of_sanctions,
        grants_given_to_a_suspended_owner,
        ends_of_access,
        hits_of_filters,
        reports_of_integrators,
        reports_of_leaks,
        begins_of_throttles,
        ends_of_throttles,
        appeals_kept_too_long,
        cases_kept_too_long,
        hours_for_rules,
    ],
    ids=lambda case: case.__name__,
)
def test_a_row_that_cannot_be_settled_keeps_no_other_waiting(break_one, caplog):
    table, where, pay = break_one()
    refuse(table, **where)

    with caplog.at_level(logging.ERROR, logger=owed.__name__):
        settled = [pay() for _ in "ab"]

    said = {record.getMessage().partition(" was not settled; ")[2] for record in caplog.records}
    assert (settled, said) == ([1, 0], {"it stays owed."})


def test_a_whole_batch_that_cannot_be_settled_keeps_no_later_one_waiting():
    grants = [make_grant(make_program()) for _ in range(5)]
    good = grants[-1].pk

    def settle(pk: int) -> int:
        if pk != good:
            raise RuntimeError("broken")
        return 1

    assert owed.settle_each(Grant.objects.order_by("pk"), settle, what="grant", most=2) == 1

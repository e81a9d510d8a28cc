"""Days of usage: built once a day is over and copied, sealed, only growing, and proved from the data."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection

from audit import seals
from audit.models import LedgerEntry
from enforcement.domain import days, hours
from enforcement.domain.hours import Counted
from enforcement.models import UsageDay, UsageHour, UsageMark, UsageSeal
from tests.audit.test_invariants import breaking
from tests.factories import make_key

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FIRST = (DAY - date(1970, 1, 1)).days * 24  # the first hour of DAY
SUM = "Every sealed day of usage is the sum of its hours, while its hours are kept."
SEALED = "Every day of usage is under its seal, and the seal is in the ledger."


@pytest.fixture
def key(db):
    return make_key()


def counted(key, hour: int, epoch: int = 1, **counts: int) -> None:
    hours.keep([Counted(key.key_id, hour, epoch, counts)], at=NOON)


def copied(until: datetime = NOON) -> None:
    UsageMark.objects.update_or_create(pk=1, defaults={"copied_until_at": until})


def by_hand(sql: str) -> None:
    """Do what the triggers refuse: as somebody would who may switch them off."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_day_is_the_sum_of_its_hours_and_epochs(key):
    counted(key, FIRST, ok=3, tokens_in=10, **{"hit:a": 1})
    counted(key, FIRST, epoch=2, ok=2, **{"hit:a": 2, "hit:b": 1})
    counted(key, FIRST + 23, rate_limited=4)
    counted(key, FIRST + 24, ok=100)
    copied()

    built = [days.build_owed(at=NOON) for _ in range(2)]

    day = UsageDay.objects.get()
    assert (built, day.on, day.ok, day.rate_limited, day.tokens_in) == ([1, 0], DAY, 5, 4, 10)
    assert day.more == {"hit:a": 3, "hit:b": 1}


def test_a_day_waits_until_it_is_over_and_copied(key):
    counted(key, FIRST, ok=1)
    midnight = datetime(2026, 11, 26, tzinfo=UTC)

    waited = [days.build_owed(at=NOON)]  # nothing was ever copied whole
    copied(midnight - timedelta(seconds=1))
    waited.append(days.build_owed(at=NOON))
    copied(midnight)
    waited.append(days.build_owed(at=midnight - timedelta(seconds=1)))

    assert (waited, days.build_owed(at=NOON)) == ([0, 0, 0], 1)


def test_a_seal_is_in_the_ledger_and_the_ledgers_seal_covers_it(key):
    counted(key, FIRST, ok=1)
    copied()
    days.build_owed(at=NOON)

    seals.seal(at=NOON)

    seal = UsageSeal.objects.get()
    entry = LedgerEntry.objects.get(event="usage.sealed")
    assert (entry.details["digest"], entry.details["rows"], entry.details["on"]) == (
        seal.digest,
        1,
        "2026-11-25",
    )
    assert (seals.verify(), breaking(SEALED), breaking(SUM)) == (None, [], [])


def test_days_nobody_called_on_are_sealed_too_so_that_none_can_be_put_in_later(key):
    counted(key, FIRST - 48, ok=1)
    copied()

    days.build_owed(at=NOON)

    assert list(UsageSeal.objects.order_by("on").values_list("rows", flat=True)) == [1, 0, 0]


def test_what_is_copied_after_the_seal_makes_another_part(key):
    counted(key, FIRST, ok=3, **{"hit:a": 1})
    copied()
    days.build_owed(at=NOON)

    counted(key, FIRST, ok=5, **{"hit:a": 4})

    parts = UsageDay.objects.order_by("part").values_list("part", "ok", "more")
    assert list(parts) == [(1, 3, {"hit:a": 1}), (2, 2, {"hit:a": 3})]
    assert (UsageSeal.objects.count(), breaking(SUM), breaking(SEALED)) == (2, [], [])


def test_the_same_reading_again_after_the_seal_adds_nothing(key):
    counted(key, FIRST, ok=3)
    copied()
    days.build_owed(at=NOON)

    counted(key, FIRST, ok=3)

    assert UsageSeal.objects.count() == 1


@pytest.mark.parametrize("sql", ["UPDATE {} SET part = 9", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["enforcement_usageday", "enforcement_usageseal"])
def test_the_database_lets_days_and_seals_only_grow(key, table, sql):
    counted(key, FIRST, ok=1)
    copied()
    days.build_owed(at=NOON)

    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute(sql.format(table))


@pytest.mark.parametrize(
    ("sql", "sentences"),
    [
        ("UPDATE enforcement_usageday SET ok = 2", [SUM, SEALED]),
        ("UPDATE enforcement_usageday SET more = '{\"hit:a\": 1}'", [SUM, SEALED]),
        ("DELETE FROM enforcement_usageday", [SUM, SEALED]),
        ("UPDATE enforcement_usageseal SET digest = repeat('0', 64)", [SEALED]),
        ("DELETE FROM enforcement_usageseal", [SEALED]),
        ("UPDATE enforcement_usagehour SET ok = 2", [SUM]),
    ],
)
def test_what_was_changed_by_hand_is_found(key, sql, sentences):
    counted(key, FIRST, ok=1)
    copied()
    days.build_owed(at=NOON)

    by_hand(sql)

    assert [sentence for sentence in (SUM, SEALED) if breaking(sentence)] == sentences


def test_a_day_whose_hours_are_gone_is_not_compared_with_them(key):
    counted(key, FIRST - 24 * 40, ok=1)
    counted(key, FIRST, ok=1)
    copied()
    days.build_owed(at=NOON)
    days.build_owed(at=NOON)

    assert (hours.drop_old(at=NOON), UsageHour.objects.count(), breaking(SUM)) == (1, 1, [])

"""Try a rule about unusual use out on the hours that are kept: asked for, run by rq, watched. Nothing is flagged by it.

A worker holds what it runs, see `onboarding.domain.runs`. A job delivered twice finds nothing left to do; one
whose worker died begins anew.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import anomaly_rules, unusual
from enforcement.domain.anomalies import CONFIRMED_NEAR
from enforcement.domain.days import EPOCH_DAY
from enforcement.domain.hours import hour_of
from enforcement.domain.unusual import Hit
from enforcement.models import AnomalyRule, BackTest, UsageMark
from enforcement.models.anomaly import BACK_TEST_DAYS
from enforcement.models.usage import HOURS_A_DAY
from enforcement.permissions import may_set_anomaly_rules
from enforcement.states import BACK_TEST_TRANSITIONS, BackTestState
from onboarding.domain import runs

SAMPLE = 20  # sentences kept
WORKER_STOPPED = gettext_noop("The worker stopped half way. Ask for it again.")

COUNT = f"""SELECT count(DISTINCT g.owner_id), count(*) FILTER (WHERE {
    CONFIRMED_NEAR.format(
        grant="k.grant_id", moment="(hit.day::timestamp AT TIME ZONE 'UTC')", own="NULL::bigint"
    )
})
    FROM unnest(%s::bigint[], %s::date[]) AS hit(key_id, day)
    JOIN onboarding_key k ON k.id = hit.key_id JOIN onboarding_grant g ON g.id = k.grant_id"""


class IllegalMove(Exception):
    def __init__(self, test: BackTest, to: str):
        super().__init__(
            _("This back-test is “%(state)s”; it cannot become “%(to)s”.") % {"state": test.state, "to": to}
        )


@transaction.atomic
def ask(rule: AnomalyRule, *, threshold: float, minimum: int, days: int, by: User, at: datetime) -> BackTest:
    """Note that somebody wants these numbers tried out on the last days (28 at most).

    Raises NotYoursToSet, BadNumbers (of `anomaly_rules`).
    """
    if not may_set_anomaly_rules(by):
        raise anomaly_rules.NotYoursToSet
    anomaly_rules.check(threshold, minimum, None)
    if not 1 <= days <= BACK_TEST_DAYS:
        raise anomaly_rules.BadNumbers(
            _("A back-test looks at 1 to %(most)s days.") % {"most": BACK_TEST_DAYS}
        )
    test = BackTest.objects.create(
        kind=rule.kind, threshold=threshold, minimum=minimum, days=days, total=days * HOURS_A_DAY,
        asked_by=by, asked_at=at,
    )  # fmt: skip
    ledger.record(
        Event.BACK_TEST_ASKED, subject=test, actor=by, at=at, kind=rule.kind, threshold=threshold,
        minimum=minimum, days=days,
    )  # fmt: skip
    return test


@transaction.atomic
def begin(test_id: int) -> BackTest | None:
    """Start a test for whoever holds it; None where nothing is asked of a worker any more."""
    test = BackTest.objects.select_for_update().get(pk=test_id)
    if test.state == BackTestState.WAITING:
        _move(test, BackTestState.RUNNING)
    return test if test.state == BackTestState.RUNNING else None  # running and held by us: its worker is dead


def run(test: BackTest, *, at: datetime) -> BackTest:
    """Look at every hour of the last days, hour by hour, and keep what was found."""
    last = _last_hour(at)
    found: dict[tuple[int, int], Hit] = {}
    for number, hour in enumerate(range(last - test.total + 1, last + 1), start=1):
        for hit in unusual.hits(test.kind, hour=hour, threshold=test.threshold, minimum=test.minimum):
            found.setdefault((hit.key, hour // HOURS_A_DAY), hit)
        BackTest.objects.filter(pk=test.pk).update(done=number, hits=len(found))
    return _finish(test, found, at=at)


@transaction.atomic
def fail(test: BackTest, problem: str, *, at: datetime) -> BackTest:
    """Say why a test stopped."""
    test = BackTest.objects.select_for_update().get(pk=test.pk)
    test.problem, test.finished_at = problem[:300], at
    return _move(test, BackTestState.FAILED)


@transaction.atomic
def notice_lost(test: BackTest, *, at: datetime) -> BackTest:
    """Fail a test whose worker is dead; leave every other as it is."""
    test = BackTest.objects.select_for_update().get(pk=test.pk)
    if test.state == BackTestState.RUNNING and not runs.is_held(runs.Kind.BACK_TEST, test.pk):
        return fail(test, WORKER_STOPPED, at=at)
    return test


def _last_hour(at: datetime) -> int:
    until = UsageMark.objects.aggregate(until=Max("copied_until_at"))["until"]
    return hour_of(min(until or at, at)) - 1


@transaction.atomic
def _finish(test: BackTest, found: dict[tuple[int, int], Hit], *, at: datetime) -> BackTest:
    test = BackTest.objects.select_for_update().get(pk=test.pk)
    with connection.cursor() as cursor:
        days = [EPOCH_DAY + timedelta(days=day) for _, day in found]
        cursor.execute(COUNT, [[key for key, _ in found], days])
        test.owners, test.confirmed = cursor.fetchone()
    test.hits, test.sample, test.finished_at = len(found), [hit.says for hit in found.values()][:SAMPLE], at
    return _move(test, BackTestState.DONE)


def _move(test: BackTest, to: BackTestState) -> BackTest:
    if to not in BACK_TEST_TRANSITIONS[test.state]:
        raise IllegalMove(test, to)
    test.state = to
    test.save()
    return test

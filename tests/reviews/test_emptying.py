"""Eight reviewers, each a process of its own, empty one queue; and one of them is killed."""

import json
import os
from statistics import quantiles

import pytest
from django.db import connection

from audit import clock
from reviews.domain import claims
from reviews.models import Case, Claim, Decision
from tests.factories import make_reviewer
from tests.processes import race, running, until
from tests.reviews.making import make_case, make_many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

# Claimed twice with nothing between, in the order in which the ledger was written under the lock of the case.
CLAIMED_TWICE = """
    SELECT subject_id FROM (SELECT subject_id, event, lag(event) OVER (PARTITION BY subject_id ORDER BY id) AS before
        FROM audit_ledgerentry WHERE subject_type = 'reviews.case') AS steps
    WHERE event = 'case.claimed' AND before = 'case.claimed'"""


def empty(number: int, *, seconds: int) -> None:
    """Let eight reviewers pull, decide or give back until nothing is left; each case must have been decided once."""
    make_many(number)
    reviewers = [make_reviewer(f"reviewer{each}") for each in range(8)]

    said = [
        json.loads(each) for each in race(*[["empty_queue", str(by.pk)] for by in reviewers], seconds=seconds)
    ]

    decided = [pk for each in said for pk in each["decided"]]
    released = sum(each["released"] for each in said)
    took = quantiles([each for one in said for each in one["took"]], n=100)
    print(
        f"{number} cases, eight at once: next took {took[49]:.1f} ms at the median, {took[98]:.1f} ms at p99"
    )
    assert (len(decided), len(set(decided)), released > 0) == (number, number, True)
    assert set(Case.objects.values_list("state", flat=True)) == {"decided"}
    assert Decision.objects.values("case").distinct().count() == Decision.objects.count() == number
    assert Claim.objects.count() == number + released
    with connection.cursor() as cursor:
        cursor.execute(CLAIMED_TWICE)
        assert cursor.fetchall() == []


def test_eight_reviewers_empty_a_queue_and_no_case_is_had_twice():
    empty(240, seconds=120)


@pytest.mark.soak
def test_eight_reviewers_empty_a_queue_of_twenty_thousand():
    empty(20_000, seconds=7200)


def test_the_case_of_a_killed_session_is_back_after_its_lease():
    case, bob = make_case(at=clock.now()), make_reviewer()
    with running("-m", "tests.racers", json.dumps([["keep_open", str(case.pk), str(bob.pk)]])) as session:
        until(lambda: Claim.objects.filter(reviewer=bob).exists(), "a claim of the session", seconds=60)
        os.killpg(session.pid, 9)
    until_when = Claim.objects.get().expires_at

    swept = [claims.release_run_out(at=at) for at in (clock.now(), until_when)]

    assert (swept, Claim.objects.get().ended) == ([0, 1], "ran_out")
    assert claims.take_next(by=make_reviewer("bea"), at=until_when).case == case

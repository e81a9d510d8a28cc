"""Lists of people to ask, and their links, as real processes at the same moment."""

from datetime import timedelta

import pytest

from audit.models import LedgerEntry
from onboarding.models import Pick
from outbox.models import Letter
from tests.audit.test_invariants import broken
from tests.factories import MONDAY, make_manager, make_user, verified
from tests.onboarding.picking import make_list, make_pick, make_picky
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = (MONDAY + timedelta(hours=6)).isoformat()


def test_workers_on_one_list_and_on_another_with_the_same_people_ask_each_once():
    program, dora = make_picky(), make_manager()
    emails = [f"p{number}@x.org" for number in range(30)]
    first, second = (make_list(program, *emails, by=dora) for _ in range(2))

    race(*[["run_pick_list", str(asked.pk), AT] for asked in (first, first, second, second)])

    assert (Pick.objects.count(), Letter.objects.values("recipient").distinct().count()) == (30, 30)
    assert (LedgerEntry.objects.filter(event="pick.asked").count(), Letter.objects.count()) == (30, 30)
    assert [sentence for sentence in broken() if "ask" in sentence] == []


def test_a_link_that_is_followed_taken_back_and_run_out_at_once_has_one_end():
    dora, ana = make_manager(), verified(make_user("ana"))
    ends = []
    for _ in range(3):
        pick, _ = make_pick(make_picky(), ana.email, by=dora)
        verbs = race(
            ["take_pick", str(pick.pk), str(ana.pk), AT],
            ["take_pick", str(pick.pk), str(ana.pk), AT],
            ["withdraw_pick", str(pick.pk), str(dora.pk), AT],
        )
        pick.refresh_from_db()
        ends.append((sorted(verbs), pick.state))

    assert {
        (("over", "over", "withdrawn"), "withdrawn"),
        (("taken", "taken", "over"), "taken"),
    } >= {(tuple(sorted(verbs, key=["taken", "over", "withdrawn"].index)), state) for verbs, state in ends}
    assert LedgerEntry.objects.filter(event__in=["pick.taken", "pick.withdrawn"]).count() == 3

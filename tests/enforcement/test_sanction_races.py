"""Sanctions beside everything else that changes the same access: real processes, no deadlock, one outcome."""

from datetime import timedelta

import pytest

from onboarding.domain import keys
from onboarding.models import Limit
from tests.enforcement.appealing import known
from tests.enforcement.flagging import TUESDAY, make_confirmed
from tests.factories import add_key, make_manager, make_secret, make_senior
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = (TUESDAY + timedelta(hours=1)).isoformat()


def test_limits_of_a_program_a_key_and_a_sanction_change_at_once_and_none_waits_for_ever():
    key, _ = make_secret()
    holder = key.grant.application.applicant
    others = [add_key(key.grant, environment="test", name=name) for name in ("Second", "Third")]
    for other in others:
        keys.open(other, by=holder, at=TUESDAY)
    case, sam, dora = make_confirmed(key.grant), known("sam", make_senior), make_manager("olga")

    said = race(
        ["limit_by_sanctions", str(case.pk), str(sam.pk), AT],
        ["limit_program", str(key.grant.program_id), str(dora.pk), AT],
        ["limit_own_key", str(others[0].pk), AT],
        ["project", AT],
    )

    left = set(Limit.objects.in_force().values_list("source", "kind", "most"))
    assert (said, left) == (
        ["limited", "limited", "limited", "projected"],
        {("staff", "tokens", 30), ("owner", "requests", 4)},
    )

"""The three stories of enforcement on real parts: gateway processes, PostgreSQL, Valkey."""

from datetime import timedelta

import pytest

from audit import clock
from enforcement.domain import against_sanctions, appeals
from enforcement.models import Appeal, Sanction
from outbox import letters
from outbox.models import Letter
from tests.enforcement.appealing import WRONG, known
from tests.enforcement.conftest import Opened, open_key, seconds_until
from tests.enforcement.flagging import make_emergency, make_flag, make_sanction
from tests.factories import make_program, make_senior

GRAVE = {"category": "cyber_abuse", "rule": "exploit", "severity": 3}
UPHOLD = {"reason_code": "facts_wrong", "explanation": "The code was a lesson, not an attack."}


def take_appeal(sanction: Sanction) -> tuple[Appeal, object]:
    """Return the holder's appeal, taken up by a third person."""
    holder, third, at = sanction.grant.application.applicant, known("tess", make_senior), clock.now()
    appeal = against_sanctions.file(sanction, kind="appeal", statement=WRONG, by=holder, at=at)
    return appeals.take(appeal, by=third, at=at), third


@pytest.mark.parametrize("said", [{}, {"target": "key"}], ids=["the access", "one key"])
def test_an_appeal_is_won_and_the_very_next_call_succeeds(gateway, opened: Opened, said):
    key = opened.key if said else None
    sanction = make_sanction(opened.grant, at=clock.now(), key=key, **said)
    seconds_until(gateway, opened.secret, "suspended")
    appeal, third = take_appeal(sanction)

    appeals.uphold(appeal, by=third, at=clock.now(), **UPHOLD)

    seconds_until(gateway, opened.secret, "ok")


def test_every_gateway_refuses_within_a_second_of_a_suspension_and_lets_pass_after_the_appeal(
    four, opened: Opened
):
    sanction = make_sanction(opened.grant, at=clock.now())
    stopped = [seconds_until(each, opened.secret, "suspended") < 1 for each in four]
    appeal, third = take_appeal(sanction)

    appeals.uphold(appeal, by=third, at=clock.now(), **UPHOLD)

    assert stopped == [True] * 4
    assert [seconds_until(each, opened.secret, "ok") < 1 for each in four] == [True] * 4


def test_approved_for_security_research_is_not_suspended_for_a_hit_of_the_security_filter(
    gateway, transactional_db, valkey
):
    make_emergency(covered_by=("security_autonomy",))
    approved, other = (
        open_key(domains=domains, program=make_program()) for domains in (["security_autonomy"], [])
    )
    before = [gateway.code(each.secret) for each in (approved, other)]

    for each in (approved, other):
        make_flag(each.grant, at=clock.now(), **GRAVE)

    seconds_until(gateway, other.secret, "suspended")
    assert (before, gateway.code(approved.secret)) == (["ok", "ok"], "ok")
    assert [each.grant.flag_cases.count() for each in (approved, other)] == [1, 1]


def test_the_window_of_an_appeal_opens_only_when_the_letter_is_sent(transactional_db):
    at = clock.now()
    sanction = make_sanction(at=at, sent=False)
    Letter.objects.filter(kind="enforcement/sanction_imposed").update(due_at=at + timedelta(days=3))
    letters.send_owed(at=at + timedelta(days=2))
    early = against_sanctions.window(sanction)

    letters.send_owed(at=at + timedelta(days=3))

    time = against_sanctions.window(sanction)
    assert (early.notice_at, early.closes_at, time.notice_at) == (None, None, at + timedelta(days=3))

"""Two people at one case, and machines that flag at the same moment: real processes, one outcome."""

from datetime import timedelta

import pytest

from enforcement.models import Flag, FlagCase, Sanction
from tests.enforcement.flagging import TUESDAY, make_emergency, make_flag, make_sanction
from tests.factories import make_grant, make_guidelines, make_reviewer, make_senior
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = (TUESDAY + timedelta(hours=1)).isoformat()


def test_of_two_people_who_decide_one_case_otherwise_one_is_too_late():
    case, bob, bea = (
        make_flag(make_grant(), category="cyber_abuse").case,
        make_reviewer(),
        make_reviewer("bea"),
    )

    said = race(
        ["decide_flags", str(case.pk), str(bob.pk), "violation", AT],
        ["decide_flags", str(case.pk), str(bea.pk), "no_violation", AT],
    )

    case.refresh_from_db()
    late = [word for word in said if word in ("HeldBy", "AlreadyDecided")]
    assert (len(late), case.finding in said, set(case.flags.values_list("state", flat=True))) == (
        1,
        True,
        {"confirmed" if case.finding == "violation" else "dismissed"},
    )


def test_flags_of_one_moment_meet_in_one_case_and_suspend_once():
    make_emergency()
    grant = make_grant()

    race(*(["flag", str(grant.pk), f"rule-{number}", "", AT] for number in range(6)))

    assert (Flag.objects.count(), FlagCase.objects.count(), Sanction.objects.count()) == (6, 1, 1)


def test_one_mark_sent_six_times_at_once_is_one_flag():
    make_guidelines()
    grant = make_grant()

    said = race(*(["flag", str(grant.pk), "exploit", "7:a", AT] for _ in range(6)))

    assert (len(set(said)), Flag.objects.count(), FlagCase.objects.count()) == (1, 1, 1)


def test_a_proposal_signed_and_dropped_at_once_is_one_of_both():
    tess, uma = make_senior("tess"), make_senior("uma")
    sanction = make_sanction(kind="terminate")

    said = race(
        ["sign_sanction", str(sanction.pk), str(tess.pk), AT],
        ["drop_sanction", str(sanction.pk), str(uma.pk), AT],
    )

    sanction.refresh_from_db()
    assert (said.count("IllegalMove"), sanction.state in said) == (1, True)

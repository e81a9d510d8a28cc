"""Who said whose access a report is about has a part in what follows; what they said stays as they said it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from enforcement.domain import appeals, attaching, flag_cases, flags
from enforcement.models import Appeal, FlagCase, Sanction
from enforcement.permissions import may_decide
from onboarding.domain.erasure import BLANKED
from tests.audit.test_invariants import broken, by_force
from tests.enforcement.appealing import known
from tests.enforcement.flagging import (
    TUESDAY,
    VIOLATION,
    make_flag,
    make_sanction,
    make_sanction_appeal,
    make_taken_appeal,
)
from tests.factories import make_grant, make_guidelines, make_reviewer, make_senior

pytestmark = pytest.mark.django_db
LATER = TUESDAY + timedelta(days=1)
WHY = "The screenshot shows the start of this key."
THIRD = "Every appeal against a sanction was decided by somebody with no part in it."
UPHOLD = {"reason_code": "facts_wrong", "explanation": "It was a lesson."}


@pytest.fixture
def uma():
    """A senior reviewer, who may decide appeals; here she says whose access a report is about."""
    return make_senior("uma")


def said_by(uma, *, joins=False):
    """Return the case that her report is in: one of its own, or one that was open before."""
    make_guidelines()
    grant = make_grant()
    if joins:
        make_flag(grant, category="cyber_abuse")
    report = flags.record(source="public", owner=None, by="public", at=TUESDAY, category="cyber_abuse").case
    flag_cases.take(report, by=uma, at=TUESDAY)
    case = attaching.attach(report, grant, by=uma, at=TUESDAY, reason=WHY)
    return flag_cases.release(case, by=uma, at=TUESDAY) if case == report else case


def sanction_of(case):
    """Return a sanction that others found due: a reviewer decides the case, a senior one imposes it."""
    bob = known("bob", make_reviewer)
    flag_cases.take(case, by=bob, at=TUESDAY)
    return make_sanction(case=flag_cases.decide(case, by=bob, at=TUESDAY, **VIOLATION))


@pytest.fixture(params=[False, True], ids=["a case of its own", "a case it joined"])
def sanction(uma, request):
    return sanction_of(said_by(uma, joins=request.param))


def test_whoever_said_whose_access_it_is_does_not_decide_the_appeal(uma, sanction):
    appeal = make_sanction_appeal(sanction)

    with pytest.raises(appeals.NotForYou):
        appeals.take(appeal, by=uma, at=LATER)


def test_somebody_else_decides_it(uma, sanction):
    assert [may_decide(who, make_sanction_appeal(sanction)) for who in (uma, make_senior("tess"))] == [
        False,
        True,
    ]


@pytest.mark.parametrize("field", ["taken_by", "decided_by"])
def test_the_database_refuses_them_too(uma, sanction, field):
    appeal = make_taken_appeal(sanction)[0]

    with pytest.raises(IntegrityError, match="whoever imposed"), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(**{field: uma})


def test_an_appeal_they_decided_is_found(uma, sanction):
    appeal, tess = make_taken_appeal(sanction)
    appeals.uphold(appeal, by=tess, at=LATER, **UPHOLD)

    with by_force() as cursor:
        before = THIRD in broken()
        cursor.execute("UPDATE enforcement_appeal SET decided_by_id = %s", [uma.pk])
        assert (before, THIRD in broken()) == (False, True)


def test_words_of_an_appeal_are_blanked_whatever_its_decider_said_later(uma):
    """Nobody comes to it anew: a report that joins the case afterwards must not keep erasure out."""
    make_guidelines()
    sanction = sanction_of(make_flag(make_grant(), category="cyber_abuse").case)
    appeal = appeals.uphold(make_taken_appeal(sanction, by=uma)[0], by=uma, at=LATER, **UPHOLD)
    with by_force() as cursor:
        cursor.execute("UPDATE enforcement_flagcase SET attached_by_id = %s, attached_at = now()", [uma.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")

        assert Appeal.objects.filter(pk=appeal.pk).update(statement=BLANKED) == 1


# What was said stays


@pytest.mark.parametrize("field", ["attached_at", "attached_by", "merged_into", "attach_reason"])
def test_the_database_keeps_who_said_so_when_why_and_where_its_flags_went(uma, field):
    said_by(uma, joins=True)
    other = {"attached_at": LATER, "attached_by": make_senior("tess"), "attach_reason": "Another reason."}
    other["merged_into"] = make_flag(make_grant()).case

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        FlagCase.objects.filter(attached_by=uma).update(**{field: other[field]})


def test_the_reason_may_be_blanked(uma):
    said_by(uma)

    assert FlagCase.objects.filter(attached_by=uma).update(attach_reason=BLANKED) == 1


@pytest.mark.parametrize("kind", ["limit", "terminate"])
def test_the_database_only_warns_and_suspends_an_end_user(kind):
    made = make_sanction(kind=kind, sent=False, **({"per_minute": 5} if kind == "limit" else {}))
    row = Sanction.objects.filter(pk=made.pk).values().get() | {
        "number": "S1",
        "target": "end_user",
        "end_user": "z",
    }

    with pytest.raises(IntegrityError, match="an_end_user_is_warned_or_suspended"), transaction.atomic():
        Sanction.objects.create(**row | {"id": None, "state": "proposed", "active_at": None})

"""Flags, their cases and what follows from them, made by the verbs the product uses."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.roles import Role
from enforcement.domain import against_sanctions, appeals, emergencies, flag_cases, flags, sanctions
from enforcement.models import Appeal, EmergencyRule, Flag, FlagCase, Sanction
from onboarding.models import Grant, Key
from outbox import letters
from tests.enforcement.appealing import WRONG, known
from tests.factories import (
    MONDAY,
    make_grant,
    make_guidelines,
    make_reviewer,
    make_senior,
    make_staff,
)

TUESDAY = MONDAY + timedelta(days=1)


def make_flag(
    grant: Grant | None = None,
    *,
    source: str = "filter",
    by: Any = "filter",
    at: datetime = TUESDAY,
    **said: Any,
) -> Flag:
    """Return a flag about a grant; its case is open."""
    grant = grant or make_grant()
    return flags.record(source=source, owner=grant.owner, grant=grant, by=by, at=at, **said)


VIOLATION = {"finding": "violation", "category": "cyber_abuse", "note": "They sell what it wrote."}
NOTHING = {"finding": "no_violation", "note": "A lesson about old bugs."}


def make_case(
    grant: Grant | None = None, *, by: User | None = None, at: datetime = TUESDAY, **said: Any
) -> FlagCase:
    """Return a case that a reviewer has taken up."""
    said = {"category": "cyber_abuse", "rule": "exploit"} | said
    case = make_flag(grant, at=at, **said).case
    return flag_cases.take(case, by=by or known("bob", make_reviewer), at=at)


def make_confirmed(
    grant: Grant | None = None, *, by: User | None = None, at: datetime = TUESDAY, **said: Any
) -> FlagCase:
    """Return a case in which a reviewer found a violation."""
    by = by or known("bob", make_reviewer)
    return flag_cases.decide(make_case(grant, by=by, at=at, **said), by=by, at=at, **VIOLATION)


def make_sanction(
    grant: Grant | None = None,
    *,
    by: User | None = None,
    at: datetime = TUESDAY,
    key: Key | None = None,
    sent: bool = True,
    case: FlagCase | None = None,
    **said: Any,
) -> Sanction:
    """Return a sanction by a senior reviewer, in force unless it needs a second person; its letter sent."""
    grant = grant or (case.grant if case else None) or make_grant()
    case = case or make_confirmed(grant, at=at)
    words = {
        "kind": "suspend", "target": "grant", "reason_code": "E1_policy_breach",
        "facts": "Working exploits against named companies were asked for.",
    } | said  # fmt: skip
    by = by or known("sam", make_senior)
    sanction = sanctions.impose(case, sanctions.Said(**words), grant=grant, key=key, by=by, at=at)
    if sent:
        letters.send_owed(at=at)
    return sanction


def make_emergency(
    category: str = "cyber_abuse", *, covered_by: tuple[str, ...] = (), **said: Any
) -> EmergencyRule:
    """Name a category whose flags suspend at once."""
    make_guidelines()
    by = known("pia", lambda name: make_staff(name, Role.POLICY_EDITOR))
    said = {"on": True, "reason": "Such harm does not wait."} | said
    return emergencies.set_rule(category, covered_by=covered_by, by=by, at=MONDAY, **said)


def make_sanction_appeal(
    sanction: Sanction | None = None, *, kind: str = "appeal", at: datetime = TUESDAY + timedelta(days=1)
) -> Appeal:
    """Return an open appeal by the holder."""
    sanction = sanction or make_sanction()
    holder = sanction.grant.application.applicant
    return against_sanctions.file(sanction, kind=kind, statement=WRONG, by=holder, at=at)


def make_taken_appeal(
    sanction: Sanction | None = None, *, by: User | None = None, kind: str = "appeal",
    at: datetime = TUESDAY + timedelta(days=1),
) -> tuple[Appeal, User]:  # fmt: skip
    """Return an appeal against a sanction, and the senior reviewer who has taken it up."""
    third = by or known("tess", make_senior)
    return appeals.take(make_sanction_appeal(sanction, kind=kind, at=at), by=third, at=at), third


def make_report(*, by=None, at=TUESDAY, **said):
    """Return the case of a public report; taken up where `by` says by whom."""
    make_guidelines()
    said = {"category": "cyber_abuse", "said": "They sell exploits.", "reply_to": "dana@example.org"} | said
    case = flags.record(source="public", owner=None, by="public", at=at, **said).case
    return flag_cases.take(case, by=by, at=at) if by else case

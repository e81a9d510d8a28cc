"""What the page of a case of flags shows to one person at one moment: as many queries whatever is in it."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q

from accounts.languages import grouped
from accounts.models import User
from enforcement.admin import flag_board
from enforcement.admin.flag_forms import AppealOutcomeForm
from enforcement.domain import emergencies, flag_cases, statements, unusual
from enforcement.models import Appeal, Flag, FlagCase, Sanction, Waiver
from enforcement.models.flag import OPEN_CASES
from enforcement.permissions import (
    may_decide,
    may_decide_flags,
    may_sanction,
    may_sign_sanction,
    may_waive,
)
from enforcement.states import Finding, FlagCaseState, SanctionState
from onboarding.models import Grant
from reviews.domain import conditions
from reviews.models import Case

SHOWN = 50  # flags, earlier cases
CASES = FlagCase.objects.select_related(
    "owner__person", "owner__organisation", "grant__owner", "grant__program", "grant__tier", "grant__revision",
    "grant__application__owner", "taken_by", "decided_by", "attached_by",
)  # fmt: skip


def context(case: FlagCase, *, user: User, at: datetime) -> dict[str, Any]:
    due, urgency = flag_board.due_words(case, at)
    grant = case.grant
    codes = emergencies.approved_for(grant) if grant else set()
    earlier = _earlier(case)
    names = statements.clauses(
        {*codes, case.category, case.found_category, *(each.category for each in earlier)}
    )
    kept = case.state == FlagCaseState.TAKEN and case.taken_until is not None and case.taken_until > at
    flags = list(case.flags.select_related("key", "raised_by").order_by("-pk")[:SHOWN])
    return {
        "case": case,
        "grant": grant,
        "conditions": [conditions.read(said) for said in grant.conditions] if grant else [],
        "due": due,
        "urgency": urgency,
        "following": flag_board.following(case, user, at=at) if case.decided_at else None,
        "category": names.get(case.category, case.category),
        "found": names.get(case.found_category, case.found_category),
        "approved": [names.get(code, code) for code in sorted(codes)],
        "declared": grant.revision.answers.get("summary", "") if grant and grant.revision else "",
        "application_case": Case.objects.filter(application=grant.application_id)
        .values_list("pk", flat=True)
        .first()
        if grant
        else None,
        "flags": [(flag, _figures(flag)) for flag in flags],
        "flags_most": SHOWN,
        "earlier": [(each, names.get(each.category, each.category)) for each in earlier],
        "sanctions": _sanctions(case, user),
        "waivers": _waivers(grant, flags, at) if grant else [],
        "may_waive": bool(grant) and may_waive(user, grant),
        "mine": case.state == FlagCaseState.TAKEN and case.taken_by_id == user.pk,
        "held": kept and case.taken_by_id != user.pk,
        "kept_hours": int(flag_cases.KEPT_FOR.total_seconds() // 3600),
        "is_open": case.state in OPEN_CASES,
        "may_decide": may_decide_flags(user, case),
        "may_sanction": bool(grant) and case.finding == Finding.VIOLATION and may_sanction(user, case),
    }


def _waivers(grant: Grant, flags: list[Flag], at: datetime) -> list[tuple[Waiver, bool]]:
    """Return the exceptions of a grant that hold now, each with whether it is about one of these flags."""
    found = Waiver.objects.in_force(at).filter(grant=grant).select_related("given_by")
    return [(waiver, any(waiver.covers(flag) for flag in flags)) for waiver in found]


def _figures(flag: Flag) -> list[tuple[str, Any]]:
    """Return the figures of a flag in words; the sentence of a rule about unusual use in the reader's language."""
    found, kind = dict(flag.figures), flag.rule.removeprefix("anomaly:")
    if "says" in found and kind in unusual.QUESTIONS:
        found["says"] = unusual.read(kind, found, found["says"])
    return [_in_words(*figure) for figure in found.items()]


def _in_words(name: str, value: Any) -> tuple[str, Any]:
    """Return a figure with spaces in its name, and a number as one reads it."""
    if isinstance(value, float):
        value = round(value, 2)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return name.replace("_", " "), grouped(value) if is_number else value


def _earlier(case: FlagCase) -> list[FlagCase]:
    if case.owner_id is None:
        return []
    return list(
        FlagCase.objects.filter(owner=case.owner_id)
        .exclude(pk=case.pk)
        .exclude(merged_into__isnull=False)
        .order_by("-pk")[:SHOWN]
    )


def _sanctions(case: FlagCase, user: User) -> list[dict[str, Any]]:
    """Return every sanction of this case or grant, with what this person may do to it and to its appeals."""
    about = Q(case=case) | Q(grant=case.grant_id) if case.grant_id else Q(case=case)
    people = ("filed_by", "taken_by", "decided_by")
    mine = Prefetch("appeals", Appeal.objects.select_related(*people).order_by("-pk"))
    found = Sanction.objects.filter(about).select_related(
        "proposed_by", "signed_by", "closed_by", "key", "case", "grant__application", "guidelines"
    )
    rows = []
    for sanction in found.prefetch_related(mine)[:SHOWN]:
        here = sanction.case_id == case.pk
        appeals = []
        for appeal in sanction.appeals.all():
            appeal.sanction = sanction
            decides = here and may_decide(user, appeal)
            appeals.append({
                "appeal": appeal, "may_decide": decides, "mine": appeal.taken_by_id == user.pk,
                "form": AppealOutcomeForm(kind=appeal.kind, about=appeal.pk),
            })  # fmt: skip
        rows.append({
            "sanction": sanction,
            "here": here,
            "clause": statements.clause(sanction.category, sanction.guidelines_id),
            "may_sign": here and sanction.state == SanctionState.PROPOSED and may_sign_sanction(user, sanction),
            "may_end": here and may_sanction(user, case)
            and sanction.state in (SanctionState.PROPOSED, SanctionState.ACTIVE),
            "appeals": appeals,
        })  # fmt: skip
    return rows

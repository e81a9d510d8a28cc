"""What racers do in enforcement: see `tests.racers`, which starts them."""

from datetime import datetime

from accounts.models import User
from enforcement.domain import appeals, filter_hits, flag_cases, flags, sanctions
from enforcement.models import Appeal, FlagCase, Sanction
from onboarding.models import Grant
from reviews.models import Decision


def file_appeal(decision: str, at: str, kind: str) -> str:
    found = Decision.objects.select_related("case__application__applicant").get(pk=decision)
    by, words = found.case.application.applicant, "The register of domains names our company, number 4711."
    try:
        return appeals.file(found, kind=kind, statement=words, by=by, at=datetime.fromisoformat(at)).state
    except appeals.CannotFile as error:
        return type(error).__name__


def take_appeal(appeal: str, senior: str, at: str) -> str:
    by, found = User.objects.get(pk=senior), Appeal.objects.get(pk=appeal)
    try:
        return appeals.take(found, by=by, at=datetime.fromisoformat(at)).state
    except appeals.HeldBy as error:
        return type(error).__name__


def uphold_appeal(appeal: str, senior: str, at: str) -> str:
    by, found, when = User.objects.get(pk=senior), Appeal.objects.get(pk=appeal), datetime.fromisoformat(at)
    says = {"reason_code": "facts_wrong", "explanation": "It is theirs.", "look_again": "The register."}
    try:
        return appeals.uphold(found, by=by, at=when, **says).state
    except (appeals.AlreadyDecided, appeals.HeldBy) as error:
        return type(error).__name__


def deny_appeal(appeal: str, senior: str, at: str) -> str:
    by, found, when = User.objects.get(pk=senior), Appeal.objects.get(pk=appeal), datetime.fromisoformat(at)
    try:
        return appeals.deny(
            found, by=by, at=when, reason_code="decision_right", explanation="It is not."
        ).state
    except (appeals.AlreadyDecided, appeals.HeldBy) as error:
        return type(error).__name__


def flag_hits(at: str) -> int:
    return filter_hits.flag_owed(at=datetime.fromisoformat(at))


def flag(grant: str, rule: str, mark: str, at: str) -> str:
    found = Grant.objects.select_related("owner").get(pk=grant)
    made = flags.record(
        source="filter", owner=None, grant=found, by="filter", at=datetime.fromisoformat(at), rule=rule,
        category="cyber_abuse", severity=3, idempotency=mark,
    )  # fmt: skip
    return str(made.pk)


def decide_flags(case: str, reviewer: str, finding: str, at: str) -> str:
    found, by, when = FlagCase.objects.get(pk=case), User.objects.get(pk=reviewer), datetime.fromisoformat(at)
    try:
        flag_cases.take(found, by=by, at=when)
        return flag_cases.decide(
            found, finding=finding, category="cyber_abuse", note="Looked at.", by=by, at=when
        ).finding
    except (flag_cases.HeldBy, flag_cases.AlreadyDecided) as error:
        return type(error).__name__


def sign_sanction(sanction: str, senior: str, at: str) -> str:
    found, by = Sanction.objects.get(pk=sanction), User.objects.get(pk=senior)
    try:
        return sanctions.sign(found, by=by, at=datetime.fromisoformat(at)).state
    except sanctions.IllegalMove as error:
        return type(error).__name__


def drop_sanction(sanction: str, senior: str, at: str) -> str:
    found, by = Sanction.objects.get(pk=sanction), User.objects.get(pk=senior)
    try:
        return sanctions.drop(found, by=by, at=datetime.fromisoformat(at), reason="Too much.").state
    except sanctions.IllegalMove as error:
        return type(error).__name__


def limit_by_sanctions(case: str, senior: str, at: str) -> str:
    """Limit the grant of a case by sanctions and lift them, again and again."""
    found, by, when = FlagCase.objects.get(pk=case), User.objects.get(pk=senior), datetime.fromisoformat(at)
    words = sanctions.Said(
        "limit", "grant", "E1_policy_breach", facts="Far too much.", per_minute=5, per_day=9
    )
    for _ in range(6):
        made = sanctions.impose(found, words, grant=found.grant, by=by, at=when)
        sanctions.lift(made, by=by, at=when, reason="Enough.")
    return "limited"

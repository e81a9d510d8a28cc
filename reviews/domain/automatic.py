"""Let triage rules approve by themselves: where a program has that switched on, and never anything but an approval.

A rule may once people decided enough of the cases it fitted, and surely not below its bound. A case stays with people
where a person ever had it, where any other rule speaks, where something about it is worth a look, or where cases like
it were decided otherwise. A share of what was approved so is looked at again, blind (`drawing`); another answer there
counts against the rule (`matches`), which falls silent below its bound.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from onboarding.states import ApplicationKind, ApplicationState
from policies.states import Lane
from reviews.domain import comparing, decisions, matches, severities, signals
from reviews.models import AutomaticApproval, Case, Claim, Decision, RuleMatch, RuleVersion
from reviews.models.automatic import SAMPLE_LEAST
from reviews.permissions import may_switch_automatic
from reviews.states import CaseState, LeftBecause, Outcome

BATCH = 500
REASON_MOST = 500  # characters
NOBODY_HIDES = Q(pk__in=[])  # no person looks: nothing is kept from anybody


class NotYoursToSwitch(Exception):
    def __init__(self) -> None:
        super().__init__("A senior reviewer decides whether rules approve by themselves.")


class BadSample(Exception):
    def __init__(self) -> None:
        super().__init__(f"The share that is looked at again lies between {SAMPLE_LEAST} and 100 %.")


class AlreadySo(Exception):
    def __init__(self, program: Program):
        super().__init__(f"{program} is set like that already.")


def setting(program: Program) -> AutomaticApproval | None:
    """Return what holds for a program now; None where nobody ever set it: then no rule approves there."""
    return AutomaticApproval.objects.filter(program=program).select_related("set_by").first()


def by_program() -> list[tuple[Program, AutomaticApproval | None]]:
    """Return what holds for each program. Two queries."""
    latest = AutomaticApproval.objects.order_by("program_id", "-id").distinct("program_id")
    now = {row.program_id: row for row in latest}
    return [(program, now.get(program.pk)) for program in Program.objects.order_by("name")]


@transaction.atomic
def switch(
    program: Program, *, on: bool, sample: int, by: User, at: datetime, reason: str
) -> AutomaticApproval:
    """Set whether rules approve by themselves in a program, and the share of it, in percent, that is looked at again.

    What they approved already stays, and is told. Raises NotYoursToSwitch, SayWhy, BadSample, AlreadySo.
    """
    if not may_switch_automatic(by):
        raise NotYoursToSwitch
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON_MOST:
        raise SayWhy
    if not SAMPLE_LEAST <= sample <= 100:
        raise BadSample
    Program.objects.select_for_update().get(pk=program.pk)
    now = setting(program)
    if (now.is_on, now.sample) == (on, sample) if now else not on:
        raise AlreadySo(program)
    made = AutomaticApproval.objects.create(
        program=program, is_on=on, sample=sample, reason=reason, set_by=by, set_at=at
    )
    ledger.record(
        Event.AUTOMATIC_APPROVAL_SET, subject=made, actor=by, at=at, reason=ledger.digest(reason),
        program=program.slug, on=on, sample=sample,
    )  # fmt: skip
    return made


def trusted(versions: Sequence[RuleVersion] | None = None) -> list[RuleVersion]:
    """Return the rules that may approve now: on, measured on enough decisions of people, surely not below their bound.

    Two queries, one where the versions are given.
    """
    if versions is None:
        versions = list(RuleVersion.objects.suggesting().filter(approves=True).select_related("rule"))
    measured = matches.shares(version.pk for version in versions)
    return [
        version
        for version in versions
        if (share := measured.get(version.pk))
        and share.of >= version.least_decided
        and share.low * 100 >= version.least_precision
    ]


def approve_owed(*, at: datetime) -> int:
    """Weigh each case that a trusted rule fits, once; approve it or leave it to people. Return how many were approved.

    A payer: may run twice and beside itself and beside reviewers. Each case is a transaction of its own; a case that
    somebody is just taking is passed by, and is theirs.
    """
    programs = [program for program, now in by_program() if now is not None and now.is_on]
    versions = trusted() if programs else []
    owed = RuleMatch.objects.shown().filter(
        version__in=versions, weighed_at=None, case__in=_plain().filter(program__in=programs)
    )
    return sum(_weigh(pk, at) for pk in list(owed.order_by("pk").values_list("pk", flat=True)[:BATCH]))


def _plain() -> QuerySet[Case]:
    """Return the cases a rule may decide: first applications of the notify lane that no person has touched."""
    others = RuleMatch.objects.shown().filter(case=OuterRef("pk"), version__approves=False)
    return Case.objects.filter(
        ~Exists(others),
        ~Exists(Claim.objects.filter(case=OuterRef("pk"))),
        ~Exists(Decision.objects.filter(case=OuterRef("pk"))),
        state=CaseState.OPEN,
        lane=Lane.NOTIFY,
        domains=[],
        risk_level__lt=3,
        severity__lt=severities.SEVERE,
        expectation_owed=False,
        likeness_owed=False,
        rules_owed=False,
        application__kind=ApplicationKind.ACCESS,
        application__state=ApplicationState.SUBMITTED,
        application__case_owed=False,
        revision__erased_at=None,
    )


@transaction.atomic
def _weigh(pk: int, at: datetime) -> bool:
    match = RuleMatch.objects.select_related("version__rule").get(pk=pk)
    case = (
        _plain()
        .filter(pk=match.case_id)
        .select_for_update(skip_locked=True, of=("self", "application"))
        .select_related(
            "application__owner__organisation",
            "application__owner__person",
            "application__applicant",
            "program",
            "revision__guidelines",
        )
        .first()
    )
    weighed = RuleMatch.objects.filter(pk=pk, weighed_at=None)
    if case is None or case.revision_id != match.revision_id:
        return False  # somebody takes it, or it is about something else by now
    left = _left_because(case)
    if not weighed.update(weighed_at=at, left_because=left):
        return False
    if left:
        return False
    decisions.approve_by_rule(case, match.version, at=at)
    return True


def _left_because(case: Case) -> str:
    """Return why people are to look at a case that a rule fits; empty where nothing speaks against the rule."""
    beside = comparing.of(case, hidden=NOBODY_HIDES)
    if signals.of(case, kin=beside.kin, twins=beside.near.twins):
        return LeftBecause.SIGNALS
    custom = beside.near.custom
    if custom is not None and custom.differs(Outcome.APPROVED):
        return LeftBecause.PRECEDENTS
    return ""

"""Let triage rules approve by themselves: where a program has that switched on, and never anything but an approval.

A rule may once people decided enough of the cases it fitted, and surely not below its bound. A case stays with people
where a person ever had it, where another rule speaks, where something about it is worth a look, where people around it
were refused or asked before, where cases like it were decided otherwise, or where whoever set the rule up has a part.
A share of what was approved so is looked at again, blind (`drawing`); another answer there counts against the rule
(`matches`), which falls silent below its bound.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from onboarding.states import ApplicationKind, ApplicationState
from policies.states import Lane
from reviews.domain import comparing, decisions, kin, matches, severities, signals
from reviews.models import AutomaticApproval, Case, Claim, Decision, RuleMatch, RuleVersion
from reviews.models.automatic import SAMPLE_LEAST
from reviews.permissions import has_part_in, may_switch_automatic
from reviews.states import CaseState, LeftBecause, Outcome

log = logging.getLogger(__name__)

BATCH = 500
REASON_MOST = 500  # characters
NOBODY_HIDES = Q(pk__in=[])  # no person looks: nothing is kept from anybody


class NotYoursToSwitch(Exception):
    def __init__(self) -> None:
        super().__init__(_("A senior reviewer decides whether rules approve by themselves."))


class BadSwitch(Exception):
    """Out of bounds; says what."""


class AlreadySo(Exception):
    def __init__(self, program: Program):
        super().__init__(_("%(program)s is set like that already.") % {"program": program})


def setting(program: Program) -> AutomaticApproval | None:
    """Return what holds for a program now; None where nobody ever set it: then no rule approves there."""
    return AutomaticApproval.objects.filter(program=program).select_related("set_by").first()


def by_program() -> list[tuple[Program, AutomaticApproval | None]]:
    """Return what holds for each program. Two queries."""
    now = {row.program_id: row for row in AutomaticApproval.objects.in_force()}
    return [(program, now.get(program.pk)) for program in Program.objects.order_by("name")]


@transaction.atomic
def switch(
    program: Program, *, on: bool, sample: int, by: User, at: datetime, reason: str
) -> AutomaticApproval:
    """Set whether rules approve by themselves in a program, and the share of it, in percent, that is looked at again.

    What they approved already stays, and is told. Raises NotYoursToSwitch, SayWhy, BadSwitch, AlreadySo.
    """
    if not may_switch_automatic(by):
        raise NotYoursToSwitch
    reason = " ".join(reason.split())
    if not reason:
        raise SayWhy
    if len(reason) > REASON_MOST:
        raise BadSwitch(
            _("A reason has at most %(most)s characters; this has %(number)s.")
            % {"most": REASON_MOST, "number": grouped(len(reason))}
        )
    if not SAMPLE_LEAST <= sample <= 100:
        raise BadSwitch(
            _("The share that is looked at again lies between %(sample_least)s and 100 %%.")
            % {"sample_least": SAMPLE_LEAST}
        )
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
    plain = _plain(versions).filter(program__in=programs)
    owed = RuleMatch.objects.shown().filter(version__in=versions, weighed_at=None, case__in=plain)
    approved = 0
    for pk in list(owed.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        try:
            approved += _weigh(pk, versions, at)
        except Exception:  # one case, or a person who was faster, must not stop the others
            log.exception("Match %s could not be weighed; it stays owed.", pk)
    return approved


def _plain(versions: Sequence[RuleVersion]) -> QuerySet[Case]:
    """Return the cases these rules may decide: first applications of the notify lane that no person has touched.

    Nothing where another rule speaks, or where the case was left to people before.
    """
    here = RuleMatch.objects.shown().filter(case=OuterRef("pk"))
    return Case.objects.filter(
        ~Exists(here.filter(~Q(version__in=versions) | ~Q(left_because=""))),
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
        application__amending_since=None,
        revision__erased_at=None,
    )


@transaction.atomic
def _weigh(pk: int, versions: Sequence[RuleVersion], at: datetime) -> bool:
    match = (
        RuleMatch.objects.shown()
        .select_related("version__rule__changed_by", "version__written_by")
        .get(pk=pk)
    )
    case = (
        _plain(versions)
        .filter(pk=match.case_id, revision=match.revision_id)
        .select_for_update(skip_locked=True, of=("self", "application"))
        .select_related(
            "application__owner__organisation",
            "application__owner__person",
            "application__applicant",
            "application__program",
            "program",
            "revision__guidelines",
            "revision__question_set",
        )
        .first()
    )
    if case is None:
        return False  # somebody takes it, or it is about something else by now
    # A switch waits for this row, or was faster: then nothing is approved.
    Program.objects.select_for_update(no_key=True).get(pk=case.program_id)
    now = setting(case.program)
    if now is None or not now.is_on:
        return False
    left = _left_because(case, match.version, now)
    if not RuleMatch.objects.filter(pk=pk, weighed_at=None).update(weighed_at=at, left_because=left) or left:
        return False
    decisions.approve_by_rule(case, match.version, at=at)
    return True


def _left_because(case: Case, version: RuleVersion, now: AutomaticApproval) -> str:
    """Return why people are to look at a case that a rule fits; empty where nothing speaks against the rule."""
    behind = {version.written_by, version.rule.changed_by, now.set_by}
    if any(person and has_part_in(person, case.application) for person in behind):
        return LeftBecause.CONFLICT
    beside = comparing.of(case, hidden=NOBODY_HIDES)
    if signals.of(case, kin=beside.kin, twins=beside.near.twins):
        return LeftBecause.SIGNALS
    before = (
        decision
        for group in kin.earlier(beside.kin)
        for one in group.cases
        for decision in one.decisions.all()
    )
    if any(decision.outcome != Outcome.APPROVED for decision in before):
        return LeftBecause.EARLIER
    custom = beside.near.custom
    if custom is not None and custom.differs(Outcome.APPROVED):
        return LeftBecause.PRECEDENTS
    return ""

"""Where triage rules fit, and what people then decided. Payers; a dry run writes nothing.

What is measured is agreement with people who could see what the rule suggests: it flatters a rule that they follow.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from accounts.languages import spoken
from accounts.models import User
from accounts.roles import Duty, may
from outbox import letters
from reviews.domain import rules
from reviews.domain.proportions import Share
from reviews.domain.rules import Wording
from reviews.models import Case, Decision, Finding, RuleMatch, RuleVersion, SecondReview
from reviews.states import UNDECIDED, CaseState, Expectation, Outcome, Verdict

CHUNK = 500
TRIED_MOST = 2_000  # cases of a dry run: about three seconds
GRAVE = (Verdict.CONCERN, Verdict.VIOLATES)
ABOUT = ("revision__question_set", "application__program", "application__grant")
SAID = ("condition", "lane", "domains", "due_days", "questions")
OFFERED = "application__program__models"


@dataclass
class Trial:
    """What a rule would have done: among `looked_at` cases it `matched`; `precision` counts the decided of them.

    `base` is how often people decided so among all decided cases that were looked at; `is_cut`: there were more.
    """

    looked_at: int = 0
    matched: int = 0
    right: int = 0
    decided: int = 0
    base_right: int = 0
    base_decided: int = 0
    is_cut: bool = False
    lanes: Counter = field(default_factory=Counter)
    shown: list[Case] = field(default_factory=list)

    @property
    def by_lane(self) -> list[tuple[str, int]]:
        return sorted(self.lanes.items())

    @property
    def precision(self) -> Share:
        return Share(self.right, self.decided)

    @property
    def base(self) -> Share:
        return Share(self.base_right, self.base_decided)


def match_owed(*, at: datetime) -> int:
    """Let the rules look at each case that is owed it; return at how many. May run twice and beside itself.

    Three statements a chunk beside the reading; a case and its matches are written in one transaction.
    """
    looked = 0
    while found := _match_chunk(at):
        looked += found
    return looked


@transaction.atomic
def _match_chunk(at: datetime) -> int:
    owed = list(
        Case.objects.filter(rules_owed=True)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(*ABOUT)
        .prefetch_related(OFFERED)
        .defer("application__answers", "application__facts")
        .order_by("pk")[:CHUNK]
    )
    versions = list(RuleVersion.objects.suggesting().select_related("rule")) if owed else []
    looked = [case for case in owed if case.state in UNDECIDED and case.revision.erased_at is None]
    RuleMatch.objects.bulk_create(
        (
            RuleMatch(case=case, version=version, revision=case.revision, matched_at=at)
            for case in looked
            for version in _fitting(case, versions)
        ),
        ignore_conflicts=True,
    )
    Case.objects.filter(pk__in=[case.pk for case in owed]).update(rules_owed=False)
    return len(owed)


def _fitting(case: Case, versions: Sequence[RuleVersion]) -> list[RuleVersion]:
    asked = [v for v in versions if v.rule.program_id in (None, case.program_id)]
    if not asked:
        return []
    reading = rules.reading_of(case.revision, case.application)
    return [version for version in asked if rules.fits(version.condition, reading)]


def settle_owed(*, at: datetime) -> int:
    """Write whether people decided as each match expects; return of how many. May run twice and beside itself.

    A decision counts once it was told. What an appeal overturned counts no more: the next decision does.
    """
    RuleMatch.objects.filter(decision__overturned_at__isnull=False).update(
        settled_at=None, was_right=None, decision=None
    )
    settled = _settle_looked_at(at)
    while found := _settle_chunk(at):
        settled += found
    return settled


@transaction.atomic
def _settle_chunk(at: datetime) -> int:
    final = Decision.objects.final().values("case")
    owed = RuleMatch.objects.filter(settled_at=None, case__state=CaseState.DECIDED, case__in=final)
    found = list(
        owed.select_for_update(skip_locked=True, of=("self",))
        .select_related("version")
        .order_by("pk")[:CHUNK]
    )
    cases = decided({match.case_id for match in found})
    for match in found:
        case = cases[match.case_id]
        match.decision, match.settled_at = final_of(case), at
        match.was_right = is_as_expected(case, match.version.expects, match.version.domains)
    RuleMatch.objects.bulk_update(found, ["decision", "settled_at", "was_right"])
    return len(found)


@transaction.atomic
def _settle_looked_at(at: datetime) -> int:
    """Settle what a rule approved by what the person thought who looked at it again. One statement."""
    views = SecondReview.objects.filter(
        decision__by_rule=OuterRef("version"),
        decision__case=OuterRef("case"),
        done_at__isnull=False,
        golden=None,
    )
    owed = RuleMatch.objects.filter(Exists(views), settled_at=None)
    return owed.update(settled_at=at, was_right=Exists(views.filter(opinion__outcome=Outcome.APPROVED)))


def decided(cases: Iterable[int]) -> dict[int, Case]:
    """Return cases by id, with what people decided and found."""
    found = Case.objects.filter(pk__in=list(cases)).prefetch_related(*_decided())
    return {case.pk: case for case in found}


def _decided() -> tuple[Prefetch, Prefetch]:
    told = Decision.objects.exclude(told_at=None).filter(decided_by__isnull=False, overturned_at=None)
    grave = Finding.objects.filter(verdict__in=GRAVE)
    return Prefetch("decisions", told.order_by("-pk")), Prefetch("findings", grave)


def final_of(case: Case) -> Decision | None:
    """Return a person's told decision that counts; a question is none."""
    return next((d for d in case.decisions.all() if d.outcome != Outcome.NEEDS_INFORMATION), None)


def is_as_expected(case: Case, expects: str, domains: Sequence[str]) -> bool:
    """Return whether people decided so, of a case that `decided` read and that has a final decision."""
    decisions, final = list(case.decisions.all()), final_of(case)
    asked = any(decision.outcome == Outcome.NEEDS_INFORMATION for decision in decisions)
    approved = final is not None and final.outcome == Outcome.APPROVED
    match expects:
        case Expectation.APPROVED:
            return approved
        case Expectation.ASKED:
            return asked
        case Expectation.CITED:
            cited = {code for decision in decisions for code in decision.categories}
            return bool({*domains} & (cited | {finding.category for finding in case.findings.all()}))
        case _:
            return asked or not approved


def shares(versions: Iterable[int]) -> dict[int, Share]:
    """Return the measured precision of versions, by id. One statement."""
    counted = (
        RuleMatch.objects.settled()
        .filter(version__in=list(versions))
        .values("version")
        .annotate(of=Count("pk"), right=Count("pk", filter=Q(was_right=True)))
    )
    return {row["version"]: Share(row["right"], row["of"]) for row in counted}


def silence_owed(*, at: datetime) -> int:
    """Let rules that are surely below their bound fall silent and tell the seniors; return how many. Twice is once."""
    versions = list(RuleVersion.objects.suggesting().select_related("rule"))
    measured = shares(version.pk for version in versions)
    below = [
        (version, share)
        for version in versions
        if (share := measured.get(version.pk))
        and share.of >= version.least_decided
        and share.high * 100 < version.least_precision
    ]
    return sum(_silence(version, share, at) for version, share in below)


@transaction.atomic
def _silence(version: RuleVersion, share: Share, at: datetime) -> bool:
    if not rules.silence(version.rule, seen=version.number, at=at, right=share.right, of=share.of):
        return False
    for senior in _seniors():
        with letters.read_in(spoken(senior.language), senior.time_zone):
            letters.write(
                "reviews/rule_silent",
                to=senior.email,
                at=at,
                about=version.rule,
                once=f"rule_silent:{version.pk}:{senior.pk}",
                name=str(senior),
                rule=version.rule.name,
                version=version.number,
                condition=version.condition,
                share=str(share),
                least=version.least_precision,
                url=settings.BASE_URL + reverse("admin:rule", args=[version.rule_id]),
            )
    return True


def _seniors() -> list[User]:
    staff = User.objects.filter(is_active=True, is_staff=True)
    return [user for user in staff if may(user, Duty.SIGN_AS_SENIOR)]


@dataclass(frozen=True)
class Suggestion:
    """What a rule suggests for a case, and how often people decided as it expects."""

    rule: str
    condition: str
    lane: str
    domains: Sequence[str]
    due_days: int | None
    questions: Sequence[str]
    share: Share


def suggested() -> ArraySubquery:
    """Return the expression for what the rules suggest for a case, to be read with it; by name of the rule."""
    of = RuleMatch.objects.settled().filter(version=OuterRef("version")).order_by().values("version")
    shown = RuleMatch.objects.shown().filter(case=OuterRef("pk")).order_by("version__rule__name")
    said = {name: f"version__{name}" for name in SAID}
    return ArraySubquery(
        shown.values(
            json=JSONObject(
                **said,
                rule="version__rule__name",
                of=Coalesce(Subquery(of.annotate(n=Count("pk")).values("n")), 0),
                right=Coalesce(Subquery(of.filter(was_right=True).annotate(n=Count("pk")).values("n")), 0),
            )
        )
    )


def on_case(case: Case, *, names: Mapping[str, str] | None = None) -> list[Suggestion]:
    """Return what the rules suggest for a case now. One statement, none where the case was read with `suggested`.

    `names` are those of the categories, by code.
    """
    found = getattr(case, "suggested", None)
    if found is None:
        found = (
            Case.objects.annotate(suggested=suggested()).values_list("suggested", flat=True).get(pk=case.pk)
        )
    return [_suggestion(said, names or {}) for said in found]


def _suggestion(said: dict[str, Any], names: Mapping[str, str]) -> Suggestion:
    share = Share(said["right"], said["of"])
    domains = [names.get(code, code) for code in said["domains"]]
    kept = {name: said[name] for name in ("rule", "condition", "lane", "due_days", "questions")}
    return Suggestion(**kept, domains=domains, share=share)


def try_out(wording: Wording, *, days: int, at: datetime, hidden: Q, program: int | None = None) -> Trial:
    """Return what a rule would have done on the cases of the last `days` days. Nothing is written.

    The newest TRIED_MOST cases are looked at. `hidden` is the condition on cases this person may not see: those are
    counted, and not named.
    """
    cases = Case.objects.filter(opened_at__gte=at - timedelta(days=days), revision__erased_at=None)
    cases = cases.filter(program=program) if program else cases
    newest = list(cases.order_by("-pk").values_list("pk", flat=True)[: TRIED_MOST + 1])
    trial = Trial(is_cut=len(newest) > TRIED_MOST)
    seen = set(Case.objects.filter(pk__in=newest).exclude(hidden).values_list("pk", flat=True))
    for start in range(0, min(len(newest), TRIED_MOST), CHUNK):
        chunk = Case.objects.filter(pk__in=newest[start : min(start + CHUNK, TRIED_MOST)])
        chunk = chunk.select_related(*ABOUT).defer("application__answers", "application__facts")
        for case in chunk.prefetch_related(OFFERED, *_decided()).order_by("-pk"):
            _try(trial, wording, case, is_seen=case.pk in seen)
    return trial


SHOWN = 10  # cases named by a dry run


def _try(trial: Trial, wording: Wording, case: Case, *, is_seen: bool) -> None:
    trial.looked_at += 1
    is_decided = case.state == CaseState.DECIDED and final_of(case) is not None
    was_right = is_decided and is_as_expected(case, wording.expects, wording.domains)
    trial.base_decided += is_decided
    trial.base_right += was_right
    if not rules.fits(wording.condition, rules.reading_of(case.revision, case.application)):
        return
    trial.matched += 1
    trial.decided += is_decided
    trial.right += was_right
    trial.lanes[case.lane] += 1
    if is_seen and len(trial.shown) < SHOWN:
        trial.shown.append(case)

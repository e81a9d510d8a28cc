"""A rule that people measured, and cases it may approve."""

from uuid import uuid4

from onboarding.models import Program
from reviews.domain import automatic, likenesses, matches
from reviews.domain.rules import Wording
from reviews.models import Case, Decision, RuleMatch, RuleVersion, TriageRule
from tests.factories import MONDAY
from tests.reviews.making import make_case

PLAIN = Wording(
    "areas contains none",
    lane="notify",
    approves=True,
    expects="approved",
    least_precision=80,
    least_decided=30,
)


def words() -> str:
    """Return a text like no other: the same one twice is a signal."""
    return " ".join(uuid4().hex[:9] for _ in range(12))


def make_plain(program: Program, text: str = "", **fields) -> Case:
    """Return a case of the notify lane that nobody has touched, with its payers paid."""
    said = {"areas": ["none"], "summary": text or words()}
    return paid(
        make_case(
            program, answers=said, **{"title": words()[:70], "lane": "notify", "risk_level": 1} | fields
        )
    )


def paid(case: Case) -> Case:
    likenesses.keep_owed()
    matches.match_owed(at=MONDAY)
    case.refresh_from_db()
    return case


def approved() -> int:
    automatic.approve_owed(at=MONDAY)
    return Decision.objects.filter(by_rule__isnull=False).count()


def measure(version: RuleVersion, like: TriageRule) -> None:
    """Let a version have fitted, rightly, every case that people decided of another rule."""
    RuleMatch.objects.bulk_create(
        RuleMatch(
            case=one.case, version=version, revision=one.revision, matched_at=MONDAY, was_right=True, settled_at=MONDAY
        )
        for one in RuleMatch.objects.filter(version__rule=like)
    )  # fmt: skip

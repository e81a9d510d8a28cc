"""What a draft of the guidelines would have made of the latest applications: which lanes would have been others.

Nothing is written. Each application is judged twice, by the version in force and by the draft, on the answers it was
sent with; what was decided since does not count.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from onboarding.domain import answers, questions, triage
from onboarding.domain.answers import Reading
from onboarding.models import Revision
from policies.domain import guidelines
from policies.models import GuidelineVersion
from policies.states import STRICTEST_FIRST, Lane

MOST = 1000  # applications judged, the latest first: a person waits for it
CHUNK = 200


@dataclass(frozen=True)
class Row:
    """One category or usual use: its lane in force ("" where it is new) and in the draft, and whom it touches."""

    code: str
    name: str
    before: str
    after: str
    touches: int

    @property
    def differs(self) -> bool:
        return self.before != self.after

    @property
    def may_switch(self) -> bool:
        return self.after != Lane.REFUSE


@dataclass(frozen=True)
class Preview:
    """`moves` are (lane in force, lane in the draft, applications); `judged` of `sent` were looked at."""

    against: GuidelineVersion
    rows: list[Row]
    moves: list[tuple[str, str, int]]
    judged: int
    sent: int

    @property
    def touched(self) -> int:
        return sum(number for _before, _after, number in self.moves)


def of(draft: GuidelineVersion, *, days: int, at: datetime) -> Preview:
    """Return what would be another lane among what was sent in the last `days`. Raises guidelines.NoGuidelines."""
    against = guidelines.in_force()
    sent = _sent(days, at)
    moves: Counter[tuple[str, str]] = Counter()
    touches: Counter[str] = Counter()
    judged = 0
    for reading in _readings(sent):
        judged += 1
        (before, _codes), (after, codes) = (
            triage.lane(reading, guidelines=version) for version in (against, draft)
        )
        touches.update(codes)
        if before != after:
            moves[before, after] += 1
    told = sorted(moves.items(), key=lambda one: tuple(map(STRICTEST_FIRST.index, map(Lane, one[0]))))
    return Preview(
        against=against,
        rows=list(_rows(draft, against, touches)),
        moves=[(str(Lane(before).label), str(Lane(after).label), n) for (before, after), n in told],
        judged=judged,
        sent=judged if judged < MOST else sent.count(),
    )


def _sent(days: int, at: datetime) -> QuerySet[Revision]:
    """Return the latest revision of each application that was sent in that time and still has its answers."""
    found = Revision.objects.filter(submitted_at__gt=at - timedelta(days=days), submitted_at__lte=at)
    latest = found.filter(erased_at=None).order_by("application_id", "-number").distinct("application_id")
    return Revision.objects.filter(pk__in=latest.values("pk"))


def _readings(sent: QuerySet[Revision]) -> Iterator[Reading]:
    rows = sent.select_related("question_set", "application__program").order_by("-submitted_at", "-pk")[:MOST]
    for revision in rows.iterator(chunk_size=CHUNK):
        form = questions.of(revision.question_set)
        yield Reading(answers.paper(form, revision.application.program), revision.answers)


def _rows(draft: GuidelineVersion, against: GuidelineVersion, touches: Counter[str]) -> Iterator[Row]:
    old = dict(against.categories.values_list("code", "lane")) | dict(
        against.usual_uses.values_list("code", "lane")
    )
    for part in draft.categories.all():
        yield Row(part.code, part.name, old.get(part.code, ""), part.lane, touches[part.code])
    for use in draft.usual_uses.all():
        yield Row(use.code, use.text, old.get(use.code, ""), use.lane, touches[use.code])

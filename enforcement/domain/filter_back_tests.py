"""Back-tests of filter rules: asked for, begun, finished, failed; a worker holds what it runs, see `domain.runs`.

What is read: the excerpts of flags and of hits that are still kept (30 days), each at most a few words around a hit of
some rule or what somebody quoted. So a back-test tells which of them another rule would have hit too, and how people
decided on those; it cannot tell what nobody ever noticed.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import filter_trials
from enforcement.domain.filter_rules import NotYourFilters
from enforcement.models import FilterBackTest, FilterHit, FilterRuleVersion, Flag
from enforcement.permissions import may_write_filters
from enforcement.states import BACK_TEST_TRANSITIONS, BackTestState
from onboarding.domain import runs

CHUNK = 200  # texts between two reports of progress
MOST = 100_000  # texts of one back-test
WORKER_STOPPED = gettext_noop("The worker stopped half way. Ask for another one.")
# Groups of texts, as the page tells them.
CONFIRMED, DISMISSED, OPEN, ELSEWHERE, HITS = "confirmed", "dismissed", "open", "elsewhere", "hits"


class IllegalMove(Exception):
    def __init__(self, test: FilterBackTest, to: str):
        super().__init__(
            _("This back-test is “%(state)s”; it cannot become “%(to)s”.")
            % {"state": test.get_state_display().lower(), "to": to}
        )


@transaction.atomic
def ask(version: FilterRuleVersion, *, by: User, at: datetime) -> FilterBackTest:
    """Note that somebody wants to know what a version would have hit. Raises NotYourFilters."""
    if not may_write_filters(by):
        raise NotYourFilters
    test = FilterBackTest.objects.create(version=version, asked_by=by, asked_at=at)
    ledger.record(Event.FILTER_BACK_TESTED, subject=test, actor=by, at=at, version=version.number)
    return test


@transaction.atomic
def begin(pk: int, *, at: datetime) -> FilterBackTest | None:
    """Start a waiting back-test, for whoever holds it; None where nothing is asked of a worker any more."""
    test = FilterBackTest.objects.select_for_update(of=("self",)).get(pk=pk)
    if test.state == BackTestState.RUNNING:  # we hold it, so its worker is dead
        _end(test, BackTestState.FAILED, at, problem=WORKER_STOPPED)
    if test.state != BackTestState.WAITING:
        return None
    _move(test, BackTestState.RUNNING)
    return test


def run(test: FilterBackTest) -> dict[str, list[int]]:
    """Read every kept excerpt by the version; return {group: [hits, of]}. Tells its progress. Raises BadContent."""
    rule = test.version.as_rule
    found: dict[str, list[int]] = {group: [0, 0] for group in (CONFIRMED, DISMISSED, OPEN, ELSEWHERE, HITS)}
    texts = _texts(test.version)
    total = min(
        Flag.objects.exclude(excerpt="").count() + FilterHit.objects.exclude(excerpt="").count(), MOST
    )
    done = 0
    while part := list(islice(texts, CHUNK)):
        for (group, _text), hit in zip(
            part, filter_trials.outcomes(rule, [text for _group, text in part]), strict=True
        ):
            found[group][0] += bool(hit)
            found[group][1] += 1
        done += len(part)
        FilterBackTest.objects.filter(pk=test.pk).update(done=done, total=max(total, done))
    return found


@transaction.atomic
def finish(test: FilterBackTest, figures: dict[str, list[int]], *, at: datetime) -> FilterBackTest:
    """Keep what came out."""
    test = FilterBackTest.objects.select_for_update().get(pk=test.pk)
    test.figures = figures
    _end(test, BackTestState.DONE, at)
    return test


@transaction.atomic
def fail(test: FilterBackTest, problem: str, *, at: datetime) -> FilterBackTest:
    """Say why a back-test stopped."""
    test = FilterBackTest.objects.select_for_update().get(pk=test.pk)
    _end(test, BackTestState.FAILED, at, problem=problem)
    return test


@transaction.atomic
def notice_lost(test: FilterBackTest, *, at: datetime) -> FilterBackTest:
    """Fail a back-test whose worker is dead; leave every other as it is."""
    test = FilterBackTest.objects.select_for_update().get(pk=test.pk)
    if test.state == BackTestState.RUNNING and not runs.is_held(runs.Kind.FILTER_BACK_TEST, test.pk):
        _end(test, BackTestState.FAILED, at, problem=WORKER_STOPPED)
    return test


def _texts(version: FilterRuleVersion) -> Iterator[tuple[str, str]]:
    """Yield (group, excerpt) of each flag and hit; newest first, at most MOST."""
    flags = Flag.objects.exclude(excerpt="").order_by("-pk").values_list("category", "state", "excerpt")
    for category, state, excerpt in flags[:MOST].iterator(chunk_size=CHUNK):
        yield (state if category == version.category else ELSEWHERE), excerpt
    hits = FilterHit.objects.exclude(excerpt="").order_by("-pk").values_list("excerpt", flat=True)
    for excerpt in hits[:MOST].iterator(chunk_size=CHUNK):
        yield HITS, excerpt


def _end(test: FilterBackTest, to: BackTestState, at: datetime, problem: str = "") -> None:
    test.problem, test.finished_at = problem[:300], at
    _move(test, to)


def _move(test: FilterBackTest, to: BackTestState) -> None:
    """Steps of the worker are in the row alone: who asked is what the ledger has."""
    if to not in BACK_TEST_TRANSITIONS[test.state]:
        raise IllegalMove(test, to.label.lower())
    test.state = to
    test.save(update_fields=["state", "figures", "problem", "finished_at"])

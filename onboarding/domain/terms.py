"""Terms: how long an approval holds. What a letter promises to look at again, and when access ends, come from here."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from onboarding.models import Application, Grant, Program, Revision
from onboarding.states import ApplicationKind
from policies.models import Category

LEAST = timedelta(days=90)  # of access after a long wait in line: time to ask for the renewal


def months(program: Program, *, guidelines: int, domains: Sequence[str]) -> int:
    """Return how many months an approval holds: the program's, or the shortest of the domains that apply."""
    found = (
        Category.objects.filter(guidelines=guidelines, code__in=domains)
        if domains
        else Category.objects.none()
    )
    return min([program.grant_months, *found.values_list("approval_months", flat=True)])


def end(revision: Revision, application: Application, *, at: datetime) -> datetime:
    """Return when access under an approval of this revision ends that is told at `at`.

    A renewal adds its months to the end there is, so that asking early costs nothing; a change of use never
    moves the end away; everything else counts from `at`. Counted on the calendar of the program's zone.
    """
    program, grant = application.program, application.grant
    held = months(program, guidelines=revision.guidelines_id, domains=revision.domains)
    if grant is None:
        return _after(program, held, at)
    if application.kind == ApplicationKind.RENEWAL:
        return _after(program, held, max(at, ends_at(grant)))
    if application.kind == ApplicationKind.AMENDMENT:
        return min(ends_at(grant), _after(program, held, at))
    return _after(program, held, at)


def first_end(application: Application, revision: Revision, *, at: datetime) -> datetime:
    """Return when access that is given at `at` ends.

    The program's months from then; where a scrutiny domain applies, at most its months from the approval, as the
    letter said, but never less than LEAST.
    """
    program = application.program
    full = _after(program, program.grant_months, at)
    if not revision.domains:
        return full
    approved = _after(
        program,
        months(program, guidelines=revision.guidelines_id, domains=revision.domains),
        application.settled_at or at,
    )
    return min(full, max(approved, at + LEAST))


def ends_at(grant: Grant) -> datetime:
    """Return when the grant's own time is over, leaving aside that a renewal under review keeps it going."""
    return grant.held_over_from or grant.expires_at


def _after(program: Program, count: int, at: datetime) -> datetime:
    return at.astimezone(program.zone) + relativedelta(months=count)

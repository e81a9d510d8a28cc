"""How many people reached each step from application to key, how long it took, and who is stuck."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Aggregate, Count, DurationField, Exists, ExpressionWrapper, F, Q
from django.urls import reverse

from onboarding.domain import clocks
from onboarding.models import Application, Grant, Invitation, Key, Program
from onboarding.states import ApplicationState, InvitationState, KeyState
from reviews.models import Case

SILENT = timedelta(days=4)  # an invitation nobody answers for so long is worth a look
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Median(Aggregate):
    """The middle value, as PostgreSQL's percentile_cont interpolates it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True)
class Reached:
    """People who came to a step; `wait` is the median time since the step before, in words."""

    name: str
    people: int
    wait: str


@dataclass(frozen=True)
class Stuck:
    """People for whom nothing moves, and where to see them."""

    name: str
    people: int
    url: str


def reached(program: Program) -> list[Reached]:
    """Return the steps in order, in three statements."""
    told = Q(settled_at__isnull=False) & ~Q(state=ApplicationState.WITHDRAWN)
    asked = Application.objects.for_access().filter(program=program, submitted_at__isnull=False)
    sent = asked.aggregate(
        applied=Count("id"),
        decided=Count("id", filter=told),
        decided_after=_median("settled_at", "submitted_at", filter=told),
        approved=Count("id", filter=Q(state__in=[ApplicationState.APPROVED, ApplicationState.LAPSED])),
    )
    invited = Invitation.objects.filter(seat__entry__program=program).aggregate(
        people=Count("seat__entry", distinct=True),
        after=_median("offered_at", "seat__entry__joined_at"),
        accepted_after=_median("answered_at", "offered_at", filter=Q(state=InvitationState.ACCEPTED)),
    )
    granted = Grant.objects.filter(program=program).aggregate(
        people=Count("id", distinct=True),
        opened=Count("id", filter=Q(keys__opened_at__isnull=False), distinct=True),
        opened_after=_median("keys__opened_at", "keys__issued_at", filter=Q(keys__request=1)),
    )
    return [
        Reached("Applied", sent["applied"], ""),
        Reached("Decided", sent["decided"], in_words(sent["decided_after"])),
        Reached("Approved", sent["approved"], ""),
        Reached("Invited", invited["people"], in_words(invited["after"])),
        Reached("Accepted", granted["people"], in_words(invited["accepted_after"])),
        Reached("Key opened", granted["opened"], in_words(granted["opened_after"])),
    ]


def _median(later: str, earlier: str, **more: Any) -> Median:
    return Median(ExpressionWrapper(F(later) - F(earlier), output_field=DurationField()), **more)


def stuck(program: Program, at: datetime) -> list[Stuck]:
    """Return the groups, empty ones too, in five statements."""
    of_program = {"program__id__exact": program.pk}
    asked = Application.objects.filter(program=program, state=ApplicationState.INFORMATION_REQUESTED)
    late = Case.objects.filter(program=program).queued().filter(due_at__lt=at).order_by()
    silent = Invitation.objects.filter(
        seat__entry__program=program, state=InvitationState.OFFERED, offered_at__lt=at - SILENT
    )
    offered = Invitation.objects.offered().filter(seat__entry__program=program)
    undelivered = offered.filter(
        Exists(clocks.letters_of(clocks.FIRST, given_up_at__isnull=False))
        | Exists(clocks.letters_of(clocks.REMINDER, given_up_at__isnull=False))
    )
    unopened = Key.objects.filter(grant__program=program, state=KeyState.ISSUED)
    return [
        Stuck("Past due with the reviewers", late.count(), ""),
        Stuck(
            "Waiting for an answer to our question",
            asked.count(),
            _list("application", state__exact=ApplicationState.INFORMATION_REQUESTED, **of_program),
        ),
        Stuck(
            f"Invited, silent for {SILENT.days} days",
            silent.count(),
            _list("invitation", state__exact=InvitationState.OFFERED),
        ),
        Stuck(
            "Invited, the letter was given up: its clock stands still",
            undelivered.count(),
            f"{reverse('admin:outbox_letter_changelist')}?standing=given_up",
        ),
        Stuck("Accepted, key not opened", unopened.count(), _list("key", state__exact=KeyState.ISSUED)),
    ]


def _list(model: str, **narrowed: object) -> str:
    return f"{reverse(f'admin:onboarding_{model}_changelist')}?{urlencode(narrowed)}"


def in_words(wait: timedelta | None) -> str:
    """Return a length of time in its largest fitting unit, such as "17 days"; nothing for none."""
    if wait is None:
        return ""
    seconds = wait.total_seconds()
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size * (
            2 if size == DAY else 0.96
        ):  # 59 minutes are an hour, 30 hours are not "1.3 days"
            count = round(seconds / size, 1 if seconds < 10 * size else None)
            return f"{count:g} {name}{'' if count == 1 else 's'}"
    return "under a minute"

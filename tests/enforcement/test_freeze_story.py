"""The whole story: flags confirmed, admission stops, everybody reads why, a manager lifts it with a reason."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from audit import clock, ledger
from enforcement.domain import guard_figures
from onboarding import tasks
from onboarding.domain import freezes, waitlist, weeks
from onboarding.models import Freeze, Seat
from onboarding.states import GuardKind
from outbox.models import Letter
from tests.enforcement.flagging import make_confirmed
from tests.factories import make_entry, make_grant, make_program, make_rate
from tests.onboarding.guarding import make_guard, manager

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def page(user, url: str) -> str:
    client = Client()
    if user:
        client.force_login(user)
    return client.get(url).content.decode()


def test_confirmed_flags_stop_admission_until_a_manager_lifts_it_with_a_reason():
    now, dora = clock.now(), manager()
    program = make_program()
    make_rate(program, 5, from_at=now - 30 * DAY)
    grants = [make_grant(program, at=now - 15 * DAY) for _ in range(3)]
    entry = make_entry(program, at=now - 14 * DAY)
    make_guard(
        program, GuardKind.VIOLATIONS, threshold=300, window_days=28, minimum_sample=3, at=now - 14 * DAY
    )

    make_confirmed(grants[0], at=now - 13 * DAY)  # flags are confirmed by a person, and measured
    guard_figures.report_owed(at=now - 12 * DAY)
    assert freezes.settle(program, at=now - 12 * DAY) == 1

    assert waitlist.admit(program, by="beat", at=now) == 0  # a later week opens and admits none
    assert (weeks.current(program, now).admitted, entry.seats.count()) == (0, 0)

    freeze, why = Freeze.objects.get(), "Confirmed violations: 333.33 confirmed for each 1,000 active grants"
    board = page(dora, f"{reverse('admin:board')}?program={program.slug}")
    assert (why in board, reverse("admin:guards", args=[program.slug]) in board) == (True, True)
    assert why in Letter.objects.get(kind="onboarding/frozen").text
    public = page(None, reverse("program", args=[program.slug]))
    status = page(entry.application.applicant, reverse("application", args=[entry.application.number]))
    for shown in (public, status):
        assert "The guidelines were broken more often than we accept. Places in line are kept." in shown
        assert "333" not in shown

    client = Client()
    client.force_login(dora)
    lift = reverse("admin:freeze_lift", args=[program.slug, freeze.pk])
    assert client.post(lift, {"reason": ""}).status_code == 422  # not without a reason
    assert client.post(lift, {"reason": "One group, and their access has ended."}).status_code == 302

    tasks.admit_due()
    assert Seat.objects.filter(entry=entry).count() == 1
    assert list(ledger.of(freeze).values_list("event", "actor")) == [
        ("freeze.began", "system:guards"),
        ("freeze.lifted", f"user:{dora.pk}"),
    ]
    assert "Admission is stopped" not in page(None, reverse("program", args=[program.slug]))

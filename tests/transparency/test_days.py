"""Figures of days: taken once, before the rows go; what is blanked later is still counted."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from audit import ledger
from audit.events import Event
from enforcement.domain import filter_rules
from enforcement.models import FilterHit
from onboarding.models import Application
from reviews.models import Exposure
from tests.factories import MONDAY, make_application, make_guidelines, make_key, make_reviewer
from tests.reviews.making import make_case
from tests.transparency.making import pia
from transparency import tasks
from transparency.domain import days
from transparency.models import DayFigures

pytestmark = pytest.mark.django_db
TUESDAY_NOON = MONDAY + timedelta(days=1)


def sent(**facts) -> None:
    """Submit an application on Monday; what it says of its applicant came with an import."""
    made = make_application(at=MONDAY)
    Application.objects.filter(pk=made.pk).update(facts=facts)


def taken() -> dict:
    days.take_owed(at=TUESDAY_NOON)
    return DayFigures.objects.get(on=MONDAY.date()).figures


def test_a_day_counts_what_applicants_said_of_themselves():
    sent(applicant_type="company", country="es")
    sent(applicant_type="company", country="US")

    figures = taken()

    assert (figures["type"], figures["country"]) == ({"company": 2}, {"ES": 1, "US": 1})
    assert figures["language"] == {"en-gb": 2}


def test_a_day_is_taken_once_with_its_digest_in_the_ledger():
    sent(country="ES")
    taken()

    assert days.take_owed(at=TUESDAY_NOON) == 0
    row = DayFigures.objects.get(on=MONDAY.date())
    entry = ledger.of(row).get()
    assert (entry.event, entry.details) == (Event.FIGURES_TAKEN, {"on": "2026-11-23", "digest": row.digest})


def test_what_is_blanked_afterwards_stays_counted():
    sent(country="ES")
    before = taken()
    Application.objects.update(facts={})

    assert DayFigures.objects.get(on=MONDAY.date()).figures == before


def test_today_is_not_taken_and_yesterday_an_hour_after_midnight():
    sent(country="ES")
    midnight = MONDAY.replace(hour=0) + timedelta(days=1)

    days.take_owed(at=midnight + timedelta(minutes=59))
    early = DayFigures.objects.filter(on=MONDAY.date()).exists()
    days.take_owed(at=midnight + timedelta(hours=1))

    assert (early, DayFigures.objects.latest("on").on) == (False, MONDAY.date())


def test_minutes_of_severe_text_and_reached_bounds_are_totals_of_the_team():
    case = make_case(at=MONDAY)
    for name, minutes in (("bob", 31), ("bea", 10)):
        Exposure.objects.create(
            reviewer=make_reviewer(name), case=case, severe={"self_harm": 3}, opened_at=MONDAY,
            ends_by=MONDAY + timedelta(minutes=minutes), ended_at=MONDAY + timedelta(minutes=minutes),
        )  # fmt: skip

    assert taken()["team"] == {"severe_minutes": 41, "caps_reached": 1}


def test_hits_of_filters_that_were_on_are_counted_by_category():
    make_guidelines()
    wording = filter_rules.Wording("words", "weapons", "bomb", hits=["A bomb."], passes=["A bath."])
    rule = filter_rules.write("bombs", "Bombs", wording, by=pia(), at=MONDAY, reason="To try").rule
    key, version = make_key(at=MONDAY), rule.versions.get()
    for number, is_live in enumerate((True, True, False)):
        FilterHit.objects.create(
            version=version, key=key, request=str(number), place=0, score=1, is_live=is_live, hit_at=MONDAY
        )

    assert taken()["filtered"] == {"weapons": 2}


def test_of_a_day_whose_rows_are_gone_nothing_is_said():
    sent(country="ES")
    days.take_owed(at=MONDAY + timedelta(days=91))

    assert set(DayFigures.objects.get(on=MONDAY.date()).figures) == {"country", "language"}


def test_a_day_that_was_taken_does_not_change():
    sent(country="ES")
    taken()

    with pytest.raises(DatabaseError), transaction.atomic():
        DayFigures.objects.update(figures={})


def test_the_payer_takes_days_up_to_now(monkeypatch):
    sent(country="ES")
    monkeypatch.setattr("audit.clock.now", lambda: TUESDAY_NOON)

    tasks.take_figures()

    assert DayFigures.objects.latest("on").on == date(2026, 11, 23)

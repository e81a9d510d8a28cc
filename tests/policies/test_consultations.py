"""A consultation is prepared, opened, extended, and closes by itself; what it asks rests once it is open."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from audit.models import LedgerEntry
from policies.domain import consultations, guidelines
from policies.domain.consultations import BadConsultation, Frozen
from policies.models import Consultation, ConsultationQuestion
from policies.states import CONSULTATION_TRANSITIONS, ConsultationState
from tests.factories import MONDAY, editor
from tests.policies.consulting import CLOSES, make_open, make_prepared, make_summarised

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def phases(consultation: Consultation) -> list[str]:
    times = (MONDAY - DAY, MONDAY, CLOSES - timedelta(seconds=1), CLOSES)
    return [str(consultation.phase(at)) for at in times]


def refused(change) -> bool:
    try:
        with transaction.atomic():
            change()
    except DatabaseError:
        return True
    return False


def test_it_opens_and_closes_by_its_dates():
    assert phases(make_open()) == ["announced", "open", "open", "closed"]


def test_each_step_has_its_row_in_the_ledger():
    made = make_open()
    consultations.extend(made, until=CLOSES + DAY, by=editor("edith"), at=MONDAY, reason="A holiday.")

    rows = LedgerEntry.objects.filter(subject_type="policies.consultation").order_by("id")
    assert list(rows.values_list("event", flat=True)) == [
        "consultation.prepared", *["consultation.edited"] * 3, "consultation.opened", "consultation.extended",
    ]  # fmt: skip


def test_before_it_is_open_everything_of_it_can_be_written():
    made, edith = make_prepared(), editor("edith")
    first, second = (
        consultations.add_question(made, kind="text", text=text, by=edith, at=MONDAY)
        for text in ("One?", "Two?")
    )
    consultations.ask_earlier(second, by=edith, at=MONDAY)
    consultations.drop_question(first, by=edith, at=MONDAY)
    consultations.edit(
        made, opens_at=MONDAY + DAY, closes_at=CLOSES, introduction="Why?", by=edith, at=MONDAY
    )

    made.refresh_from_db()
    assert (made.introduction, [row.text for row in made.questions.all()]) == ("Why?", ["Two?"])


def test_once_it_is_open_it_rests():
    made, edith = make_open(), editor("edith")

    for change in (
        lambda: consultations.edit(
            made, opens_at=MONDAY, closes_at=CLOSES, introduction="Other", by=edith, at=MONDAY
        ),
        lambda: consultations.add_question(made, kind="text", text="More?", by=edith, at=MONDAY),
        lambda: consultations.drop_question(made.questions.first(), by=edith, at=MONDAY),
        lambda: consultations.ask_earlier(made.questions.last(), by=edith, at=MONDAY),
    ):
        with pytest.raises(Frozen):
            change()


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.questions.update(text="Other?"),
        lambda made: made.questions.all().delete(),
        lambda made: ConsultationQuestion.objects.create(
            consultation=made, position=9, kind="text", text="?"
        ),
        lambda made: Consultation.objects.filter(pk=made.pk).update(introduction="Other"),
        lambda made: Consultation.objects.filter(pk=made.pk).update(opens_at=MONDAY - DAY),
        lambda made: Consultation.objects.filter(pk=made.pk).update(closes_at=CLOSES - DAY),
        lambda made: Consultation.objects.filter(pk=made.pk).update(source={}),
        lambda made: made.delete(),
    ],
)
def test_once_it_is_open_the_database_refuses_too(change):
    made = make_open()

    assert refused(lambda: change(made))


MISSING = [
    (old, new)
    for old in ConsultationState
    for new in ConsultationState
    if new not in {old, *CONSULTATION_TRANSITIONS[old]}
]


@pytest.mark.parametrize(("old", "new"), MISSING)
def test_no_step_is_taken_that_the_table_does_not_name(old, new):
    made = {"prepared": make_prepared, "opened": make_open, "summarised": make_summarised}[old]()

    with pytest.raises(DatabaseError, match="no step from state"), transaction.atomic():
        Consultation.objects.filter(pk=made.pk).update(state=new)


def test_extended_with_a_reason_everybody_reads():
    made = consultations.extend(
        make_open(), until=CLOSES + DAY, by=editor("edith"), at=CLOSES - DAY, reason="A holiday."
    )

    kept = made.extensions.get()
    assert (made.closes_at, kept.was, kept.reason) == (CLOSES + DAY, CLOSES, "A holiday.")


@pytest.mark.parametrize(
    ("until", "at", "reason", "says"),
    [
        (CLOSES, MONDAY, "x", "after the one it ends on"),
        (CLOSES + DAY, CLOSES, "x", "has not closed yet"),
        (CLOSES + 400 * DAY, MONDAY, "x", "a year at most"),
        (CLOSES + DAY, MONDAY, " ", "Write why"),
        (CLOSES + DAY, MONDAY, "x" * 501, "At most 500 characters; this has 501."),
    ],
)
def test_not_extended_without_a_later_date_and_a_reason(until, at, reason, says):
    with pytest.raises(BadConsultation, match=says):
        consultations.extend(make_open(), until=until, by=editor("edith"), at=at, reason=reason)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"kind": "odd", "text": "Why?"}, "Choose how"),
        ({"kind": "text", "text": " "}, "Write the question"),
        ({"kind": "text", "text": "x" * 401}, "At most 400"),
        ({"kind": "choice", "text": "Which?", "options": ["One"]}, "at least two"),
        ({"kind": "scale", "text": "Fair.", "options": ["One", "Two"]}, "Only a question with a choice"),
        ({"kind": "choice", "text": "Which?", "options": ["One", "One", "Two"]}, "each answer once"),
        ({"kind": "text", "text": "Why?", "clause": "nowhere"}, "not in the text"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(question, says):
    with pytest.raises(BadConsultation, match=says):
        consultations.add_question(make_prepared(), **question, by=editor("edith"), at=MONDAY)


def test_a_draft_nobody_can_read_is_not_consulted_on():
    made = make_prepared()
    guidelines.redraft(made.guidelines, by=editor("edith"), at=MONDAY)

    with pytest.raises(consultations.NotPublic, match="everybody can read"):
        consultations.open_(made, by=editor("edith"), at=MONDAY)


def test_while_it_is_open_its_text_rests_and_is_not_published():
    made = make_open()
    version = made.guidelines
    guidelines.approve(version, seen=version.text_hash, by=editor("edith"), at=MONDAY)

    with pytest.raises(consultations.IsOpen, match="stays as it is"):
        guidelines.redraft(version, by=editor("edith"), at=MONDAY)
    with pytest.raises(consultations.IsOpen):
        guidelines.publish(version, by=editor("peter"), at=MONDAY)
    assert guidelines.redraft(version, by=editor("edith"), at=CLOSES).state == "draft"


def test_a_version_has_one_consultation():
    made = make_open()

    with pytest.raises(BadConsultation, match="already"):
        consultations.prepare(
            made.guidelines, opens_at=MONDAY, closes_at=CLOSES, by=editor("edith"), at=MONDAY
        )

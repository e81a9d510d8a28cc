"""What is noticed is written down once, and gathered into one case for a person."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.models import LedgerEntry
from enforcement.domain import flags
from enforcement.models import Flag, FlagCase
from tests.enforcement.flagging import TUESDAY, make_flag
from tests.factories import make_grant, make_guidelines, make_secret, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant():
    return make_grant()


def test_a_flag_opens_a_case_and_both_are_in_the_ledger(grant):
    flag = make_flag(grant, category="cyber_abuse", rule="exploit", rule_version=2)

    told = LedgerEntry.objects.filter(event__startswith="flag").order_by("pk")
    assert [(entry.event, entry.actor) for entry in told] == [
        ("flag_case.opened", "system:filter"),
        ("flag.raised", "system:filter"),
    ]
    assert (flag.state, flag.case.state, flag.case.category) == ("open", "open", "cyber_abuse")


@pytest.mark.parametrize(
    "later",
    [{"category": "cyber_abuse"}, {"category": "cyber_abuse", "rule": "other"}, {"rule": "exploit"}],
    ids=["same category", "same category by another rule", "same rule"],
)
def test_what_says_the_same_of_one_grant_shares_a_case(grant, later):
    first = make_flag(grant, category="cyber_abuse", rule="exploit")

    assert make_flag(grant, **later).case_id == first.case_id


@pytest.mark.parametrize(
    "later", [{"category": "fraud_spam"}, {"category": "fraud_spam", "rule": "exploit"}, {}], ids=str
)
def test_what_says_something_else_gets_a_case_of_its_own(grant, later):
    first = make_flag(grant, category="cyber_abuse", rule="exploit")

    assert make_flag(grant, **later).case_id != first.case_id


def test_another_grant_of_the_same_owner_has_a_case_of_its_own(grant):
    other = make_grant(owner=grant.owner, applicant=grant.application.applicant)

    cases = {make_flag(each, category="cyber_abuse").case_id for each in (grant, other)}

    assert len(cases) == 2


def test_reports_about_nobody_known_are_not_mixed():
    make_guidelines()

    first, second = (
        flags.record(source="public", owner=None, by="public", at=TUESDAY, category="fraud_spam")
        for _ in "ab"
    )

    assert first.case_id != second.case_id


def test_the_same_mark_of_one_source_is_the_same_flag(grant):
    first = make_flag(grant, source="integrator", idempotency="7:a", severity=2)

    again = make_flag(grant, source="integrator", idempotency="7:a", severity=3)
    other = make_flag(grant, source="partner", idempotency="7:a")

    assert (again.pk, again.severity, other.pk == first.pk) == (first.pk, 2, False)


def test_a_graver_flag_brings_the_case_nearer_and_a_lighter_one_does_not_move_it(grant):
    case = make_flag(grant, category="cyber_abuse", severity=1).case
    make_flag(grant, category="cyber_abuse", severity=3, at=TUESDAY + timedelta(hours=1))
    make_flag(grant, category="cyber_abuse", severity=0, at=TUESDAY + timedelta(hours=2))

    case.refresh_from_db()

    assert (case.severity, case.due_at) == (3, TUESDAY + timedelta(hours=25))


@pytest.mark.parametrize(
    ("source", "hours"), [("holder", 24), ("partner", 24), ("leak", 24), ("public", 72), ("anomaly", 72)]
)
def test_who_flags_it_says_how_soon_a_person_decides(grant, source, hours):
    assert make_flag(grant, source=source, severity=1).case.due_at == TUESDAY + timedelta(hours=hours)


def test_without_a_severity_the_category_says_how_grave_it_is(grant):
    make_guidelines()

    assert [make_flag(grant, category=code).severity for code in ("child_safety", "")] == [3, 1]


def test_a_key_names_its_grant_and_its_owner():
    key, _ = make_secret()

    flag = flags.record(source="leak", owner=None, key=key, by="leaks", at=TUESDAY)

    assert (flag.grant, flag.owner) == (key.grant, key.grant.owner)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"source": "rumour"}, "There is no source “rumour”."),
        ({"severity": 4}, "A severity is 0, 1, 2 or 3."),
        ({"category": "nonsense"}, "The guidelines have no category “nonsense”."),
        ({"figures": {"a": "x" * 5000}}, "The figures are too many: at most 4000 characters."),
        ({"rule": "x" * 101}, "“rule” has at most 100 characters."),
        ({"end_user": "a\0b"}, "“end_user” has at most 128 characters."),
        ({"said": "x" * 2001}, "Write at most 2,000 characters; this has 2,001."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(grant, wrong, sentence):
    with pytest.raises(flags.BadFlag) as refused:
        make_flag(grant, **wrong)

    assert (str(refused.value), Flag.objects.count()) == (sentence, 0)


def test_a_key_of_another_grant_is_refused(grant):
    key, _ = make_secret()

    with pytest.raises(flags.BadFlag):
        make_flag(grant, key=key)


def test_an_excerpt_is_one_short_line_and_goes_after_thirty_days(grant):
    flag = make_flag(grant, excerpt="How do I\n break in? " + "x" * 600)
    kept = len(flag.excerpt), flag.excerpt[:20]

    early = flags.forget_excerpts(at=TUESDAY + timedelta(days=29))
    due = flags.forget_excerpts(at=TUESDAY + timedelta(days=30))

    flag.refresh_from_db()
    assert (kept, early, due, flag.excerpt) == ((500, "How do I break in? x"), 0, 1, "")


@pytest.mark.parametrize(
    "change",
    [
        {"source": "public"},
        {"figures": {"hits": 0}},
        {"severity": 0},
        {"raised_at": TUESDAY - timedelta(days=9)},
    ],
    ids=str,
)
def test_the_database_refuses_to_change_what_was_noticed(grant, change):
    flag = make_flag(grant, severity=2, figures={"hits": 5})

    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(**change)


@pytest.mark.parametrize("rows", [Flag, FlagCase])
def test_the_database_refuses_to_delete_them(grant, rows):
    make_flag(grant)

    with pytest.raises(Exception, match="delete"), transaction.atomic():
        rows.objects.all().delete()


def test_one_category_of_one_grant_has_one_open_case_in_the_database_too(grant):
    case = make_flag(grant, category="cyber_abuse").case
    case.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        case.save(force_insert=True)


def test_the_holder_who_reported_it_is_kept_as_its_author(grant):
    holder = make_user()

    flag = make_flag(grant, source="holder", by=holder, said="Somebody sells my key.\r\nSince May.")

    assert (flag.raised_by, flag.said) == (holder, "Somebody sells my key.\nSince May.")

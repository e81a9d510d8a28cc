"""Files that were opened: written down once, counted by week and category, never by person, and gone in the end."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from accounts.models import User
from onboarding.domain import attachments
from onboarding.states import FileKind
from reviews import invariants
from reviews.domain import claims, decisions, erasure, exposure, giving, openings
from reviews.models import Case, FileOpening
from tests.factories import MONDAY, make_organisation, make_program, make_reviewer, make_senior, make_user
from tests.reviews.making import SAYS, make_case

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)
PAGE = "/admin/reviews/case/quality/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    kept = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path / "files", "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"default": kept}


def make_file(case: Case, *, at=MONDAY):
    sent = [attachments.Checked(FileKind.PNG, "plan.png", b"x")]
    (file,) = attachments.keep(case.application, sent, by=case.application.applicant, at=at)
    return file


def decide(by: User, *, opened: bool, program, with_file: bool = True, **fields) -> None:
    """Let this reviewer decide a case with a file, having opened it or not."""
    case = make_case(program, **fields)
    claims.claim(case, by=by, at=LATER)
    file = make_file(case) if with_file else None
    if file and opened:
        openings.record(file, case=case, by=by, at=LATER)
    decisions.decide(case, by=by, at=LATER, outcome="approved", **SAYS["approved"])


def decide_five(*, unopened: int, **fields) -> None:
    program = make_program()
    for number in range(5):
        decide(make_reviewer(f"reviewer{number}"), opened=number >= unopened, program=program, **fields)


# --- Written down


def test_who_downloads_a_file_is_written_down_once_with_the_first_time(client, bob, monkeypatch):
    case = make_case()
    file = make_file(case)
    url = f"/admin/reviews/case/{case.pk}/files/{file.token}/"

    for at in (MONDAY, LATER):
        monkeypatch.setattr("audit.clock.now", lambda at=at: at)
        assert client.get(url).status_code == 200

    assert list(FileOpening.objects.values_list("attachment", "reviewer", "opened_at")) == [
        (file.pk, bob.pk, MONDAY)
    ]


def test_a_file_that_is_kept_from_somebody_is_neither_handed_out_nor_written_down(client, bob):
    alice = make_user("alice")
    make_organisation(alice, bob)
    case = make_case(applicant=alice)
    file = make_file(case)

    with pytest.raises(giving.NotForYou):
        openings.record(file, case=case, by=bob, at=MONDAY)
    assert client.get(f"/admin/reviews/case/{case.pk}/files/{file.token}/").status_code == 403
    assert FileOpening.objects.count() == 0


def test_the_file_of_a_covered_case_is_not_handed_out_before_its_text_is_open(client, bob, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    monkeypatch.setattr(exposure, "is_covered", lambda case, *, by, at: True)
    case = make_case()
    file = make_file(case)

    assert client.get(f"/admin/reviews/case/{case.pk}/files/{file.token}/").status_code == 403
    assert FileOpening.objects.count() == 0


def test_a_file_that_is_gone_is_not_found_and_was_not_opened(client, bob):
    case = make_case()
    file = make_file(case)
    default_storage.delete(file.stored_as)
    type(file).objects.filter(pk=file.pk).update(erased_at=MONDAY, sha256="", stored_as="", name="")

    assert client.get(f"/admin/reviews/case/{case.pk}/files/{file.token}/").status_code == 404
    assert FileOpening.objects.count() == 0


def test_the_invariant_finds_an_opening_of_ones_own_file_and_no_other():
    alice, (query,) = make_user("alice"), invariants.READ.values()
    file = make_file(make_case(applicant=alice))
    FileOpening.objects.create(attachment=file, reviewer=make_reviewer(), opened_at=LATER)
    wrong = FileOpening.objects.create(attachment=file, reviewer=alice, opened_at=LATER)

    with connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall() == [(wrong.pk, alice.pk)]


# --- Counted


def test_of_a_week_it_is_counted_how_many_cases_with_files_were_decided_with_none_opened():
    decide_five(unopened=0)
    decide(make_reviewer(), opened=False, with_file=False, program=make_program("other"))

    assert openings.by_week(openings.since(), at=LATER) == {
        MONDAY.date(): openings.Unread(5, "0"),
    }


def test_of_a_category_too_with_few_in_words():
    decide_five(unopened=4, domains=["health"])

    ((name, unread),) = openings.by_category(MONDAY, at=LATER)

    assert (name, unread) == ("Health and mental wellbeing", openings.Unread(5, "fewer than 5"))


def test_who_opened_it_for_another_case_or_after_deciding_had_not_opened_it():
    program = make_program()
    decide_five(unopened=5)
    case = Case.objects.first()
    by = case.decisions.get().decided_by
    openings.record(case.application.attachments.get(), case=case, by=by, at=LATER + timedelta(minutes=1))
    other = make_case(program)
    openings.record(make_file(other), case=other, by=by, at=MONDAY)

    assert openings.by_week(MONDAY, at=LATER)[MONDAY.date()] == openings.Unread(5, "5")


def test_below_five_people_nothing_is_counted():
    program, bob = make_program(), make_reviewer()
    for _ in range(6):
        decide(bob, opened=False, program=program)

    assert (openings.by_week(MONDAY, at=LATER), openings.by_category(MONDAY, at=LATER)) == ({}, [])


def test_decisions_from_before_anything_was_written_down_are_not_counted():
    decide_five(unopened=5)
    case = make_case(make_program("later"))
    openings.record(make_file(case), case=case, by=make_reviewer("bo"), at=LATER + timedelta(minutes=1))

    assert openings.by_week(openings.since(), at=LATER) == {}


def test_the_page_asks_it_of_the_queue_and_names_nobody(client, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)
    decide_five(unopened=5)
    case = Case.objects.first()
    openings.record(case.application.attachments.get(), case=case, by=make_reviewer("zebedee"), at=MONDAY)
    client.force_login(make_senior("sam"))

    page = client.get(PAGE).content.decode()

    assert [
        words in page for words in ("are files asked for that nobody needs", "None opened", "Zebedee")
    ] == [
        True,
        True,
        False,
    ]


# --- Gone in the end


def test_openings_are_kept_for_a_year():
    case = make_case()
    file, bob, bea = make_file(case), make_reviewer(), make_reviewer("bea")
    openings.record(file, case=case, by=bob, at=MONDAY)
    openings.record(file, case=case, by=bea, at=LATER)

    assert [openings.forget_old(at=MONDAY + openings.KEPT + timedelta(minutes=1)) for _ in range(2)] == [1, 0]
    assert FileOpening.objects.get().reviewer == bea


def test_what_a_reviewer_opened_goes_with_their_account():
    case = make_case()
    file, bob, bea = make_file(case), make_reviewer(), make_reviewer("bea")
    for person in (bob, bea):
        openings.record(file, case=case, by=person, at=MONDAY)

    erasure._forget_reviewer(bob)

    assert FileOpening.objects.get().reviewer == bea

"""Files that applicants send: taken only when they are one harmless thing, and stored or not at all."""

import os
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import override_settings

from audit.models import LedgerEntry
from onboarding.domain import attachments
from onboarding.domain.attachments import Checked, NoRoom, Refused, TooManyFiles
from onboarding.models import Attachment
from tests.factories import MONDAY, make_application
from tests.onboarding import files

RIGHT_TO_LEFT = "\u202e"


@pytest.fixture(autouse=True)
def _own_storage(tmp_path):
    """Give each test a storage of its own."""
    storages = {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=storages):
        yield


def stored() -> list[str]:
    """Return every file in the storage."""
    return [name for _, _, names in os.walk(default_storage.path("")) for name in names]


def uploaded(content: bytes, name: str = "a.pdf") -> ContentFile:
    return ContentFile(content, name=name)


def kept(application=None, *, content: bytes | None = None, at=MONDAY) -> Attachment:
    application = application or make_application()
    content = files.pdf() if content is None else content
    with transaction.atomic():
        checked = Checked("pdf", "a.pdf", content)
        return attachments.keep(application, [checked], by=application.applicant, at=at)[0]


# ---------------------------------------------------------------- what a file is


@pytest.mark.parametrize("kind", files.GOOD)
@pytest.mark.parametrize("name", ["a.pdf", "a.png", "a.exe", ""])
def test_the_content_says_what_a_file_is_whatever_its_name(kind, name):
    checked = attachments.checked(uploaded(files.GOOD[kind](), name))

    assert (checked.kind, checked.name.endswith({"pdf": ".pdf", "png": ".png", "jpeg": ".jpg"}[kind])) == (
        kind,
        True,
    )


@pytest.mark.parametrize("what", files.HOSTILE)
def test_a_hostile_file_is_refused_with_one_sentence_and_nothing_is_stored(what):
    make, problem = files.HOSTILE[what]

    with pytest.raises(Refused) as refused:
        attachments.checked(uploaded(make(), "report.pdf"))

    assert (refused.value.problem, stored()) == (problem, [])
    assert str(refused.value).startswith("“report.pdf” ")


def test_eleven_megabytes_are_refused_without_reading_them():
    file = uploaded(b"%PDF-" + b"\0" * (11 * files.MEGABYTE), "big.pdf")

    with pytest.raises(Refused) as refused:
        attachments.checked(file)

    assert (refused.value.problem, file.tell()) == ("too_big", 0)


def test_a_size_that_lies_does_not_let_more_in():
    file = uploaded(b"%PDF-" + b"\0" * (11 * files.MEGABYTE), "big.pdf")
    file.size = 100

    with pytest.raises(Refused) as refused:
        attachments.checked(file)

    assert refused.value.problem == "too_big"


@pytest.mark.parametrize(("seconds", "content"), [(0.05, files.pdf())])
def test_a_file_that_takes_too_long_is_given_up(monkeypatch, seconds, content):
    monkeypatch.setattr(attachments, "WALL_SECONDS", seconds)
    begun = time.monotonic()

    with pytest.raises(Refused) as refused:
        attachments.checked(uploaded(content))

    assert (refused.value.problem, time.monotonic() - begun < 10) == ("slow", True)


# ---------------------------------------------------------------- what it is called


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.pdf"),
        ("/var/www/x.php", "x.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        (f"invoice{RIGHT_TO_LEFT}fdp.exe", "invoicefdp.pdf"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
        ("a\r\nSet-Cookie: b.pdf", "aSet-Cookie: b.pdf"),
        ("...", "file.pdf"),
        ("", "file.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("\u2066\u200b\ufeff", "file.pdf"),
        ("<script>.pdf", "<script>.pdf"),
        ("отчёт 1.PDF", "отчёт 1.pdf"),
    ],
)
def test_a_name_is_shown_without_its_path_and_without_what_misleads(given, shown):
    assert attachments.shown_name(given, ".pdf") == shown


@pytest.mark.django_db
def test_the_stored_name_is_random_and_holds_nothing_of_the_given_one():
    one, two = kept(), kept()

    assert one.stored_as != two.stored_as
    assert (one.name in one.stored_as, one.token in one.stored_as) == (False, False)
    assert one.stored_as.startswith("attachments/")


# ---------------------------------------------------------------- keeping


@pytest.mark.django_db
def test_a_kept_file_has_its_row_its_digest_and_its_event():
    attachment = kept()

    with attachments.open(attachment) as file:
        assert file.read() == files.pdf()
    told = LedgerEntry.objects.get(event="attachment.added")
    assert len(attachment.sha256) == 64
    assert told.details == {
        "kind": "pdf",
        "bytes": attachment.size,
        "application": attachment.application_id,
    }


@pytest.mark.django_db
def test_six_files_are_too_many_and_none_is_kept():
    application = make_application()
    six = [Checked("png", f"{i}.png", b"x") for i in range(6)]

    with pytest.raises(TooManyFiles), transaction.atomic():
        attachments.keep(application, six, by=application.applicant, at=MONDAY)

    assert (Attachment.objects.count(), stored()) == (0, [])


@pytest.mark.django_db
def test_an_application_has_room_for_so_much_and_no_more(monkeypatch):
    monkeypatch.setattr(attachments, "MOST_OF_ALL", 1000)
    application = make_application()
    kept(application, content=b"x" * 900)

    with pytest.raises(NoRoom):
        kept(application, content=b"x" * 101)

    assert (Attachment.objects.count(), len(stored())) == (1, 1)


@pytest.mark.django_db
def test_the_database_keeps_what_a_file_is():
    attachment = kept()

    for change in ({"sha256": "0" * 64}, {"stored_as": "other"}, {"kind": "png"}, {"name": ""}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Attachment.objects.filter(pk=attachment.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.filter(pk=attachment.pk).delete()


# ---------------------------------------------------------------- erasing, sweeping


@pytest.mark.django_db(transaction=True)
def test_erasing_takes_the_file_and_its_name_once_and_leaves_a_tombstone():
    attachment = kept()
    for _ in range(2):
        attachments.erase([attachment], by="accounts", at=MONDAY)

    attachment.refresh_from_db()
    assert (attachment.name, attachment.sha256, attachment.erased_at, stored()) == ("", "", MONDAY, [])
    assert LedgerEntry.objects.filter(event="attachment.erased").count() == 1
    with pytest.raises(attachments.Gone):
        attachments.open(attachment)


def later_than_files() -> object:
    """Return a time at which what was written just now is more than a day old."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() + interval '25 hours'")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_what_a_rolled_back_answer_left_is_swept_after_a_day_and_nothing_else():
    attachment, application = kept(), make_application()
    with transaction.atomic():
        attachments.keep(application, [Checked("png", "a.png", b"x")], by=application.applicant, at=MONDAY)
        transaction.set_rollback(True)
    at = later_than_files()

    too_early = attachments.sweep(at=at - timedelta(hours=2))
    swept = [attachments.sweep(at=at), attachments.sweep(at=at)]

    assert (too_early, swept, len(stored())) == (0, [1, 0], 1)
    attachments.open(attachment).close()


@pytest.mark.django_db
def test_sweeping_an_empty_storage_is_nothing():
    assert attachments.sweep(at=MONDAY) == 0


@pytest.mark.django_db
def test_a_file_that_is_lost_is_said_to_be_gone():
    attachment = kept()
    default_storage.delete(attachment.stored_as)

    with pytest.raises(attachments.Gone):
        attachments.open(attachment)

"""Questions and answers as a conversation: files, a video link, who sees what, and hostile words."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from django.utils import translation

from audit import ledger
from audit.models import LedgerEntry
from onboarding.models import Application, Attachment
from outbox.models import Letter
from reviews.domain import cases, claims, decisions, export, questions, telling
from reviews.models import Case
from tests.accounts.test_erasure import erase
from tests.factories import (
    MONDAY,
    make_manager,
    make_organisation,
    make_reviewer,
    make_senior,
    make_user,
    owners,
    verified,
)
from tests.onboarding import files
from tests.reviews.making import SAYS
from tests.reviews.test_question import alice_of, asked

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)
HOSTILE = '<script>alert(1)</script> \u202etxt.exe & "quotes"'


@pytest.fixture(autouse=True)
def _doors(monkeypatch, tmp_path):
    """Let the doors read Tuesday, and give each test a storage of its own."""
    monkeypatch.setattr("audit.clock.now", lambda: TUESDAY)
    backend = "django.core.files.storage.FileSystemStorage"
    default = {"BACKEND": backend, "OPTIONS": {"location": tmp_path, "base_url": None}}
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={"default": default, "staticfiles": static}):
        yield


def upload(
    content: bytes | None = None, name: str = "plan.png", kind: str = "text/html"
) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, files.png() if content is None else content, content_type=kind)


def send(client, request, *, by=None, **data):
    client.force_login(by or alice_of(request))
    number = request.decision.case.application.number
    return client.post(reverse("answer", args=[number]), {"answer": "Our own editors.", **data}, follow=False)


def answered(client, **fields):
    """Return a question answered with one file and a link."""
    request = asked(**fields)
    assert send(client, request, files=[upload()], video_url="https://video.example/demo").status_code == 302
    request.refresh_from_db()
    return request


def page_of(client, request, user):
    client.force_login(user)
    return client.get(
        reverse("application", args=[request.decision.case.application.number])
    ).content.decode()


def workspace_of(client, request, user):
    client.force_login(user)
    return client.get(reverse("admin:case", args=[request.decision.case_id])).content.decode()


# ---------------------------------------------------------------- answering with files


def test_an_answer_comes_with_its_files_and_its_link(client):
    request = answered(client)

    (file,) = request.attachments.all()
    assert (file.kind, file.name, file.added_by) == ("png", "plan.png", alice_of(request))
    assert request.video_url == "https://video.example/demo"


def test_the_applicant_is_written_that_the_answer_is_there(client):
    request = answered(client)

    letter = Letter.objects.get(kind="reviews/answer_received")
    assert letter.recipient == alice_of(request).email
    assert "plan.png" in letter.text
    assert "We decide by Thursday 26 November 2026, 12:00 UTC" in letter.text


def test_five_files_go_and_six_do_not(client):
    request = asked()
    six = send(client, request, files=[upload(name=f"{i}.png") for i in range(6)])
    before = Attachment.objects.count()
    five = send(client, request, files=[upload(name=f"{i}.png") for i in range(5)])

    assert (six.status_code, "At most 5 files go with one answer." in six.content.decode(), before) == (
        422,
        True,
        0,
    )
    assert (five.status_code, Attachment.objects.count()) == (302, 5)


def test_one_bad_file_keeps_all_back_and_the_words_stay(client):
    request = asked()

    answer = send(client, request, files=[upload(), upload(files.archive(), "b.pdf"), upload(b"", "c.pdf")])

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“b.pdf” is neither a PDF nor a PNG or JPEG image" in text
    assert "Choose your files again: a page cannot keep them." in text
    assert "Our own editors." in text
    request.refresh_from_db()
    assert (request.answered_at, Attachment.objects.count(), default_storage.exists("attachments")) == (
        None,
        0,
        False,
    )


def test_a_file_of_eleven_megabytes_is_refused_with_a_sentence_and_the_words_stay(client):
    request = asked()

    answer = send(client, request, files=[upload(b"%PDF-" + b"\0" * (11 * files.MEGABYTE), "big.pdf")])

    text = answer.content.decode()
    assert (answer.status_code, "“big.pdf” is larger than 10 MB." in text, "Our own editors." in text) == (
        422,
        True,
        True,
    )
    assert Attachment.objects.count() == 0


def test_a_request_larger_than_all_that_may_be_sent_is_refused_unread(client):
    request = asked()
    client.force_login(alice_of(request))
    at = reverse("answer", args=[request.decision.case.application.number])

    answer = client.post(at, b"x" * (61 * files.MEGABYTE), content_type="multipart/form-data; boundary=x")

    assert (answer.status_code, "That is more than can be sent at once" in answer.content.decode()) == (
        413,
        True,
    )


@pytest.mark.parametrize(
    "address",
    ["http://video.example/a", "https://localhost/a", "https://10.0.0.1/", "javascript:alert(1)", "x" * 501,
     "https://a:b@video.example/", "https://video.example/login"],
)  # fmt: skip
def test_a_video_is_a_public_https_address_or_refused(client, address):
    request = asked()

    answer = send(client, request, video_url=address)

    request.refresh_from_db()
    assert (answer.status_code, request.answered_at) == (422, None)


@pytest.mark.parametrize("words", ["", " \n", "x" * 100_000, "a\0b"])
def test_words_that_cannot_be_kept_are_refused_with_a_sentence(client, words):
    request = asked()

    answer = send(client, request, answer=words)

    request.refresh_from_db()
    assert (answer.status_code, request.answered_at) == (422, None)


def test_the_domain_refuses_nul_too():
    request = asked()

    with pytest.raises(questions.BadAnswer):
        questions.answer(request, by=alice_of(request), at=TUESDAY, answer="a\0b")


def test_too_many_answers_with_files_are_throttled_and_the_words_can_still_be_sent(client, monkeypatch):
    request = asked()
    monkeypatch.setattr("reviews.views.ratelimit.consume", lambda *_args, **_kwargs: False)

    with_file = send(client, request, files=[upload()])
    without = send(client, request)

    assert (with_file.status_code, without.status_code, Attachment.objects.count()) == (422, 302, 0)


def test_a_second_tab_with_files_stores_nothing_more(client):
    request = answered(client)

    again = send(client, request, answer="Others.", files=[upload(), upload(name="b.png")])

    assert (again.status_code, Attachment.objects.count()) == (409, 1)


# ---------------------------------------------------------------- the thread


def second_round(request):
    """Let the reviewer ask again."""
    case, bob = Case.objects.get(pk=request.decision.case_id), request.decision.decided_by
    claims.claim(case, by=bob, at=TUESDAY)
    says = SAYS["needs_information"] | {"question": "And who pays?"}
    decisions.decide(case, by=bob, at=TUESDAY, outcome="needs_information", **says)
    telling.tell_owed(at=TUESDAY)


def test_the_applicant_reads_all_rounds_in_order_and_no_reviewers_name(client):
    request = answered(client)
    second_round(request)

    page = page_of(client, request, alice_of(request))

    text = page[page.index('id="thread"') :]
    said = ("Who reads the text", "Our own editors.", "plan.png", "And who pays?", "Waits for your answer")
    order = [text.index(words) for words in said]
    assert order == sorted(order)
    assert "A reviewer asked" in text
    assert request.decision.decided_by.full_name not in page


def test_the_reviewer_reads_all_rounds_with_names_and_files(client):
    request = answered(client)
    second_round(request)

    text = workspace_of(client, request, request.decision.decided_by)

    thread = text[text.index("Questions and answers") :]
    said = (
        "Bob asked",
        "Who reads the text",
        "answered",
        "Our own editors.",
        "plan.png",
        "And who pays?",
        "Waits for the applicant",
    )
    order = [thread.index(words) for words in said]
    assert order == sorted(order)
    assert 'rel="noopener noreferrer nofollow"' in thread


def test_the_thread_costs_the_same_for_one_and_three_rounds(client, django_assert_num_queries):
    request = answered(client)
    application = request.decision.case.application
    with django_assert_num_queries(2):
        assert len([list(one.attachments.all()) for one in questions.thread(application)]) == 1
    for _ in range(2):
        second_round(request)
        latest = questions.latest_for(Application.objects.get(pk=application.pk))
        questions.answer(latest, by=alice_of(request), at=TUESDAY, answer="We do.")

    with django_assert_num_queries(2):
        assert len([list(one.attachments.all()) for one in questions.thread(application)]) == 3


def test_hostile_words_and_names_are_shown_as_words_on_both_sides(client):
    request = asked()
    name = "<img src=x onerror=alert(1)>.png"
    send(client, request, answer=HOSTILE, files=[upload(name=name)])
    request.refresh_from_db()

    for text in (
        page_of(client, request, alice_of(request)),
        workspace_of(client, request, request.decision.decided_by),
    ):
        assert "<script>alert(1)" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


# ---------------------------------------------------------------- who gets a file


def addresses(request):
    file = request.attachments.get()
    application = request.decision.case.application
    return (
        reverse("application_file", args=[application.number, file.token]),
        reverse("admin:case_file", args=[request.decision.case_id, file.token]),
    )


def test_a_file_is_a_download_of_a_fixed_type_that_no_browser_opens(client):
    request = answered(client)
    owner, staff = addresses(request)

    client.force_login(alice_of(request))
    theirs = client.get(owner)
    client.force_login(request.decision.decided_by)
    for answer in (theirs, client.get(staff)):
        assert b"".join(answer.streaming_content) == files.png()
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="plan.png"'
        assert "no-store" in answer.headers["Cache-Control"]


def test_only_the_owners_side_and_reviewers_without_a_part_get_a_file(client):
    alice, mo = make_user("alice"), make_user("mo")
    owner = owners.of_organisation(make_organisation(alice, mo))
    request = answered(client, applicant=alice, owner=owner)
    sent, staff = addresses(request)
    bob, sam, dora = request.decision.decided_by, make_senior(), make_manager()
    part = make_reviewer("mo2")
    make_organisation(part, mo, name="Elsewhere")  # shares an organisation with a member: has a part in it
    people = {
        "owner": alice,
        "member": mo,
        "stranger": verified(make_user()),
        "bob": bob,
        "sam": sam,
        "dora": dora,
        "part": part,
    }
    got = {}
    for who, person in people.items():
        client.force_login(person)
        got[who] = (client.get(sent).status_code, client.get(staff).status_code)
    client.logout()
    got["nobody"] = (client.get(sent).status_code, client.get(staff).status_code)

    assert got == {
        "owner": (200, 302),
        "member": (200, 302),
        "stranger": (404, 302),
        "bob": (404, 200),
        "sam": (404, 200),
        "dora": (404, 403),
        "part": (404, got["part"][1]),
        "nobody": (302, 302),
    }


def test_a_reviewer_who_applied_does_not_get_the_file_from_the_desk(client):
    bob = make_reviewer("rob")
    request = answered(client, applicant=bob, by=make_reviewer("other"))
    _, staff = addresses(request)
    client.force_login(bob)

    assert client.get(staff).status_code == 403


def test_a_file_of_one_application_is_not_at_the_address_of_another(client):
    request = answered(client)
    other = asked(applicant=alice_of(request), by=request.decision.decided_by)
    token = request.attachments.get().token
    client.force_login(alice_of(request))

    wrong = client.get(reverse("application_file", args=[other.decision.case.application.number, token]))

    assert wrong.status_code == 404


def test_a_lost_file_is_not_found_rather_than_a_failure(client):
    request = answered(client)
    default_storage.delete(request.attachments.get().stored_as)
    client.force_login(alice_of(request))

    assert client.get(addresses(request)[0]).status_code == 404


def test_numbers_in_a_refusal_are_grouped_as_its_reader_does():
    request = asked()

    with translation.override("es"), pytest.raises(questions.BadAnswer, match="5\xa0000"):
        questions.answer(request, by=alice_of(request), at=TUESDAY, answer="x" * 5001)


def test_letters_about_a_question_are_in_the_readers_language_whoever_wrote_them():
    request = asked()
    alice = alice_of(request)
    alice.language = "es"
    alice.save()

    with translation.override("en-gb"):
        questions.answer(request, by=alice, at=TUESDAY, answer="Nuestro editor.")

    letter = Letter.objects.get(kind="reviews/answer_received")
    assert letter.text.startswith("Hola")


# ---------------------------------------------------------------- erasing, and a copy of it


def test_deleting_the_account_takes_files_answers_link_and_letters_with_it(
    client, django_capture_on_commit_callbacks
):
    request = answered(client)
    stored = request.attachments.get().stored_as

    with django_capture_on_commit_callbacks(execute=True):
        erase(alice_of(request), at=TUESDAY)

    request.refresh_from_db()
    assert (request.answer, request.video_url) == ("(blanked)", "")
    assert (request.attachments.get().name, default_storage.exists(stored)) == ("", False)
    assert not Letter.objects.filter(text__contains="plan.png").exists()


def test_a_copy_of_everything_names_the_files_and_where_they_are(client):
    request = answered(client)

    (found,) = export.of_person(alice_of(request))["questions"]

    assert found["demo_video"] == "https://video.example/demo"
    assert [(file["name"], file["kind"]) for file in found["files"]] == [("plan.png", "png")]
    assert found["files"][0]["in_this_archive"].endswith("-plan.png")


# ---------------------------------------------------------------- withdrawing with a reason


def test_a_withdrawal_keeps_its_reason_for_both_sides_and_only_a_digest_in_the_ledger(client):
    request = asked()
    client.force_login(alice_of(request))
    number = request.decision.case.application.number
    client.post(reverse("withdraw", args=[number]), {"reason": HOSTILE})
    cases.close_withdrawn(at=TUESDAY)

    told = LedgerEntry.objects.get(event="application.withdrawn")
    assert ledger.is_digest_of(HOSTILE, told.reason)
    for text in (
        page_of(client, request, alice_of(request)),
        workspace_of(client, request, request.decision.decided_by),
    ):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert(1)" not in text


def test_a_reason_of_a_hundred_thousand_characters_is_refused_with_a_sentence(client):
    request = asked()
    client.force_login(alice_of(request))
    at = reverse("withdraw", args=[request.decision.case.application.number])

    answer = client.post(at, {"reason": "x" * 100_000}, follow=True)

    assert "Nothing was withdrawn: the reason may have 500 characters" in answer.content.decode()
    assert Application.objects.get().state == "information_requested"

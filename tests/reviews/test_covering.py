"""Severe text is in no page before it was opened; who may open it, who may not, and what lists show of it."""

import pytest
from django.urls import reverse

from onboarding.domain import attachments
from onboarding.states import FileKind
from reviews.domain import claims, exposure
from reviews.models import Exposure
from tests.enforcement.appealing import make_appeal, make_rejection
from tests.factories import MONDAY, make_manager, make_reviewer, make_senior
from tests.reviews.caring import make_severe, opt_out
from tests.reviews.making import make_case, make_decision

pytestmark = pytest.mark.django_db
WORDS = "Letters about wounds"  # the title, which is an answer too


@pytest.fixture
def bob(client, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    reviewer = make_reviewer()
    client.force_login(reviewer)
    return reviewer


def page(client, case):
    return client.get(reverse("admin:case", args=[case.pk])).content.decode()


def open_text(client, case, **data):
    return client.post(reverse("admin:case_open_text", args=[case.pk]), data)


def test_before_it_is_opened_no_word_of_it_is_in_the_page_and_a_warning_names_what_it_may_hold(client, bob):
    shown = page(client, make_severe(title=WORDS))

    assert WORDS not in shown
    assert all(
        words in shown
        for words in ("Promotion of self-harm", "2 · describes harm to people", "Open the text")
    )


def test_opening_is_a_post_that_counts_and_works_without_a_script(client, bob):
    case = make_severe(title=WORDS)

    answer = open_text(client, case)

    assert (answer.status_code, answer.url, Exposure.objects.get().opened_at) == (
        302,
        reverse("admin:case", args=[case.pk]),
        MONDAY,
    )
    shown = page(client, case)
    assert WORDS in shown
    assert 'class="blur-light grey"' in shown  # what holds for who set nothing


def test_a_get_opens_nothing(client, bob):
    case = make_severe(title=WORDS)

    assert client.get(reverse("admin:case_open_text", args=[case.pk])).status_code == 405
    assert (WORDS in page(client, case), Exposure.objects.exists()) == (False, False)


def test_covering_it_again_takes_it_out_of_the_page(client, bob):
    case = make_severe(title=WORDS)
    open_text(client, case)

    client.post(reverse("admin:case_cover_text", args=[case.pk]))

    assert WORDS not in page(client, case)


def test_somebody_elses_opening_opens_it_for_nobody_else(client, bob):
    case = make_severe(title=WORDS)
    exposure.begin(case, by=make_reviewer("bea"), at=MONDAY)

    assert WORDS not in page(client, case)


def test_who_opted_out_is_told_why_and_has_no_button(client, bob):
    case = make_severe(title=WORDS)
    opt_out(bob)

    open_text(client, case)

    shown = page(client, case)
    assert (WORDS in shown, "Open the text" in shown, "You do not take cases of this kind" in shown) == (
        False,
        False,
        True,
    )


def test_what_others_found_and_decided_is_covered_too(client, bob):
    bea = make_reviewer("bea")
    decision = make_decision(by=bea, domains=["self_harm"], says={"facts": "They wrote of cuts."})

    covered = page(client, decision.case)
    open_text(client, decision.case)

    assert ("They wrote of cuts." in covered, "They wrote of cuts." in page(client, decision.case)) == (
        False,
        True,
    )


def test_what_one_typed_comes_back_although_the_text_was_covered_meanwhile(client, bob):
    case = make_severe(title=WORDS)
    claims.claim(case, by=bob, at=MONDAY)

    answer = client.post(
        reverse("admin:case_decide", args=[case.pk]),
        {"d-outcome": "rejected", "d-facts": "Half a sentence I typed"},
    )

    shown = answer.content.decode()
    assert (answer.status_code, "Half a sentence I typed" in shown, WORDS in shown) == (422, True, False)


def test_files_are_covered_with_the_text(client, bob, settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path, "base_url": None}}
    }
    case = make_severe()
    sent = [attachments.Checked(FileKind.PNG, "plan.png", b"x")]
    (file,) = attachments.keep(case.application, sent, by=case.application.applicant, at=MONDAY)
    path = reverse("admin:case_file", args=[case.pk, file.token])

    covered = client.get(path).status_code
    open_text(client, case)

    assert (covered, client.get(path).status_code) == (403, 200)


def test_the_case_file_is_covered_with_the_text(client, bob):
    case = make_severe(title=WORDS)
    path = reverse("admin:casefile", args=[case.pk])

    covered = client.post(path, {"as": "json"})
    open_text(client, case)

    assert (covered.status_code, WORDS in client.post(path, {"as": "json"}).content.decode()) == (403, True)


def test_lists_show_no_word_of_its_title(client, bob):
    case = make_severe(title=WORDS)
    search = reverse("admin:reviews_case_changelist")

    pages = [
        client.get(reverse("admin:desk")).content.decode(),
        client.get(reverse("admin:desk"), {"q": "wounds"}).content.decode(),
        client.get(search, {"q": "wounds"}).content.decode(),
        client.get(search, {"q": case.application.number}).content.decode(),
    ]

    assert [WORDS in shown for shown in pages] == [False] * 4
    assert all(f"Title covered ({case.application.number})" in shown for shown in pages)


def test_beside_another_case_its_title_is_covered(client, bob):
    severe = make_severe(title=WORDS)
    other = make_case(applicant=severe.application.applicant, owner=severe.application.owner)

    assert WORDS not in page(client, other)


def test_the_page_of_an_appeal_covers_the_text_and_opens_it_there(client, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    client.force_login(make_senior("sara"))
    appeal = make_appeal(make_rejection(domains=["self_harm"], title=WORDS))
    path = reverse("admin:appeal", args=[appeal.pk])

    covered = client.get(path).content.decode() + client.get(reverse("admin:appeals")).content.decode()
    answer = open_text(client, appeal.decision.case, next=path)

    assert (WORDS in covered, appeal.statement in covered, answer.url) == (False, False, path)
    assert appeal.statement in client.get(path).content.decode()


def test_another_address_is_not_gone_to(client, bob):
    case = make_severe()

    for there in ("https://example.org/", "//example.org/admin/enforcement/appeal/", "/admin/logout/"):
        assert open_text(client, case, next=there).url == reverse("admin:case", args=[case.pk])


def test_a_manager_opens_nothing(client, bob):
    client.force_login(make_manager())

    assert open_text(client, make_severe()).status_code == 403


def test_a_calm_case_is_not_covered(client, bob):
    shown = page(client, make_case(title=WORDS))

    assert (WORDS in shown, "Before you read" in shown) == (True, False)

"""The policy editors' pages of a draft: each step through the browser's own requests."""

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from policies.domain import guidelines, source
from policies.models import GuidelineVersion
from tests.factories import MONDAY, editor, make_guidelines

pytestmark = pytest.mark.django_db


@pytest.fixture
def edith(client):
    user = editor("edith")
    client.force_login(user)
    return user


def draft(version: str = "1.1.0", **changes) -> GuidelineVersion:
    make_guidelines()
    return guidelines.load(guidelines.shipped() | {"version": version} | changes, by="test", at=MONDAY)


def text(version: str = "1.1.0", **changes) -> str:
    return yaml.safe_dump(guidelines.shipped() | {"version": version} | changes, sort_keys=False)


def post(client, version: GuidelineVersion, verb: str, **fields):
    address = reverse("admin:guidelines_step", args=[version.pk, verb])
    return client.post(address, {"seen": version.text_hash} | fields, follow=True)


def test_a_text_that_is_typed_becomes_a_draft(client, edith):
    make_guidelines()

    client.post(reverse("admin:guidelines_new"), {"text": text("2.0.0")})

    assert GuidelineVersion.objects.get(version="2.0.0").state == "draft"


def test_a_file_counts_and_not_the_box(client, edith):
    make_guidelines()
    file = SimpleUploadedFile("next.yaml", text("3.0.0").encode())

    client.post(reverse("admin:guidelines_new"), {"text": text("2.0.0"), "file": file})

    assert list(GuidelineVersion.objects.values_list("version", flat=True)) == ["3.0.0", "1.0.0"]


def test_a_wrong_text_is_answered_line_by_line_and_stands_in_the_box_again(client, edith):
    make_guidelines()
    wrong = text("2.0.0").replace("lane: refuse", "lane: block", 2)

    answer = client.post(reverse("admin:guidelines_new"), {"text": wrong})

    page = answer.content.decode()
    lines = [place for place, line in enumerate(wrong.splitlines(), start=1) if line == "  lane: block"]
    assert answer.status_code == 422
    assert [f"Line {line}: prohibited[" in page for line in lines] == [True, True]
    assert "lane: block" in page.partition("<textarea")[2]
    assert not GuidelineVersion.objects.filter(version="2.0.0").exists()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "The file must be a mapping"),
        (b"a: [", "Line 2, column 1"),
        (b"[" * 100_000, "Line 1: parts stand within parts more than 12 deep."),
        (b"a: &x 1\nb: *x", "Line 2: *x repeats another part"),
        (b"version: 1.0.0\nversion: 1.0.1", "Line 2: “version” stands here a second time, first in line 1."),
        (b"\xff", "Byte 0 is not UTF-8"),
        (b" " * (source.LARGEST_FILE + 1), "at most 2,000,000 are read"),
    ],
)
def test_a_bad_file_is_answered_with_a_sentence(client, edith, raw, says):
    answer = client.post(reverse("admin:guidelines_new"), {"file": SimpleUploadedFile("x.yaml", raw)})

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


@pytest.mark.parametrize("odd", ["a\\0b", "\\uD800"])
def test_a_character_that_cannot_be_kept_is_refused_in_words(client, edith, odd):
    wrong = text("2.0.0").replace("name: Weapons", f'name: "{odd}"')

    answer = client.post(reverse("admin:guidelines_new"), {"text": wrong})

    assert answer.status_code == 422


def test_a_draft_is_written_on(client, edith):
    version = draft()

    client.post(
        reverse("admin:guidelines_draft", args=[version.pk]),
        {"text": text(material=False), "seen": version.text_hash},
    )

    version.refresh_from_db()
    assert (version.material, version.edited_by) == (False, edith)


def test_two_editors_do_not_overwrite_each_other(client, edith):
    version = draft()
    seen = version.text_hash
    guidelines.edit(
        version,
        source=guidelines.shipped() | {"version": "1.1.1"},
        seen=seen,
        by=editor("peter"),
        at=MONDAY,
    )

    answer = client.post(
        reverse("admin:guidelines_draft", args=[version.pk]), {"text": text("1.1.2"), "seen": seen}
    )

    assert (answer.status_code, "version: 1.1.2" in answer.content.decode()) == (409, True)
    version.refresh_from_db()
    assert version.version == "1.1.1"


def test_a_section_is_put_in_changed_and_taken_out(client, edith):
    version, seen = draft(), []
    for said in ("Be *kind*.", "Be **kind**.", ""):
        version.refresh_from_db()
        client.post(
            reverse("admin:guidelines_section", args=[version.pk]),
            {"code": "spirit", "title": "Spirit", "text": said, "seen": version.text_hash},
        )
        page = client.get(reverse("admin:guidelines_draft", args=[version.pk])).content.decode()
        seen.append([html for html in ("<em>kind</em>", "<strong>kind</strong>") if html in page])

    assert seen == [["<em>kind</em>"], ["<strong>kind</strong>"], []]


def test_a_section_with_a_bad_name_is_refused_and_stands_in_the_form_again(client, edith):
    version = draft()

    answer = client.post(
        reverse("admin:guidelines_section", args=[version.pk]),
        {"code": "Über uns", "title": "About", "text": "What I typed.", "seen": version.text_hash},
    )

    assert (answer.status_code, "What I typed." in answer.content.decode()) == (422, True)


def test_one_approves_and_another_publishes(client, edith):
    version = draft()

    post(client, version, "approve")
    refused = post(client, version, "publish").content.decode()
    client.force_login(editor("peter"))
    post(client, version, "publish")

    version.refresh_from_db()
    assert ("somebody else publishes it" in refused, version.state) == (True, "published")
    assert (version.approved_by, version.published_by) == (edith, editor("peter"))
    assert (version.effective_at - version.published_at).days == 15


def test_a_later_day_may_be_chosen_and_no_sooner_one(client, edith):
    version = draft()
    guidelines.approve(version, seen=version.text_hash, by=editor("peter"), at=MONDAY)

    sooner = post(client, version, "publish", effective_on="2020-01-01").content.decode()
    odd = post(client, version, "publish", effective_on="31.1.2040").content.decode()
    post(client, version, "publish", effective_on="2040-01-31")

    version.refresh_from_db()
    assert ("at the earliest" in sooner, "Write the day as" in odd) == (True, True)
    assert f"{version.effective_at:%Y-%m}" == "2040-01"


def test_consultation_and_back(client, edith):
    version, seen = draft(), []
    for verb in ("consult", "redraft"):
        post(client, version, verb)
        version.refresh_from_db()
        seen.append((version.state, client.get(f"/guidelines/{version.version}/").status_code))

    assert seen == [("consultation", 200), ("draft", 404)]


def test_a_text_in_consultation_rests(client, edith):
    version = draft()
    guidelines.consult(version, by=edith, at=MONDAY)

    answer = client.post(
        reverse("admin:guidelines_draft", args=[version.pk]),
        {"text": text("1.1.1"), "seen": version.text_hash},
    )

    assert (answer.status_code, "it cannot become “Draft”" in answer.content.decode()) == (422, True)


def test_the_page_of_a_published_version_changes_nothing(client, edith):
    version = make_guidelines()

    page = client.get(reverse("admin:guidelines_draft", args=[version.pk])).content.decode()
    answer = client.post(
        reverse("admin:guidelines_draft", args=[version.pk]),
        {"text": text("1.0.1"), "seen": version.text_hash},
    )

    assert ("<textarea" in page, answer.status_code) == (False, 422)
    version.refresh_from_db()
    assert version.version == "1.0.0"


def test_an_unknown_step_is_not_found(client, edith):
    assert post(client, draft(), "burn").status_code == 404

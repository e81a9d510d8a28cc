"""Lessons learned: two people, then frozen; corrections below; the page, the feed, the report's figure, the admin."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date, datetime, timedelta
from importlib import import_module
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit import ledger, seals
from audit.models import LedgerEntry
from tests.audit.test_invariants import breaking
from tests.factories import MONDAY, make_guidelines, make_reviewer
from tests.transparency.making import THIRD, axel, paul, pia
from transparency.domain import figures, lessons
from transparency.domain.lessons import BadLesson, IllegalMove, NotForYou, Words
from transparency.models import Lesson, LessonNote
from transparency.states import LESSON_TRANSITIONS, LessonState

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
ALONE = "Nobody published a lesson alone, and every correction of one is in the ledger."
BOARD = "/admin/transparency/lesson/lessons/"
WORDS = Words(
    "A rule suspended eleven people", date(2026, 8, 12), "A rule was *too wide*.", "It runs in shadow first."
)
SAID = {
    "slug": "eleven",
    "title": "Eleven",
    "on": "2026-08-12",
    "happened": "A *wide* rule.",
    "changed": "Shadow.",
}


def make_lesson(slug: str = "eleven", words: Words = WORDS) -> Lesson:
    return lessons.write(slug, words, by=pia(), at=MONDAY)


def make_published(slug: str = "eleven", words: Words = WORDS, *, at: datetime = MONDAY) -> Lesson:
    reviewed = lessons.review(make_lesson(slug, words), by=axel(), at=at)
    return lessons.publish(reviewed, by=pia(), at=at)


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_lesson_is_published_by_three_steps_and_two_people_each_in_the_ledger():
    lesson = make_published()

    assert lesson.state == "published"
    assert list(ledger.of(lesson).values_list("event", flat=True)) == [
        "lesson.written", "lesson.reviewed", "lesson.published",
    ]  # fmt: skip


def test_who_wrote_it_does_not_review_it_and_who_reviewed_it_does_not_publish_it():
    lesson = make_lesson()
    with pytest.raises(NotForYou):
        lessons.review(lesson, by=pia(), at=MONDAY)
    lessons.review(lesson, by=paul(), at=MONDAY)
    for somebody in (paul(), axel(), make_reviewer()):
        with pytest.raises(NotForYou):
            lessons.publish(lesson, by=somebody, at=MONDAY)


def test_who_ever_wrote_at_it_does_not_review_it():
    lesson = lessons.write("eleven", WORDS, by=pia(), at=MONDAY)
    lesson = lessons.edit(lesson, Words("Eleven", WORDS.on, "It.", "That."), by=paul(), at=MONDAY)

    for writer in (pia(), paul()):
        with pytest.raises(NotForYou):
            lessons.review(lesson, by=writer, at=MONDAY)

    Lesson.objects.filter(pk=lesson.pk).update(state="reviewed", reviewed_at=MONDAY, reviewed_by=pia())
    lessons.publish(lesson, by=paul(), at=MONDAY)
    assert [row[0] for row in breaking(ALONE)] == [lesson.pk]


def test_words_changed_after_a_review_are_reviewed_again():
    lesson = lessons.review(make_lesson(), by=axel(), at=MONDAY)

    edited = lessons.edit(lesson, Words("Eleven", WORDS.on, "It.", "That."), by=paul(), at=MONDAY)

    assert (edited.state, edited.reviewed_by, edited.written_by) == ("draft", None, paul())
    with pytest.raises(IllegalMove):
        lessons.publish(edited, by=pia(), at=MONDAY)


@pytest.mark.parametrize("change", [{"title": "x"}, {"changed": "x"}, {"links": []}, {"state": "dropped"}])
def test_what_is_published_changes_by_no_path(change):
    lesson = make_published(words=Words("A", WORDS.on, "b", "c"))

    with pytest.raises(DatabaseError), transaction.atomic():
        Lesson.objects.filter(pk=lesson.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        lesson.delete()
    with pytest.raises(IllegalMove):
        lessons.edit(lesson, WORDS, by=pia(), at=MONDAY)


def test_the_database_refuses_other_words_than_were_reviewed():
    lesson = lessons.review(make_lesson(), by=axel(), at=MONDAY)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Lesson.objects.filter(pk=lesson.pk).update(
            state="published", changed="Other words.", published_at=MONDAY, published_by=pia()
        )


@pytest.mark.parametrize(
    ("state", "to"),
    [(old, new) for old in ("draft", "reviewed", "published") for new in LessonState.values
     if new not in LESSON_TRANSITIONS[old] and new != old],
)  # fmt: skip
def test_the_database_refuses_every_step_that_is_not_in_the_table(state, to):
    lesson = {"draft": make_lesson, "published": make_published}.get(state, lambda: None)()
    lesson = lesson or lessons.review(make_lesson(), by=axel(), at=MONDAY)

    with pytest.raises(DatabaseError), transaction.atomic():
        Lesson.objects.filter(pk=lesson.pk).update(state=to)


def test_a_correction_is_a_dated_note_that_never_changes(client):
    lesson = make_published()
    lessons.note(lesson, "It were *twelve*.", by=paul(), at=MONDAY + timedelta(days=1))

    page = client.get("/transparency/lessons/eleven/").content.decode()

    assert ("<em>twelve</em>" in page, "24 November 2026" in page, "corrected" in page) == (True, True, True)
    for change in (lambda rows: rows.update(text="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(LessonNote.objects.all())
    assert breaking(ALONE) == []


def test_a_draft_is_changed_not_corrected():
    with pytest.raises(BadLesson, match="not published yet"):
        lessons.note(make_lesson(), "x", by=pia(), at=MONDAY)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("title", Words(" ", WORDS.on, "a", "b")),
        ("on", Words("a", date(2030, 1, 1), "a", "b")),
        ("happened", Words("a", WORDS.on, "\0", "b")),
        ("changed", Words("a", WORDS.on, "a", "x" * (lessons.TEXT_MOST + 1))),
        ("links", Words("a", WORDS.on, "a", "b", [{"label": "x", "url": "https://example.org/"}])),
        ("links", Words("a", WORDS.on, "a", "b", [{"label": "x", "url": "/nowhere/"}])),
        ("links", Words("a", WORDS.on, "a", "b", [{"label": "x", "url": "//["}])),
        ("links", Words("a", WORDS.on, "a", "b", [{"label": "x", "url": "/applications/"}])),
        ("links", Words("a", WORDS.on, "a", "b", [{"label": "x", "url": "javascript:alert(1)"}])),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(field, words):
    with pytest.raises(BadLesson) as caught:
        make_lesson(words=words)

    assert (caught.value.field, Lesson.objects.count()) == (field, 0)


def test_it_leads_to_guidelines_weaknesses_evaluations_and_reports():
    links = [
        {"label": "", "url": "/guidelines/1.0.0/weapons/"},
        {"label": "Weakness", "url": "/programs/code/weaknesses/w-1/"},
        {"label": "Measured", "url": "/programs/code/evaluations/#unit-tests"},
        {"label": "Sanctions", "url": "/transparency/2026Q3/#enforcement"},
    ]  # fmt: skip

    lesson = make_lesson(words=Words("A", WORDS.on, "b", "c", links))

    assert [link["label"] for link in lesson.links] == [
        "/guidelines/1.0.0/weapons/",
        "Weakness",
        "Measured",
        "Sanctions",
    ]


def test_everybody_reads_what_is_published_and_no_draft(client):
    make_published()
    make_lesson("draft", Words("Not yet", WORDS.on, "a", "b"))

    page = client.get("/transparency/lessons/").content.decode()

    assert ("/transparency/lessons/eleven/" in page, "Not yet" in page) == (True, False)
    assert client.get("/transparency/lessons/draft/").status_code == 404


def test_the_list_asks_as_often_for_three_as_for_one(client, django_assert_num_queries):
    make_published()
    with django_assert_num_queries(2):  # how many, and which
        client.get("/transparency/lessons/")
    make_published("two"), make_published("three")
    with django_assert_num_queries(2):
        client.get("/transparency/lessons/")


@pytest.mark.parametrize("address", ["/transparency/lessons/feed/", "/guidelines/feed/"])
@pytest.mark.parametrize("published", [False, True])
def test_the_feeds_have_what_rfc_4287_asks_for(client, address, published):
    """4.1.1, 4.1.2: one id, title and updated each, an author, a link to itself; ids are IRIs and each another."""
    if published:
        make_guidelines()
        make_published()
        lessons.note(make_published("two"), "Twelve.", by=pia(), at=MONDAY + timedelta(days=1))

    root = ElementTree.fromstring(client.get(address).content)
    entries = root.findall(f"{ATOM}entry")

    assert root.tag == f"{ATOM}feed"
    assert bool(entries) == published
    for part in (root, *entries):
        for name in ("id", "title", "updated"):
            (found,) = part.findall(f"{ATOM}{name}")
            assert found.text
        assert datetime.fromisoformat(part.findtext(f"{ATOM}updated")).tzinfo
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    (own,) = [link for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert own.get("href").endswith(address)
    ids = [part.findtext(f"{ATOM}id") for part in (root, *entries)]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith(("http", "tag:")) for one in ids)
    assert all(entry.find(f"{ATOM}link").get("href") for entry in entries)


def test_what_no_feed_can_hold_is_left_out_of_texts_and_of_what_stands_already(client):
    lesson = make_published(words=Words("A\x0brule\x01", WORDS.on, "a\x0cb", "c\x1f"))
    LessonNote.objects.create(lesson=lesson, text="It were\x0btwelve.", added_at=MONDAY, added_by=pia())

    answer = client.get("/transparency/lessons/feed/")

    (entry,) = ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    assert (lesson.title, lesson.happened, lesson.changed) == ("A rule", "a\nb", "c")
    assert "It were\ntwelve." in entry.findtext(f"{ATOM}summary")


@pytest.mark.parametrize("address", ["/transparency/lessons/feed/", "/guidelines/feed/"])
def test_the_feeds_are_in_the_sites_language_whoever_fetches_them(client, address):
    make_guidelines()
    make_published()

    spanish, english = (client.get(address, headers={"accept-language": to}).content for to in ("es", "en"))

    assert spanish == english
    assert b'xml:lang="en-gb"' in spanish


@pytest.mark.django_db(transaction=True)
def test_of_two_lessons_written_at_one_address_at_once_one_is_refused_with_a_sentence():
    """The other is written after this one looked, and before it writes."""
    author, words = pia(), asdict(WORDS) | {"written_at": MONDAY}

    def other(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "transparency_lesson"') and not seen:
            seen.append(sql)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(in_a_session_of_its_own).result()
        return execute(sql, params, many, context)

    def in_a_session_of_its_own():
        try:
            Lesson.objects.create(slug="eleven", written_by=author, **words)
        finally:
            connection.close()

    seen = []
    with connection.execute_wrapper(other), pytest.raises(BadLesson, match="has this address already"):
        lessons.write("eleven", WORDS, by=author, at=MONDAY)


def test_a_correction_is_an_update_of_its_entry(client):
    lesson = make_published()
    lessons.note(lesson, "It were twelve.", by=pia(), at=MONDAY + timedelta(days=1))

    root = ElementTree.fromstring(client.get("/transparency/lessons/feed/").content)

    entry = root.find(f"{ATOM}entry")
    assert (entry.findtext(f"{ATOM}updated")[:10], "twelve" in entry.findtext(f"{ATOM}summary")) == (
        "2026-11-24",
        True,
    )


def test_the_report_counts_published_lessons_under_its_seal_and_no_others():
    """The slow twin: read the rows and the ledger one by one, as the definition says."""
    make_published()
    make_published("later", Words("Of another quarter", date(2026, 10, 1), "a", "b"))
    make_lesson("draft", Words("A draft", WORDS.on, "a", "b"))
    seal = seals.seal(at=MONDAY)
    make_published("unsealed", Words("After the seal", WORDS.on, "a", "b"))

    told = set(
        LedgerEntry.objects.filter(event="lesson.published", sealedentry__seal__number__lte=seal.number)
        .values_list("subject_id", flat=True)
    )  # fmt: skip
    slow = [
        {"on": str(lesson.on), "what": lesson.title}
        for lesson in Lesson.objects.order_by("on", "pk")
        if str(lesson.pk) in told and THIRD.start.date() <= lesson.on <= THIRD.last_day
    ]
    text = figures.count(THIRD, seal)

    assert [row["what"] for row in slow] == [WORDS.title]
    assert [title in text for title in (WORDS.title, "Of another quarter", "A draft", "After the seal")] == [
        True, False, False, False,
    ]  # fmt: skip


def test_records_of_lessons_become_drafts_of_posts():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transparency_record (kind, \"on\", counts, words, is_taken_back, added_at, added_by_id) "
            "VALUES ('lesson', '2026-08-12', '{}', 'Ask earlier.', false, now(), %s)", [pia().pk],
        )  # fmt: skip

    for _again in "ab":  # forwards, backwards and forwards
        import_module("transparency.migrations.0004_records_become_lessons").begin(apps, None)

    lesson = Lesson.objects.get()
    assert (lesson.title, lesson.changed, lesson.state, lesson.on) == (
        "Ask earlier.", "Ask earlier.", "draft", date(2026, 8, 12),
    )  # fmt: skip
    assert breaking("The ledger agrees with the state of every lesson.") == []


# --- the admin


def test_an_editor_looks_first_keeps_a_draft_and_others_review_and_publish():
    editor = browser(pia())
    looked = editor.post(BOARD, SAID | {"preview": "on"}).content.decode()
    none = Lesson.objects.count()
    editor.post(BOARD, SAID | {"links": "The category | /guidelines/1.0.0/weapons/"})
    lesson = Lesson.objects.get()
    place = f"{BOARD}{lesson.pk}/"

    refused = editor.post(f"{place}review/", follow=True).content.decode()
    browser(axel()).post(f"{place}review/")
    shown = browser(paul()).post(f"{place}publish/", follow=True).content.decode()

    assert ("<em>wide</em>" in looked, none, lesson.links) == (
        True, 0, [{"label": "The category", "url": "/guidelines/1.0.0/weapons/"}],
    )  # fmt: skip
    assert ("Somebody else has to do this" in refused, "Published for good." in shown) == (True, True)


def test_a_drafts_words_are_changed_and_a_published_ones_corrected():
    lesson, editor = make_lesson(), browser(pia())
    place = f"{BOARD}{lesson.pk}/"

    editor.post(place, SAID | {"title": "Twelve"})
    lesson.refresh_from_db()
    early = editor.post(f"{place}note/", {"text": "x"})
    lessons.publish(lessons.review(lesson, by=axel(), at=MONDAY), by=pia(), at=MONDAY)
    editor.post(f"{place}note/", {"text": "They were twelve."})

    assert (lesson.title, early.status_code, LessonNote.objects.get().text) == (
        "Twelve",
        422,
        "They were twelve.",
    )


def test_what_is_wrong_stands_at_its_field_and_a_draft_is_dropped():
    lesson, editor = make_lesson(), browser(pia())

    twice = editor.post(BOARD, SAID).content.decode()
    wrong = editor.post(BOARD, SAID | {"slug": "b", "links": "nowhere"})
    editor.post(f"{BOARD}{lesson.pk}/drop/")
    lesson.refresh_from_db()

    assert "Another lesson has this address already." in twice
    assert (wrong.status_code, "is no page of the guidelines" in wrong.content.decode(), lesson.state) == (
        422, True, "dropped",
    )  # fmt: skip


def test_an_auditor_sees_drafts_and_writes_none():
    make_lesson()
    auditor = browser(axel())

    assert (auditor.get(BOARD).status_code, auditor.post(BOARD, SAID | {"slug": "b"}).status_code) == (
        200,
        403,
    )

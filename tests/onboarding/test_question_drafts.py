"""Writing the next question set: never over somebody else's text, never live by mistake."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from audit import ledger
from onboarding.domain import applications, question_drafts, questions
from onboarding.domain.programs import SayWhy
from onboarding.domain.questions import BadQuestions
from onboarding.models import QuestionDraft, QuestionSet
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_guidelines,
    make_owner,
    make_program,
    make_questions,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)
NOW, THEN = questions.shipped()["version"], "9.9.9"
NEXT = (f"version: {NOW}", f"version: {THEN}")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)


@pytest.fixture
def pia():
    return make_staff("pia", Role.POLICY_EDITOR)


@pytest.fixture
def draft(pia):
    return question_drafts.start(make_questions(), by=pia, at=MONDAY)


def write(draft, *changes, by, seen=None):
    text = draft.text
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return question_drafts.save(draft, text=text, seen=draft.edits if seen is None else seen, by=by, at=LATER)


def events(thing):
    return [entry.event for entry in ledger.of(thing)]


# ---------------------------------------------------------------- the rules


def test_a_draft_starts_as_the_version_it_is_based_on(draft):
    assert question_drafts.read(draft.text) == questions.of(draft.based_on)
    assert question_drafts.changes(question_drafts.text_of(draft.based_on), draft.text) == []


def test_published_it_is_current_and_told_once(draft, pia):
    draft = write(draft, NEXT, ("How far is it?", "How far along is it?"), by=pia)

    row = question_drafts.publish(draft, seen=draft.edits, by=pia, at=LATER, reason="Plainer words")

    draft.refresh_from_db()
    assert questions.current() == row
    assert (draft.published_as, draft.closed_by, draft.close_reason) == (row, pia, "Plainer words")
    assert events(draft) == ["question_draft.started", "question_draft.saved", "question_draft.published"]
    assert [entry.event for entry in ledger.of(row)] == ["questions.loaded"]
    assert ledger.is_digest_of("Plainer words", ledger.of(row).get().reason)


def test_an_application_that_was_begun_stays_under_its_own_version(draft, pia):
    alice = make_user("alice")
    accept_guidelines(alice)
    begun = applications.start(make_program("code"), owner=make_owner(alice), by=alice, at=MONDAY)
    draft = write(draft, NEXT, by=pia)
    question_drafts.publish(draft, seen=draft.edits, by=pia, at=LATER, reason="Next")

    begun.refresh_from_db()
    assert begun.question_set.version == NOW


def test_a_draft_of_somebody_else_is_not_overwritten_unseen(draft, pia):
    paul = make_staff("paul", Role.POLICY_EDITOR)
    write(draft, ("How far is it?", "Paul's words"), by=paul)

    with pytest.raises(question_drafts.Stale) as stale:
        write(draft, ("How far is it?", "Pia's words"), by=pia, seen=0)

    assert "Paul" in str(stale.value)
    assert "Paul's words" in QuestionDraft.objects.get().text


def test_what_was_not_looked_at_is_not_published(draft, pia):
    write(draft, NEXT, by=pia)

    with pytest.raises(question_drafts.Stale):
        question_drafts.publish(draft, seen=0, by=pia, at=LATER, reason="Next")

    assert QuestionSet.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "reason", "error"),
    [
        ([NEXT], "  ", SayWhy),
        ([NEXT], "x" * 501, question_drafts.TooLong),
        ([], "Nothing new", question_drafts.NothingNew),
        ([("How far is it?", "Other words")], "The version is taken", questions.VersionTaken),
        ([NEXT, ("key: detail", "key: summary")], "Twice", BadQuestions),
    ],
)
def test_a_publication_that_lacks_something_changes_nothing(draft, pia, changes, reason, error):
    draft = write(draft, *changes, by=pia) if changes else draft

    with pytest.raises(error):
        question_drafts.publish(draft, seen=draft.edits, by=pia, at=LATER, reason=reason)

    draft.refresh_from_db()
    assert (draft.closed_at, questions.current().version) == (None, NOW)


def test_a_closed_draft_is_not_written_on(draft, pia):
    question_drafts.discard(draft, by=pia, at=LATER, reason="Another way")

    with pytest.raises(question_drafts.Closed):
        write(draft, NEXT, by=pia)
    with pytest.raises(question_drafts.Closed):
        question_drafts.publish(draft, seen=0, by=pia, at=LATER, reason="After all")
    assert events(draft) == ["question_draft.started", "question_draft.discarded"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The text is empty."),
        ("a: [1, 2", "Line 1, column 9"),
        ("a: !!python/object:os.system {}", "this is not YAML"),
        ("just words", ""),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + "".join(
            f"{chr(100 + i)}: &{chr(100 + i)} [*{chr(99 + i)}, *{chr(99 + i)}]\n" for i in range(16)
        ), "too many parts"),
        ("a: &a [*a]", ""),
        ("version: 1.0", "version: "),
    ],
)  # fmt: skip
def test_what_is_no_question_set_is_named_by_its_place(text, says):
    with pytest.raises(BadQuestions) as problem:
        question_drafts.read(text)

    assert says in str(problem.value)


def test_a_wrong_rule_is_named_by_its_question(draft):
    text = draft.text.replace("type: long", "type: longer", 1)

    with pytest.raises(BadQuestions) as problem:
        question_drafts.read(text)

    assert str(problem.value).startswith("question what_changed.type: ")


def test_a_question_that_the_guidelines_read_and_nobody_asks_is_named(draft):
    make_guidelines()
    form = questions.of(draft.based_on)
    less = form.model_copy(update={"questions": tuple(q for q in form.questions if q.key != "areas")})

    assert question_drafts.unread(form) == []
    assert "areas" in question_drafts.unread(less)[0]


# ---------------------------------------------------------------- the pages


@pytest.fixture
def editor(pia):
    client = Client()
    client.force_login(pia)
    return client


def page(name, draft):
    return reverse(f"admin:{name}", args=[draft.pk])


def test_the_editor_lists_versions_and_drafts_with_a_fixed_number_of_queries(
    editor, draft, pia, django_assert_max_num_queries
):
    for _ in range(3):
        with django_assert_max_num_queries(8):
            shown = editor.get(reverse("admin:question_editor")).content.decode()
        question_drafts.start(draft.based_on, by=pia, at=MONDAY)

    assert NOW in shown
    assert f"Draft {draft.pk}, after {NOW}" in shown


def test_a_draft_is_started_written_previewed_and_published(editor, pia):
    row = make_questions()
    make_guidelines(), make_program("code")
    started = editor.post(reverse("admin:question_start", args=[row.pk]))
    draft = QuestionDraft.objects.get()
    assert started.url == page("question_draft", draft)

    text = draft.text.replace(*NEXT).replace("How far is it?", "How far <b>along</b> is it?")
    editor.post(page("question_draft", draft), {"text": text.replace("\n", "\r\n"), "seen": "0"})
    shown = editor.get(page("question_draft", draft)).content.decode()
    assert "<ins>  question: How far &lt;b&gt;along&lt;/b&gt; is it?</ins>" in shown
    assert "<del>  question: How far is it?</del>" in shown

    editor.post(page("question_publish", draft), {"seen": "1", "reason": "Plainer words"})
    assert questions.current().version == THEN


def test_two_editors_at_once_see_both_texts(editor, draft, pia):
    write(draft, ("How far is it?", "Other words"), by=make_staff("paul", Role.POLICY_EDITOR))

    answer = editor.post(page("question_draft", draft), {"text": "Pia's text", "seen": "0"})

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "Pia&#x27;s text" in shown
    assert "Other words" in shown
    assert "Paul" in shown


def test_a_text_with_a_mistake_is_kept_and_its_place_named(editor, draft):
    text = draft.text.replace("type: long", "type: longer", 1)

    shown = editor.post(page("question_draft", draft), {"text": text, "seen": "0"}, follow=True)

    assert "question what_changed.type" in shown.content.decode()
    assert editor.get(page("question_preview", draft)).status_code == 422
    answer = editor.post(page("question_publish", draft), {"seen": "1", "reason": "Now"})
    assert (answer.status_code, questions.current().version) == (422, NOW)


def test_the_preview_walks_the_form_and_keeps_nothing(editor, draft):
    make_guidelines(), make_program("code")
    address = page("question_preview", draft)
    first = editor.get(address)
    assert "You apply as" in first.content.decode()

    wrong = editor.post(address, {"section": "you", "carried": "{}", "check": "on", "full_name": "A"})
    assert "Write at least 2 characters; this has 1." in wrong.content.decode()
    jumped = editor.post(
        address, {"section": "you", "to": "organisation", "carried": "{}", "applicant_type": "company"}
    )
    assert "Full legal name, no abbreviations" in jumped.content.decode()
    back = editor.post(
        address, {"section": "organisation", "to": "you", "carried": jumped.context["carried"]}
    )
    assert back.context["form"].initial["applicant_type"] == "company"

    draft.refresh_from_db()
    assert draft.edits == 0


@pytest.mark.parametrize("said", ["", "[]", "{", "null", '{"areas": {"a": 1}}', '{"title": ["\\u0000"]}'])
def test_a_preview_takes_any_rubbish_calmly(editor, draft, said):
    make_program("code")

    answer = editor.post(page("question_preview", draft), {"section": "purpose", "carried": said})

    assert answer.status_code == 200
    assert editor.post(page("question_preview", draft), {"section": "nothing"}).status_code == 404


def test_every_hard_question_of_the_shipped_set_has_an_example_of_a_good_answer():
    form = questions.read(questions.shipped())

    assert [
        question.key for question in form.questions if question.type == "long" and not question.example
    ] == []


def test_a_text_to_edit_has_its_fields_in_the_order_of_the_shipped_file(draft):
    first = draft.text.split("questions:\n")[1].splitlines()[:4]

    assert [line.strip(" -").partition(":")[0] for line in first] == ["key", "section", "question", "short"]

"""Comments: from proved addresses only, corrected until the end, read by a person who has no part in them."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import LedgerEntry
from outbox.models import Letter
from policies.domain import comments, moderation
from policies.domain.comment_words import BadComment, Words
from policies.domain.moderation import BadVerdict, HeldBy, NotForYou, NotHeld, NothingWaits
from policies.invariants import INVARIANTS
from policies.models import Comment
from policies.permissions import may_moderate
from policies.states import COMMENT_TRANSITIONS, CommentState
from tests.factories import MONDAY, editor, make_organisation, make_user, verified
from tests.policies.consulting import CLOSES, SAID, in_state, make_comment, make_open, moderated

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MAIL = "reader@example.org"


def events(comment: Comment) -> list[str]:
    rows = LedgerEntry.objects.filter(subject_type="policies.comment", subject_id=str(comment.pk))
    return [event.removeprefix("comment.") for event in rows.order_by("id").values_list("event", flat=True)]


def written() -> list[str]:
    rows = Letter.objects.filter(kind__startswith="policies/").order_by("id")
    return [kind.removeprefix("policies/") for kind in rows.values_list("kind", flat=True)]


def said(comment: Comment) -> list[dict]:
    return [row.words.get("remarks") for row in comment.revisions.all()]


def typed(consultation, email: str = MAIL, *, words: Words = SAID, at=MONDAY) -> Comment:
    return comments.send(consultation, words, email=email, at=at)


def test_from_a_proved_address_it_waits_to_be_read():
    row = make_comment(make_open())

    assert (row.state, row.due_at, events(row), written()) == (
        "waiting", MONDAY + 3 * DAY, ["received"], ["comment_receipt"],
    )  # fmt: skip


def test_from_a_typed_address_it_waits_for_its_link():
    row = typed(make_open())
    confirmed = comments.confirm(row.token, at=MONDAY)

    assert (row.state, confirmed.state, events(row), written()) == (
        "unconfirmed", "waiting", ["sent", "received"], ["comment_confirm", "comment_receipt"],
    )  # fmt: skip


def test_what_nobody_confirms_goes_after_a_week():
    row = typed(make_open())
    comments.drop_unconfirmed(at=MONDAY + 7 * DAY)

    row.refresh_from_db()
    assert (row.state, row.email, row.token, events(row)) == ("withdrawn", "", None, ["sent", "dropped"])
    assert row.revisions.get().words["erased"] is True


def test_a_second_comment_from_an_address_corrects_the_first():
    asked = make_open()
    first = comments.confirm(typed(asked).token, at=MONDAY)
    second = typed(asked, words=Words({"": "Better."}))
    kept = comments.confirm(second.token, at=MONDAY + DAY)

    second.refresh_from_db()
    assert (kept.pk, said(first), second.state) == (first.pk, [SAID.remarks, {"": "Better."}], "withdrawn")


def test_somebody_who_types_my_address_does_not_change_what_i_said():
    asked, me = make_open(), verified(make_user())
    mine = make_comment(asked, me)
    typed(asked, me.email, words=Words({"": "Not mine."}))

    assert said(mine) == [SAID.remarks]


def test_an_address_is_written_to_three_times_a_day_at_most():
    asked = make_open()
    for _ in range(5):
        typed(asked)

    assert written() == ["comment_confirm"] * 3


def test_a_correction_takes_what_was_shown_off_the_page_until_it_is_read():
    row = moderated(make_comment(make_open()))
    kept = comments.correct(row, Words({"": "Better."}), at=MONDAY + DAY)

    assert (row.state, kept.state, kept.decided_by, events(row)) == (
        "shown", "waiting", None, ["received", "taken", "shown", "corrected"],
    )  # fmt: skip


def test_a_correction_takes_it_from_the_moderator_who_reads_the_old_words():
    row = moderation.take(make_comment(make_open()), by=editor("mona"), at=MONDAY)
    comments.correct(row, Words({"": "Better."}), at=MONDAY)

    with pytest.raises(NotHeld):
        moderation.decide(row, verdict="shown", by=editor("mona"), at=MONDAY)


def test_after_the_end_nothing_is_sent_confirmed_or_corrected():
    asked = make_open()
    row, waits = make_comment(asked), typed(asked)

    for act in (
        lambda: make_comment(asked, at=CLOSES),
        lambda: comments.correct(row, SAID, at=CLOSES),
        lambda: comments.confirm(waits.token, at=MONDAY + 6 * DAY) and make_comment(asked, at=CLOSES),
    ):
        with pytest.raises(comments.NotOpen):
            act()


@pytest.mark.parametrize(
    ("words", "field", "says"),
    [
        (Words(), "overall", "Write a remark"),
        (Words({"": " \r\n"}), "overall", "Write a remark"),
        (Words({"": "x" * 6001}), "overall", "At most 6,000 characters; this has 6,001."),
        (Words({"nowhere": "x"}), "overall", "no such part"),
        (Words({}, {"0": "x"}), "overall", "no such question"),
        (Words({"": "x"}, name="x" * 121), "name", "At most 120"),
        (Words({"": "x"}, affiliation_kind="king"), "affiliation_kind", "Choose one"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(words, field, says):
    with pytest.raises(BadComment) as refused:
        make_comment(make_open(), words=words)

    assert says in refused.value.problems[field]


def test_a_choice_is_one_of_those_given():
    asked = make_open()
    scale = str(asked.questions.get(kind="scale").pk)

    with pytest.raises(BadComment) as refused:
        make_comment(asked, words=Words({}, {scale: "6"}))
    assert list(refused.value.problems) == [f"answer-{scale}"]
    assert make_comment(asked, words=Words({}, {scale: "5"})).revisions.get().words["answers"] == {scale: "5"}


def test_taken_back_nothing_of_it_is_left():
    row = moderated(make_comment(make_open()))
    comments.withdraw(row, at=CLOSES + DAY)
    comments.withdraw(row, at=CLOSES + DAY)

    row.refresh_from_db()
    assert (row.state, row.user, row.email, row.name, events(row)[-1]) == (
        "withdrawn",
        None,
        "",
        "",
        "withdrawn",
    )
    assert "Ana" not in str(row.revisions.get().words) + "".join(
        Letter.objects.values_list("text", flat=True)
    )


# --- Moderation.


def test_the_one_that_waits_longest_comes_first():
    asked = make_open()
    first, second = make_comment(asked), make_comment(asked, at=MONDAY + DAY)

    taken = [moderation.take_next(by=editor(name), at=MONDAY + DAY) for name in ("mona", "max")]
    assert taken == [first, second]
    with pytest.raises(NothingWaits):
        moderation.take_next(by=editor("mia"), at=MONDAY + DAY)


def test_one_person_has_a_comment_until_their_time_is_over():
    row = moderation.take(make_comment(make_open()), by=editor("mona"), at=MONDAY)

    with pytest.raises(HeldBy, match="Mona"):
        moderation.take(row, by=editor("max"), at=MONDAY + timedelta(minutes=29))
    over = MONDAY + timedelta(minutes=30)
    assert moderation.take(row, by=editor("max"), at=over).taken_by == editor("max")
    assert events(row) == ["received", "taken", "released", "taken"]


def test_what_is_kept_too_long_goes_back_by_itself():
    row = moderation.take(make_comment(make_open()), by=editor("mona"), at=MONDAY)

    assert [moderation.release_run_out(at=MONDAY + DAY) for _ in range(2)] == [1, 0]
    row.refresh_from_db()
    assert (row.state, row.taken_by) == ("waiting", None)


def test_given_back_twice_is_once():
    row = moderation.take(make_comment(make_open()), by=editor("mona"), at=MONDAY)
    for _ in range(2):
        moderation.release(row, by=editor("mona"), at=MONDAY)

    assert events(row) == ["received", "taken", "released"]


def test_nobody_moderates_their_own_or_their_organisations():
    asked, mona, colleague = make_open(), editor("mona"), verified(make_user("cole"))
    make_organisation(mona, colleague)
    own, theirs = make_comment(asked, mona), make_comment(asked, colleague)

    for row in (own, theirs):
        with pytest.raises(NotForYou):
            moderation.take(row, by=mona, at=MONDAY)
    with pytest.raises(NothingWaits):
        moderation.take_next(by=mona, at=MONDAY)


def test_what_is_asked_of_the_database_does_not_grow_with_the_organisation():
    row, mona = make_comment(make_open()), editor("mona")
    assert may_moderate(mona, row)  # her roles are known from here on
    asked = []
    for number in range(3):
        make_organisation(mona, *(verified(make_user(f"cole{number}{n}")) for n in range(number)))
        with CaptureQueriesContext(connection) as seen:
            assert may_moderate(mona, row)
        asked.append(len(seen))

    assert asked == asked[:1] * 3


def test_an_address_of_ones_own_counts_without_signing_in():
    row = comments.confirm(typed(make_open(), editor("mona").email).token, at=MONDAY)

    with pytest.raises(NotForYou):
        moderation.take(row, by=editor("mona"), at=MONDAY)


def test_the_database_keeps_authors_from_their_own():
    mona = editor("mona")
    row = moderated(make_comment(make_open(), mona), by=editor("max"))

    with pytest.raises(DatabaseError), transaction.atomic():
        Comment.objects.filter(pk=row.pk).update(decided_by=mona)


@pytest.mark.parametrize(
    ("verdict", "problem"),
    [
        ({"verdict": "waiting"}, "verdict"),
        ({"verdict": "withheld", "note": "x"}, "reason"),
        ({"verdict": "withheld", "reason": "spam"}, "note"),
        ({"verdict": "shown", "note": "x" * 2001}, "note"),
    ],
)
def test_a_verdict_says_why(verdict, problem):
    row = moderation.take(make_comment(make_open()), by=editor("mona"), at=MONDAY)

    with pytest.raises(BadVerdict) as refused:
        moderation.decide(row, **verdict, by=editor("mona"), at=MONDAY)
    assert list(refused.value.problems) == [problem]


def test_the_author_is_told_why_it_is_not_shown():
    row = moderated(make_comment(make_open()), "withheld")

    letter = Letter.objects.get(kind="policies/comment_withheld")
    assert (row.reason, letter.recipient) == ("spam", row.email)
    assert [said in letter.text for said in ("Advertising", "It sells shoes.", "30 days")] == [True] * 3


def test_an_objection_is_answered_once_by_somebody_else():
    row = moderated(make_comment(make_open()), "withheld")
    row = comments.object_(row, words="They are no shoes.", at=MONDAY + DAY)

    with pytest.raises(NotForYou):
        moderation.take(row, by=editor("mona"), at=MONDAY + DAY)
    row = moderated(row, "withheld", by=editor("max"), at=MONDAY + DAY)
    with pytest.raises(comments.CannotObject):
        comments.object_(row, words="But.", at=MONDAY + DAY)
    assert events(row) == ["received", "taken", "withheld", "objected", "taken", "withheld"]


def test_after_thirty_days_nobody_objects():
    row = moderated(make_comment(make_open()), "withheld")

    with pytest.raises(comments.CannotObject):
        comments.object_(row, words="But.", at=MONDAY + 30 * DAY)


MISSING = [
    (old, new) for old in CommentState for new in CommentState if new not in {old, *COMMENT_TRANSITIONS[old]}
]


@pytest.mark.parametrize(("old", "new"), MISSING)
def test_no_step_is_taken_that_the_table_does_not_name(old, new):
    row = in_state(make_open(), old)

    with pytest.raises(DatabaseError, match="no step from state"), transaction.atomic():
        Comment.objects.filter(pk=row.pk).update(state=new)


@pytest.mark.parametrize("state", CommentState)
def test_only_what_a_person_shows_is_public(state):
    row = in_state(make_open(), state)

    assert list(Comment.objects.public()) == ([row] if state in ("shown", "unnamed") else [])


# --- Erasure.


def test_a_deleted_account_leaves_public_words_without_a_name_and_nothing_else():
    asked, me = make_open(), verified(make_user("erasmus"))
    shown = moderated(
        comments.correct(make_comment(asked, me), Words({"": "Kept."}, name="Erasmus"), at=MONDAY)
    )
    typed(asked, me.email, words=Words({"": "Erasmus again."}))
    comments.forget(me, at=MONDAY)

    shown.refresh_from_db()
    assert (shown.state, shown.name, shown.email, shown.user) == ("shown", "", "", None)
    assert [row.words.get("remarks") for row in shown.revisions.all()] == [None, {"": "Kept."}]
    assert set(Comment.objects.exclude(pk=shown.pk).values_list("state", "email")) == {("withdrawn", "")}


def test_the_invariants_hold_over_every_state():
    asked = make_open()
    for state in CommentState:
        in_state(asked, state)
    broken = {}
    with connection.cursor() as cursor:
        for says, sql in INVARIANTS.items():
            cursor.execute(sql)
            broken[says] = cursor.fetchall()

    assert {says for says, rows in broken.items() if rows and ("omment" in says or "onsult" in says)} == set()

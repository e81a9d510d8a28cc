"""What everybody sees of a consultation, and what its form takes."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from outbox.models import Letter
from policies.domain import comments, consultees, themes
from policies.domain.comment_words import Words
from policies.models import Comment, CommentRevision
from tests.factories import MONDAY, editor, make_user, verified
from tests.policies.consulting import (
    CLOSES,
    in_state,
    make_comment,
    make_open,
    make_prepared,
    make_summarised,
    make_theme,
    moderated,
)

pytestmark = pytest.mark.django_db
PAGE = "/guidelines/1.1.0/consultation/"
DAY = timedelta(days=1)
UGLY = "<script>alert(1)</script> =cmd|' /C calc'!A0 " + "Donaudampfschifffahrtsgesellschaft" * 3


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    cache.clear()
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)


def later(monkeypatch, at) -> None:
    monkeypatch.setattr("audit.clock.now", lambda: at)


def read(client, path: str = PAGE) -> str:
    return client.get(path).getvalue().decode()


def typed(**more: str) -> dict[str, str]:
    return {"overall": "Well said.", "consent": "on"} | more


def test_a_consultation_being_prepared_is_nobodys_business(client):
    make_prepared()

    assert client.get(PAGE).status_code == 404


def test_without_comments_the_page_says_so(client):
    make_open()
    page = read(client)

    assert "No comment is shown yet" in page
    assert "Anybody may comment until" in page
    assert 'href="/guidelines/1.1.0/changes-since/1.0.0/"' in page


def test_the_version_and_its_categories_lead_to_it(client):
    make_open()

    assert f'href="{PAGE}"' in read(client, "/guidelines/1.1.0/")
    assert f'href="{PAGE}?about=weapons#comment"' in read(client, "/guidelines/1.1.0/weapons/")
    assert '<option value="weapons" selected>' in read(client, f"{PAGE}?about=weapons")


def test_signed_in_one_comments_and_gets_a_receipt(client):
    asked, me = make_open(), verified(make_user())
    client.force_login(me)
    scale = asked.questions.get(kind="scale")
    answer = client.post(
        PAGE, typed(**{"part-0": "weapons", "text-0": "Say more.", f"answer-{scale.pk}": "4"}), follow=True
    )

    row = Comment.objects.get()
    assert answer.redirect_chain == [(f"{PAGE}yours/", 302)]
    assert row.number in answer.content.decode()
    assert (row.user, row.revisions.get().words) == (
        me,
        {"remarks": {"": "Well said.", "weapons": "Say more."}, "answers": {str(scale.pk): "4"}},
    )


def test_without_an_account_the_link_in_the_letter_confirms(client):
    make_open()
    client.post(PAGE, typed(email="Ana@Example.org", name="Ana"))
    link = re.search(r"/guidelines/1.1.0/consultation/yours/[\w-]+/", Letter.objects.get().text)[0]
    before = Comment.objects.get().state
    assert "Is this your comment?" in read(client, link)
    client.post(link, {"do": "confirm"})

    assert (before, Comment.objects.get().state) == ("unconfirmed", "waiting")


def test_the_answer_is_the_same_whether_an_address_commented_before(client):
    asked = make_open()
    comments.confirm(
        comments.send(asked, Words({"": "x"}), email="known@example.org", at=MONDAY).token, at=MONDAY
    )

    seen = {
        re.sub(
            r'value="[^"]*"|nonce="[^"]*"',
            "",
            client.post(PAGE, typed(email=f"{who}@example.org"), follow=True).content.decode(),
        )
        for who in ("known", "unknown")
    }
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"overall": ""}, "Write a remark"),
        ({"consent": ""}, "This field is required"),
        ({"email": ""}, "This field is required"),
        ({"overall": "x" * 6001}, "At most 6,000 characters; this has 6,001."),
        ({"part-0": "", "text-0": "x" * 6001, "overall": ""}, "At most 6,000"),
        ({"part-0": "nowhere", "text-0": "x"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(client, more, says):
    make_open()
    answer = client.post(PAGE, typed(email="ana@example.org") | more)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert not Comment.objects.exists()


def test_another_part_keeps_what_was_typed(client):
    make_open()
    page = client.post(PAGE, typed(more="yes", **{"part-0": "weapons", "text-0": "Kept."})).content.decode()

    assert ("Kept." in page, 'name="text-3"' in page, Comment.objects.exists()) == (True, True, False)


def test_too_many_from_one_place_wait(client):
    make_open()
    for number in range(20):
        client.post(PAGE, typed(email=f"a{number}@example.org"))

    assert client.post(PAGE, typed(email="b@example.org")).status_code == 429


def test_hostile_text_is_shown_as_text(client):
    moderated(make_comment(make_open(), words=Words({"": UGLY}, name="<b>Bob", affiliation_name="=1+1")))
    page = read(client)

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;b&gt;Bob" in page


@pytest.mark.parametrize("state", ["waiting", "taken", "withheld", "withdrawn", "unconfirmed"])
def test_what_is_not_shown_is_nowhere(client, state):
    row = in_state(make_open(), state)
    pages = [
        read(client, path)
        for path in (PAGE, f"{PAGE}{row.number}/", f"{PAGE}comments.csv", f"{PAGE}comments.json")
    ]

    assert [page for page in pages if "The whole is clear." in page or "Ana Ruiz" in page] == []


def test_shown_without_a_name_names_nobody(client):
    row = in_state(make_open(), "unnamed")
    pages = [read(client, path) for path in (PAGE, f"{PAGE}{row.number}/", f"{PAGE}comments.csv")]

    assert ["The whole is clear." in page and "Ana Ruiz" not in page for page in pages] == [True] * 3


def test_no_cell_of_the_file_is_run_by_a_spreadsheet(client):
    moderated(make_comment(make_open(), words=Words({"": "=1+1"}, name="@bob", affiliation_name="+x")))
    rows = list(csv.DictReader(io.StringIO(read(client, f"{PAGE}comments.csv"))))

    assert [(row["text"], row["name"], row["affiliation"]) for row in rows] == [("'=1+1", "'@bob", "'+x")]


def test_the_author_corrects_objects_and_takes_back(client):
    asked, me = make_open(), verified(make_user())
    client.force_login(me)
    row = moderated(make_comment(asked, me), "withheld")
    assert client.post(f"{PAGE}yours/", {"do": "object", "words": ""}).status_code == 422
    client.post(f"{PAGE}yours/", {"do": "object", "words": "They are no shoes."})
    client.post(f"{PAGE}yours/", typed(overall="Better."))
    row.refresh_from_db()
    kept = (row.state, row.objection, row.revisions.last().words["remarks"])
    client.post(f"{PAGE}yours/", {"do": "withdraw"})

    row.refresh_from_db()
    assert kept == ("waiting", "They are no shoes.", {"": "Better."})
    assert row.state == "withdrawn"


def test_once_closed_there_is_no_form(client, monkeypatch):
    make_open()
    later(monkeypatch, CLOSES)

    assert "No more comments are taken." in read(client)
    assert 'name="overall"' not in read(client)
    assert client.post(PAGE, typed(email="a@example.org")).status_code == 302
    assert not Comment.objects.exists()


def test_the_summary_says_what_became_of_each_theme(client, monkeypatch):
    asked = make_summarised()
    later(monkeypatch, CLOSES + DAY)
    page, theme = read(client), asked.themes.get()

    assert "<strong>all</strong>" in page
    assert f'href="?theme={theme.pk}#comments"' in page
    assert "Accepted" in page
    assert "The whole is clear." in read(client, f"{PAGE}?theme={theme.pk}")


def test_the_pages_query_count_does_not_grow(client):
    """300 comments, in pages of twenty, under 25 queries."""
    asked = make_open()
    one = moderated(make_comment(asked, words=Words({"": "First."})))
    few = queries(client)
    rows = Comment.objects.bulk_create(
        Comment(
            consultation=asked, state="waiting", email=f"p{n}@example.org", token=f"t{n}", sent_at=MONDAY,
            confirmed_at=MONDAY, due_at=MONDAY,
        )
        for n in range(300)
    )  # fmt: skip
    CommentRevision.objects.bulk_create(
        CommentRevision(comment=row, number=1, words=one.revisions.get().words, sent_at=MONDAY)
        for row in rows
    )
    for state in ("taken", "shown"):
        more = {"taken_by": one.decided_by, "taken_at": MONDAY, "taken_until": MONDAY} if state == "taken" else {
            "taken_by": None, "taken_at": None, "taken_until": None, "decided_by": one.decided_by, "decided_at": MONDAY,
        }  # fmt: skip
        Comment.objects.filter(pk__in=[row.pk for row in rows]).update(state=state, **more)

    assert (few, queries(client)) == (few, few)
    assert few < 25
    older = re.search(r'href="(\?before=\d+)#comments"', read(client))[1]
    assert read(client, PAGE + older).count('<article class="section">') == 20


def queries(client) -> int:
    with CaptureQueriesContext(connection) as seen:
        client.get(PAGE)
    return len(seen)


# --- Invited by name.


def invite(asked, email: str = "expert@example.org"):
    return consultees.invite(
        asked, email=email, name="Eva", affiliation_name="University of X", by=editor("edith"), at=MONDAY
    )


def link_in(letter: Letter) -> str:
    return re.search(r"/guidelines/1.1.0/consultation/invited/[\w-]+/", letter.text)[0]


def test_an_invited_person_comments_by_their_link_once(client):
    asked = make_open()
    invite(asked)
    link = link_in(Letter.objects.get())
    assert "You were invited." in read(client, link)
    client.post(link, typed(name="Eva"))
    row = Comment.objects.get()
    moderated(row)

    assert (row.state, row.email, row.affiliation_name) == (
        "waiting",
        "expert@example.org",
        "University of X",
    )
    assert client.get(link).status_code == 302
    assert "invited" in read(client)
    assert "University of X" in read(client)


def test_a_link_ends_when_it_is_sent_again_withdrawn_or_the_consultation_closes(client, monkeypatch):
    asked = make_open()
    row = invite(asked)
    first = link_in(Letter.objects.get())
    consultees.resend(row, by=editor("edith"), at=MONDAY + DAY)
    second = link_in(Letter.objects.order_by("-pk").first())
    seen = [client.get(link).status_code for link in (first, second)]
    later(monkeypatch, CLOSES)
    seen.append(client.get(second).status_code)
    later(monkeypatch, MONDAY)
    consultees.withdraw(row, by=editor("edith"), at=MONDAY)
    seen.append(client.get(second).status_code)

    assert seen == [302, 200, 302, 302]


def test_the_link_of_an_invitation_is_kept_as_a_digest_only():
    row = invite(make_open())
    token = link_in(Letter.objects.get()).split("/")[-2]

    assert token not in str(vars(row))
    assert Letter.objects.get().passing


# --- Themes.


def test_whoever_wrote_part_of_it_does_not_publish_it():
    asked = make_open()
    make_theme(asked, by="peter")
    themes.write_summary(asked, summary="Thanks.", by=editor("edith"), at=CLOSES)

    for name in ("peter", "edith"):
        with pytest.raises(themes.NotReady, match="You wrote part of it"):
            themes.publish(asked, by=editor(name), at=CLOSES)
    assert themes.publish(asked, by=editor("mona"), at=CLOSES).state == "summarised"


def test_whoever_wrote_of_it_once_does_not_publish_it_after_others_wrote_it_anew():
    asked = make_open()
    theme = make_theme(asked, by="peter")
    make_theme(asked, by="edith", theme=theme)
    for name in ("mona", "edith"):
        themes.write_summary(asked, summary="Thanks.", by=editor(name), at=CLOSES)

    for name in ("peter", "mona", "edith"):
        with pytest.raises(themes.NotReady, match="You wrote part of it"):
            themes.publish(asked, by=editor(name), at=CLOSES)


def test_a_theme_that_was_taken_out_meanwhile_is_not_written_anew():
    asked = make_open()
    theme = make_theme(asked)
    themes.drop(asked.themes.get(), by=editor("peter"), at=CLOSES)

    with pytest.raises(themes.BadTheme, match="taken out meanwhile"):
        make_theme(asked, theme=theme)


def test_nothing_is_published_while_something_is_unread_unanswered_or_open():
    asked = make_open()
    make_comment(asked)
    make_theme(asked, outcome="", text="")

    with pytest.raises(themes.NotReady) as refused:
        themes.publish(asked, by=editor("peter"), at=MONDAY)
    assert [line.split(".")[0] for line in refused.value.problems] == [
        "The consultation has not closed yet",
        "1 comment still has to be read",
        "There is no summary yet",
        "A theme is not answered yet",
    ]


def test_everybody_who_commented_is_told_once():
    make_summarised()
    written = [themes.tell_owed(at=CLOSES) for _ in range(2)]

    assert written == [1, 0]
    assert Letter.objects.filter(kind="policies/consultation_summary").count() == 1


def test_once_published_themes_rest_in_the_database_too():
    asked = make_summarised()
    theme = asked.themes.get()
    for change in (
        lambda: asked.themes.update(text="Other"),
        lambda: theme.grouped.all().delete(),
        theme.delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()

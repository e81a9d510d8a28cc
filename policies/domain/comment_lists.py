"""Comments as a page shows them: what each says now, by part and by question, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.models import Comment, CommentRevision, Consultation, Theme
from policies.states import QuestionKind

PAGE = 20


@dataclass(frozen=True)
class Shown:
    """A comment with its words: (part, its code, text) and (question, answer)."""

    comment: Comment
    remarks: list[tuple[str, str, str]]
    answers: list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    rows: list[Shown]
    newer: int | None
    older: int | None


def page(
    consultation: Consultation,
    *,
    before: int | None = None,
    after: int | None = None,
    theme: Theme | None = None,
) -> Page:
    """Return the shown comments newest first, those before or after one of them by key."""
    public = consultation.comments.public()
    if theme is not None:
        public = public.filter(grouped__theme=theme)
    if after is not None:
        found = list(public.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        more, found = len(found) > PAGE, found[:PAGE][::-1]
        return Page(
            worded(consultation, found), found[0].pk if more else None, found[-1].pk if found else None
        )
    if before is not None:
        public = public.filter(pk__lt=before)
    found = list(public.order_by("-pk")[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    newer = found[0].pk if found and before is not None else None
    return Page(worded(consultation, found), newer, found[-1].pk if more else None)


def worded(consultation: Consultation, comments: Iterable[Comment]) -> list[Shown]:
    """Return comments with what they say now; two queries, however many."""
    comments, clauses = list(comments), consultation.clauses
    latest = (
        CommentRevision.objects.filter(comment__in=comments)
        .order_by("comment_id", "-number")
        .distinct("comment_id")
    )
    words = {row.comment_id: row.words for row in latest}
    questions = {str(row.pk): row for row in consultation.questions.all()}
    shown = []
    for comment in comments:
        said = words.get(comment.pk, {})
        remarks = [(clauses.get(code, ""), code, text) for code, text in said.get("remarks", {}).items()]
        answers = [
            (
                questions[key].text,
                text
                if questions[key].kind == QuestionKind.TEXT
                else dict(questions[key].choices).get(text, text),
            )
            for key, text in said.get("answers", {}).items()
            if key in questions
        ]
        shown.append(Shown(comment, remarks, answers))
    return shown

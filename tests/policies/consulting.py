"""Makes consultations, and comments in every state they can be in."""

from datetime import datetime, timedelta

from accounts.models import User
from policies.domain import comments, consultations, guidelines, moderation, themes
from policies.domain.comment_words import Words
from policies.models import Comment, Consultation
from policies.states import CommentState
from tests.factories import MONDAY, editor, make_guidelines, make_user, verified

CLOSES = MONDAY + timedelta(days=30)
SAID = Words({"": "The whole is clear.", "weapons": "Say what a weapon is."}, name="Ana Ruiz")


def make_version(version: str = "1.1.0"):
    make_guidelines()
    text = guidelines.shipped() | {
        "version": version,
        "sections": [{"id": "aim", "title": "Aim", "text": "Be kind."}],
    }
    made = guidelines.load(text, by="test", at=MONDAY)
    return guidelines.consult(made, by=editor("edith"), at=MONDAY)


def make_prepared(version: str = "1.1.0", *, at: datetime = MONDAY) -> Consultation:
    return consultations.prepare(
        make_version(version),
        opens_at=at,
        closes_at=at + timedelta(days=30),
        introduction="We ask whether this is **clear**.",
        by=editor("edith"),
        at=at,
    )


def make_open(version: str = "1.1.0", *, at: datetime = MONDAY) -> Consultation:
    """Return an open consultation with a question of each kind."""
    made, edith = make_prepared(version, at=at), editor("edith")
    for kind, text, options in (
        ("text", "What is missing?", []),
        ("choice", "Which part is hardest?", ["The lanes", "The uses"]),
        ("scale", "The text is fair.", []),
    ):
        consultations.add_question(made, kind=kind, text=text, options=options, by=edith, at=at)
    return consultations.open_(made, by=edith, at=at)


def make_comment(
    consultation: Consultation, by: User | None = None, *, words: Words = SAID, at: datetime = MONDAY
) -> Comment:
    """Return a comment that waits to be read."""
    return comments.send(consultation, words, by=by or verified(make_user()), language="en-gb", at=at)


def moderated(
    comment: Comment, verdict: str = "shown", *, by: User | None = None, at: datetime = MONDAY, **said: str
) -> Comment:
    by = by or editor("mona")
    if verdict == CommentState.WITHHELD:
        said = {"reason": "spam", "note": "It sells shoes."} | said
    moderation.take(comment, by=by, at=at)
    return moderation.decide(comment, verdict=verdict, by=by, at=at, **said)


def in_state(consultation: Consultation, state: str) -> Comment:
    """Return a comment in this state."""
    if state == CommentState.UNCONFIRMED:
        return comments.send(consultation, SAID, email="typed@example.org", at=MONDAY)
    row = make_comment(consultation)
    if state == CommentState.TAKEN:
        return moderation.take(row, by=editor("mona"), at=MONDAY)
    if state == CommentState.WITHDRAWN:
        return comments.withdraw(row, at=MONDAY)
    return row if state == CommentState.WAITING else moderated(row, state)


def make_theme(consultation: Consultation, title: str = "Clearer words", *, by: str = "edith", **said):
    said = {"outcome": "accepted", "text": "We wrote it anew.", "clauses": ["weapons"]} | said
    return themes.write(consultation, title=title, by=editor(by), at=CLOSES, **said)


def make_summarised(version: str = "1.1.0") -> Consultation:
    """Return a consultation with one shown comment in one theme, answered and published."""
    made = make_open(version)
    comment = moderated(make_comment(made))
    themes.group(comment, [make_theme(made)], by=editor("edith"), at=CLOSES)
    themes.write_summary(made, summary="Thank you, **all**.", by=editor("edith"), at=CLOSES)
    return themes.publish(made, by=editor("peter"), at=CLOSES)

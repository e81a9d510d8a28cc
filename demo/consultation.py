"""Two consultations on drafts: one open, with a comment in every state, and one that was answered."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from policies.domain import comments, consultations, consultees, guidelines, moderation, themes
from policies.domain.comment_words import Words
from policies.models import Comment, Consultation
from policies.states import CommentState

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ANSWERED_FROM, ANSWERED_UNTIL, OPEN_FROM = 45, 24, 9  # days ago
EXPERT = "h.ferrer@universitat.example"
INTRODUCTION = """
This draft changes who is asked for **a second person**, and says more exactly what counts as advice. We ask whether
the words are clear, and what they would do to the use you know best.

Every comment is read by a person. Each theme gets an answer here, by name of the part that changes or stays.
"""
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"kind": "scale", "text": "The draft says clearly what needs a second person."},
    {
        "kind": "choice",
        "text": "Which part would change most for you?",
        "options": ["The lanes", "The prohibited uses", "The uses that need extra scrutiny", "None"],
    },
    {"kind": "text", "text": "Which use of yours would be judged otherwise than before?"},
)
# What a draft says otherwise than the text in force, by version and code of the area.
DRAFTED: dict[str, dict[str, dict[str, Any]]] = {
    "1.0.1": {"legal": {"example_allowed": "Contract research inside a law firm that a lawyer checks."}},
    "1.1.0": {
        "health": {
            "definition": "Uses that touch the physical or mental health of people, or tell them what to do about it.",
        },
        "legal": {
            "definition": "Advice, drafting or search with legal effect for people who have no lawyer of their own.",
            "example_allowed": "Contract research inside a law firm that a lawyer checks.",
        },
    },
}
# Who, for whom, on the whole, on a part, how much they agree (1-5), and what became of it.
NOTHING = ("", "")
OPEN: tuple[tuple[str, str, str, str, tuple[str, str], str, str], ...] = (
    ("Inés Calvo", "developer", "Calvo & Sons", "Clearer than before.", ("legal", "Do templates count?"), "4", "shown"),
    ("Tariq Aziz", "individual", "", "Two weeks of notice are short for a team of one.", NOTHING, "2", "shown"),
    ("Lena Voss", "academia", "Media Institute", "", ("health", "Triage is not diagnosis; name both."), "3", "unnamed"),
    ("Cheap Traffic", "developer", "Traffic Ltd", "Buy visitors at our page, best price.", NOTHING, "", "withheld"),
    ("Ola Berg", "civil_society", "Open Desk", "My neighbour, Mr. Strand, sells it.", NOTHING, "1", "objected"),
    ("Mariam Diallo", "public_body", "City of Sète", "We need the summary in plain words.", NOTHING, "4", "waiting"),
    ("Jo", "", "", "Keep the examples; they are the best of it.", NOTHING, "5", "waiting"),
    ("Sven Holm", "developer", "Holm Apps", "I sent this twice by mistake.", NOTHING, "", "withdrawn"),
    ("Not Sure", "", "", "Nobody has confirmed this one.", NOTHING, "", "unconfirmed"),
)  # fmt: skip
ANSWERED = (
    ("Rosa Lind", "developer", "Lindworks", "Say what a lane means before you name one.", "words"),
    ("Emil Bakker", "academia", "TU Noord", "The word “scrutiny” is never explained.", "words"),
    ("Fatou Sow", "civil_society", "Sans Filtre", "Thirty days to acknowledge are too few.", "time"),
    ("Igor Petrov", "developer", "Petrov GmbH", "Thirty days are plenty; make it fifteen.", "time"),
    ("Ana Ruiz", "developer", "Pygma", "Thank you for asking.", ""),
)
ANSWERS = {
    "words": ("Words that are not explained", "accepted", "Each lane is explained where it is named first."),
    "time": (
        "How long there is to acknowledge",
        "not",
        "It stays at thirty days: comments asked for more and for less, and most holders need two weeks.",
    ),
}


def steps(staff: dict[str, User], now: datetime) -> list[tuple[datetime, Callable[..., Any]]]:
    """Return what happens, each with its time, for an agenda that plays in order."""
    told = _Told(staff)
    return [
        (now - ANSWERED_FROM * DAY, told.open_answered),
        (now - ANSWERED_UNTIL * DAY + HOUR, told.answer),
        (now - OPEN_FROM * DAY, told.open_now),
        (now - 2 * DAY, told.comment_now),
    ]


def _drafted(version: str) -> dict[str, Any]:
    text, otherwise = guidelines.shipped(), DRAFTED[version]
    areas = [area | otherwise.get(area["id"], {}) for area in text["extra_scrutiny"]]
    return text | {"version": version, "extra_scrutiny": areas}


class _Told:
    """Pia writes, reads and answers; Petra is the second person."""

    def __init__(self, staff: dict[str, User]):
        self.pia, self.petra = staff["pia"], staff["petra"]

    def open_answered(self, *, at: datetime) -> None:
        self.answered = self._open("1.0.1", at=at, days=ANSWERED_FROM - ANSWERED_UNTIL)
        for number, (name, kind, where, said, _) in enumerate(ANSWERED):
            row = self._send(self.answered, Words({"": said}, {}, name, kind, where), at=at + HOUR)
            self._decide(row, "shown", by=self.petra, at=at + (2 + number) * HOUR)

    def answer(self, *, at: datetime) -> None:
        for key, (title, outcome, text) in ANSWERS.items():
            theme = themes.write(self.answered, title=title, outcome=outcome, text=text, by=self.pia, at=at)
            for name, *_, of in ANSWERED:
                if of == key:
                    themes.group(self.answered.comments.get(name=name), [theme], by=self.pia, at=at)
        said = "Five people commented. Unclear words are explained in the next draft; the time to acknowledge stays."
        themes.write_summary(self.answered, summary=said, by=self.pia, at=at)
        themes.publish(self.answered, by=self.petra, at=at + HOUR)
        themes.tell_owed(at=at + HOUR)

    def open_now(self, *, at: datetime) -> None:
        self.open = self._open("1.1.0", at=at, days=30, questions=QUESTIONS)
        consultees.invite(
            self.open, email=EXPERT, name="Helena Ferrer", affiliation_kind="academia",
            affiliation_name="Universitat de Dalt", by=self.pia, at=at,
        )  # fmt: skip
        consultees.invite(
            self.open, email="desk@watch.example", affiliation_kind="civil_society", affiliation_name="AI Watch",
            by=self.pia, at=at,
        )  # fmt: skip

    def comment_now(self, *, at: datetime) -> None:
        asked = list(self.open.questions.all())
        for number, (name, kind, where, whole, (part, on_it), agree, state) in enumerate(OPEN):
            sent = at + number * HOUR
            answers = {
                str(asked[0].pk): agree,
                str(asked[1].pk): asked[1].options[number % 4] if agree else "",
            }
            words = Words({"": whole, part: on_it} if part else {"": whole}, answers, name, kind, where)
            row = self._send(self.open, words, at=sent, confirmed=state != CommentState.UNCONFIRMED)
            self._lead(row, state, at=sent + HOUR)
        invited = Words({"": "Name who answers an appeal, not only that somebody does."}, {}, "Helena Ferrer")
        row = comments.send(self.open, invited, invitation=self.open.invitations.get(email=EXPERT), at=at)
        self._decide(row, "shown", by=self.petra, at=at + HOUR)

    def _open(
        self, version: str, *, at: datetime, days: int, questions: tuple[dict[str, Any], ...] = ()
    ) -> Consultation:
        draft = guidelines.load(_drafted(version), by=self.pia, at=at)
        guidelines.consult(draft, by=self.pia, at=at)
        made = consultations.prepare(
            draft, opens_at=at, closes_at=at + days * DAY, introduction=INTRODUCTION, by=self.pia, at=at
        )
        for question in questions:
            consultations.add_question(made, **question, by=self.pia, at=at)
        return consultations.open_(made, by=self.pia, at=at)

    def _send(self, asked: Consultation, words: Words, *, at: datetime, confirmed: bool = True) -> Comment:
        address = f"{'.'.join(words.name.lower().replace('.', '').split())}@mail.example"
        row = comments.send(asked, words, email=address.encode("ascii", "ignore").decode(), at=at)
        return comments.confirm(row.token or "", at=at) if confirmed else row

    def _lead(self, row: Comment, state: str, *, at: datetime) -> None:
        """Lead a comment to this state, as people did."""
        if state in (CommentState.SHOWN, CommentState.UNNAMED, CommentState.WITHHELD):
            self._decide(row, state, by=self.pia, at=at)
        elif state == "objected":
            self._decide(row, CommentState.WITHHELD, by=self.pia, at=at, reason="personal_data")
            comments.object_(row, words="He calls himself by that name in public.", at=at + HOUR)
        elif state == CommentState.WITHDRAWN:
            comments.withdraw(row, at=at)

    def _decide(self, row: Comment, verdict: str, *, by: User, at: datetime, reason: str = "spam") -> None:
        moderation.take(row, by=by, at=at)
        withheld = verdict == CommentState.WITHHELD
        moderation.decide(
            row, verdict=verdict, reason=reason if withheld else "",
            note="Please say it without naming others." if reason == "personal_data" and withheld else
            "It sells something and says nothing about the text." if withheld else "", by=by, at=at,
        )  # fmt: skip

"""Prepare, open and extend a consultation. It closes by itself: whether it is open is read off its dates."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.domain.comment_words import clean, too_long
from policies.models import Consultation, ConsultationQuestion, Extension, GuidelineVersion
from policies.states import CONSULTATION_TRANSITIONS, ConsultationState, Phase, QuestionKind, VersionState

LEAST, MOST = timedelta(days=1), timedelta(days=366)  # how long a consultation may be open
INTRODUCTION_MOST, QUESTION_MOST, OPTION_MOST, REASON_MOST = 10_000, 400, 120, 500  # characters
QUESTIONS_MOST, OPTIONS_MOST = 20, 12


class IllegalMove(Exception):
    def __init__(self, consultation: Consultation, to: str):
        super().__init__(
            _("This is “%(state)s”: it cannot become “%(to)s” now.")
            % {
                "state": consultation.get_state_display(),
                "to": ConsultationState(to).label,
            }
        )


class Frozen(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("The consultation is open: its introduction, dates and questions rest. It may be extended.")
        )


class NotPublic(Exception):
    def __init__(self, version: GuidelineVersion):
        super().__init__(
            _(
                "Version %(version)s is “%(state)s”. Put it out for consultation first, so that everybody can read it."
            )
            % {"version": version.version, "state": version.get_state_display()}
        )


class BadConsultation(Exception):
    """`problems` says what is wrong, sentence by sentence."""

    def __init__(self, problems: Sequence[str]):
        self.problems = list(problems)
        super().__init__(" ".join(problems))


class IsOpen(Exception):
    """The text is being consulted on, so it rests."""

    def __init__(self, consultation: Consultation):
        until = date_format(localtime(consultation.closes_at), _("j F Y, H:i T"))
        super().__init__(
            _("A consultation on this text is open until %(until)s: until then it stays as it is.")
            % {"until": until}
        )


@transaction.atomic
def prepare(
    version: GuidelineVersion,
    *,
    opens_at: datetime,
    closes_at: datetime,
    introduction: str = "",
    by: User,
    at: datetime,
) -> Consultation:
    """Begin a consultation on a version that is no law yet; one per version. Raises BadConsultation, NotPublic."""
    version = GuidelineVersion.objects.select_for_update().get(pk=version.pk)
    if version.state not in (VersionState.DRAFT, VersionState.CONSULTATION):
        raise NotPublic(version)
    if Consultation.objects.filter(guidelines=version).exists():
        raise BadConsultation([_("There is a consultation on this version already.")])
    words = _checked(introduction, opens_at, closes_at)
    made = Consultation.objects.create(
        guidelines=version,
        introduction=words,
        opens_at=opens_at,
        closes_at=closes_at,
        prepared_at=at,
        prepared_by=by,
    )
    ledger.record(Event.CONSULTATION_PREPARED, subject=made, actor=by, at=at, version=version.version)
    return made


@transaction.atomic
def edit(
    consultation: Consultation,
    *,
    opens_at: datetime,
    closes_at: datetime,
    introduction: str,
    by: User,
    at: datetime,
) -> Consultation:
    """Write another introduction, or other dates, before it is opened. Raises Frozen, BadConsultation."""
    consultation = _being_prepared(consultation)
    consultation.introduction = _checked(introduction, opens_at, closes_at)
    consultation.opens_at, consultation.closes_at = opens_at, closes_at
    consultation.save(update_fields=["introduction", "opens_at", "closes_at"])
    ledger.record(Event.CONSULTATION_EDITED, subject=consultation, actor=by, at=at, what="words")
    return consultation


@transaction.atomic
def add_question(
    consultation: Consultation,
    *,
    kind: str,
    text: str,
    options: Sequence[str] = (),
    clause: str = "",
    by: User,
    at: datetime,
) -> ConsultationQuestion:
    """Put a question at the end. Raises Frozen, BadConsultation."""
    consultation = _being_prepared(consultation)
    asked = consultation.questions.count()
    text, options = clean(text), [clean(option) for option in options if option.strip()]
    problems = list(_wrong_with_question(consultation, kind, text, options, clause))
    if asked >= QUESTIONS_MOST:
        problems.append(_("At most %(most)s questions; more are answered by few.") % {"most": QUESTIONS_MOST})
    if problems:
        raise BadConsultation(problems)
    last = consultation.questions.order_by("-position").first()
    made = ConsultationQuestion.objects.create(
        consultation=consultation,
        position=last.position + 1 if last else 1,
        kind=kind,
        text=text,
        options=options,
        clause=clause,
    )
    ledger.record(Event.CONSULTATION_EDITED, subject=consultation, actor=by, at=at, what="question_added")
    return made


@transaction.atomic
def drop_question(question: ConsultationQuestion, *, by: User, at: datetime) -> None:
    """Take a question out; again is once. Raises Frozen."""
    consultation = _being_prepared(question.consultation)
    consultation.questions.filter(pk=question.pk).delete()
    ledger.record(Event.CONSULTATION_EDITED, subject=consultation, actor=by, at=at, what="question_dropped")


@transaction.atomic
def ask_earlier(question: ConsultationQuestion, *, by: User, at: datetime) -> None:
    """Put a question before the one it follows. Raises Frozen."""
    consultation = _being_prepared(question.consultation)
    ordered = list(consultation.questions.all())
    place = next((n for n, row in enumerate(ordered) if row.pk == question.pk), 0)
    if place == 0:
        return
    ordered[place - 1], ordered[place] = ordered[place], ordered[place - 1]
    for position, row in enumerate(ordered, start=1):
        row.position = position
    ConsultationQuestion.objects.bulk_update(ordered, ["position"])
    ledger.record(Event.CONSULTATION_EDITED, subject=consultation, actor=by, at=at, what="question_moved")


@transaction.atomic
def open_(consultation: Consultation, *, by: User, at: datetime) -> Consultation:
    """Announce it: from its first day on anybody may comment. What it asks rests from now on.

    A day that is past becomes now. Raises IllegalMove, NotPublic, BadConsultation.
    """
    consultation = locked(consultation)
    version = GuidelineVersion.objects.select_for_update().get(pk=consultation.guidelines_id)
    if ConsultationState.OPENED not in CONSULTATION_TRANSITIONS[consultation.state]:
        raise IllegalMove(consultation, ConsultationState.OPENED)
    if version.state != VersionState.CONSULTATION:
        raise NotPublic(version)
    opens_at = max(consultation.opens_at, at)
    _checked(consultation.introduction, opens_at, consultation.closes_at)
    if not consultation.introduction:
        raise BadConsultation(
            [_("Write an introduction first: what is asked, and what becomes of the answers.")]
        )
    consultation.state, consultation.opens_at = ConsultationState.OPENED, opens_at
    consultation.opened_at, consultation.opened_by = at, by
    consultation.text_hash, consultation.source = version.text_hash, version.source
    consultation.save()
    ledger.record(
        Event.CONSULTATION_OPENED,
        subject=consultation,
        actor=by,
        at=at,
        version=version.version,
        text_hash=version.text_hash,
        opens_at=opens_at.isoformat(),
        closes_at=consultation.closes_at.isoformat(),
    )
    return consultation


@transaction.atomic
def extend(
    consultation: Consultation, *, until: datetime, by: User, at: datetime, reason: str
) -> Consultation:
    """Let it end later, for a reason everybody reads. Raises BadConsultation."""
    consultation = locked(consultation)
    problems = []
    if consultation.phase(at) not in (Phase.ANNOUNCED, Phase.OPEN):
        problems.append(_("Only a consultation that has not closed yet can be extended."))
    if until <= consultation.closes_at:
        problems.append(_("Give a date after the one it ends on now."))
    if until > consultation.opens_at + MOST:
        problems.append(_("A consultation is open for a year at most."))
    words = clean(reason)
    if not words:
        problems.append(_("Write why; everybody reads it."))
    if len(words) > REASON_MOST:
        problems.append(too_long(REASON_MOST, words))
    if problems:
        raise BadConsultation(problems)
    was, consultation.closes_at = consultation.closes_at, until
    consultation.save(update_fields=["closes_at"])
    Extension.objects.create(
        consultation=consultation, was=was, until=until, reason=words, extended_at=at, extended_by=by
    )
    ledger.record(
        Event.CONSULTATION_EXTENDED,
        subject=consultation,
        actor=by,
        at=at,
        reason=ledger.digest(words),
        was=was.isoformat(),
        until=until.isoformat(),
    )
    return consultation


def locked(consultation: Consultation) -> Consultation:
    """Return it with its row locked, so that two people change it one after the other."""
    rows = Consultation.objects.select_for_update(of=("self",)).select_related("guidelines")
    return rows.get(pk=consultation.pk)


def must_rest(version: GuidelineVersion, *, at: datetime) -> None:
    """Refuse to touch a text while a consultation on it is announced or open. Raises IsOpen."""
    found = Consultation.objects.filter(
        guidelines=version, state=ConsultationState.OPENED, closes_at__gt=at
    ).first()
    if found is not None:
        raise IsOpen(found)


def _being_prepared(consultation: Consultation) -> Consultation:
    consultation = locked(consultation)
    if consultation.state != ConsultationState.PREPARED:
        raise Frozen
    return consultation


def _checked(introduction: str, opens_at: datetime, closes_at: datetime) -> str:
    """Return the introduction as it is kept. Raises BadConsultation."""
    words, problems = clean(introduction), []
    if closes_at - opens_at < LEAST:
        problems.append(_("A consultation is open for a day at least."))
    if closes_at - opens_at > MOST:
        problems.append(_("A consultation is open for a year at most."))
    if len(words) > INTRODUCTION_MOST:
        problems.append(too_long(INTRODUCTION_MOST, words))
    if problems:
        raise BadConsultation(problems)
    return words


def _wrong_with_question(
    consultation: Consultation, kind: str, text: str, options: Sequence[str], clause: str
) -> Iterator[str]:
    if kind not in QuestionKind.values:
        yield _("Choose how it is answered.")
    if not text:
        yield _("Write the question.")
    if len(text) > QUESTION_MOST:
        yield too_long(QUESTION_MOST, text)
    if kind == QuestionKind.CHOICE and len(set(options)) < 2:
        yield _("Give at least two answers to choose from, one a line.")
    if kind != QuestionKind.CHOICE and options:
        yield _("Only a question with a choice has answers to choose from.")
    if len(options) > OPTIONS_MOST or len(set(options)) < len(options):
        yield _("Give each answer once, and %(most)s at most.") % {"most": OPTIONS_MOST}
    for option in options:
        if len(option) > OPTION_MOST:
            yield too_long(OPTION_MOST, option)
    if clause and clause not in consultation.clauses:
        yield _("This part is not in the text.")

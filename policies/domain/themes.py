"""Answer a consultation: group its comments into themes, write how each was answered, publish the whole by another."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from audit import ledger
from audit.events import Event
from outbox import hints, letters
from policies.domain import comment_rows, consultations
from policies.domain.comment_words import clean, too_long
from policies.models import Comment, Consultation, Theme, ThemeComment
from policies.states import CONSULTATION_TRANSITIONS, ConsultationState, Phase, ThemeAnswer

TITLE_MOST, TEXT_MOST, SUMMARY_MOST = 120, 6_000, 10_000  # characters
THEMES_MOST = 60
BATCH = 500


class BadTheme(Exception):
    """`problems` says what is wrong, sentence by sentence."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__(" ".join(problems))


class NotReady(Exception):
    """What keeps the summary from being published, in words."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__(" ".join(problems))


@transaction.atomic
def write(
    consultation: Consultation,
    *,
    theme: Theme | None = None,
    title: str,
    outcome: str = "",
    text: str = "",
    clauses: Iterable[str] = (),
    by: User,
    at: datetime,
) -> Theme:
    """Write a theme, new or anew. Raises BadTheme, consultations.IllegalMove."""
    consultation = _unpublished(consultation)
    title, text, chosen = clean(title), clean(text), sorted(set(clauses))
    problems = list(_wrong(consultation, title, outcome, text, chosen))
    if theme is None and consultation.themes.count() >= THEMES_MOST:
        problems.append(_("At most %(most)s themes.") % {"most": THEMES_MOST})
    if problems:
        raise BadTheme(problems)
    last = consultation.themes.order_by("-position").first()
    row = _rewritten(consultation, theme) or Theme(
        consultation=consultation, position=last.position + 1 if last else 1
    )
    row.title, row.outcome, row.text, row.clauses = title, outcome, text, chosen
    row.written_at, row.written_by = at, by
    row.save()
    _tell(consultation, by, at, theme=row.pk)
    return row


@transaction.atomic
def drop(theme: Theme, *, by: User, at: datetime) -> None:
    """Take a theme out; its comments stay. Raises consultations.IllegalMove."""
    consultation = _unpublished(theme.consultation)
    number = theme.pk
    theme.delete()
    _tell(consultation, by, at, theme=number, dropped=True)


@transaction.atomic
def group(comment: Comment, themes: Iterable[Theme], *, by: User, at: datetime) -> None:
    """Put a comment into these themes, and out of all others. Raises consultations.IllegalMove."""
    consultation = _unpublished(comment.consultation)
    wanted = {theme.pk for theme in themes if theme.consultation_id == consultation.pk}
    has = set(comment.grouped.values_list("theme", flat=True))
    comment.grouped.filter(theme__in=has - wanted).delete()
    ThemeComment.objects.bulk_create(
        ThemeComment(theme_id=pk, comment=comment) for pk in sorted(wanted - has)
    )
    if wanted != has:
        _tell(consultation, by, at, comment=comment.number, themes=sorted(wanted))


@transaction.atomic
def write_summary(consultation: Consultation, *, summary: str, by: User, at: datetime) -> Consultation:
    """Write what stands above the themes. Raises BadTheme, consultations.IllegalMove."""
    consultation, words = _unpublished(consultation), clean(summary)
    if not words or len(words) > SUMMARY_MOST:
        raise BadTheme([too_long(SUMMARY_MOST, words) if words else _("Write the summary.")])
    consultation.summary, consultation.summary_edited_at, consultation.summary_edited_by = words, at, by
    consultation.save(update_fields=["summary", "summary_edited_at", "summary_edited_by"])
    _tell(consultation, by, at, summary=ledger.digest(words))
    return consultation


@transaction.atomic
def publish(consultation: Consultation, *, by: User, at: datetime) -> Consultation:
    """Publish what others wrote, for good. Raises NotReady, consultations.IllegalMove."""
    consultation = _unpublished(consultation)
    if problems := not_ready(consultation, by=by, at=at):
        raise NotReady(problems)
    consultation.state = ConsultationState.SUMMARISED
    consultation.summarised_at, consultation.summarised_by = at, by
    consultation.save(update_fields=["state", "summarised_at", "summarised_by"])
    ledger.record(
        Event.CONSULTATION_SUMMARISED,
        subject=consultation,
        actor=by,
        at=at,
        themes=consultation.themes.count(),
        summary=ledger.digest(consultation.summary),
    )
    transaction.on_commit(partial(hints.later, "policies.tasks.tell_commenters"), robust=True)
    return consultation


def not_ready(consultation: Consultation, *, by: User, at: datetime) -> list[str]:
    """Return what keeps this person from publishing the summary now, sentence by sentence."""
    problems = []
    if consultation.phase(at) != Phase.CLOSED:
        problems.append(_("The consultation has not closed yet."))
    if waits := consultation.comments.to_read().count():
        problems.append(
            ngettext("%(n)s comment still has to be read.", "%(n)s comments still have to be read.", waits)
            % {"n": waits}
        )
    if not consultation.summary:
        problems.append(_("There is no summary yet."))
    themes = list(consultation.themes.all())
    if any(not theme.outcome or not theme.text for theme in themes):
        problems.append(_("A theme is not answered yet."))
    if _ever_wrote(consultation, by):
        problems.append(_("You wrote part of it; somebody who wrote nothing of it publishes it."))
    return problems


def _ever_wrote(consultation: Consultation, user: User) -> bool:
    """Return whether this person wrote of it at any time, as the ledger says: a later hand takes no part away."""
    rows = ledger.of(consultation).filter(event=Event.CONSULTATION_THEMES_WRITTEN, actor=ledger.name_of(user))
    return rows.filter(details__has_any_keys=["theme", "summary"]).exists()  # who only grouped wrote nothing


def tell_owed(*, at: datetime) -> int:
    """Write to everybody who commented and gave an address, once the summary is public; return how many letters.

    A payer: may run twice and beside itself; a crash between two batches goes on with the next one.
    """
    told = 0
    while wrote := _tell_batch(at):
        told += wrote
    return told


@transaction.atomic
def _tell_batch(at: datetime) -> int:
    owed = Comment.objects.received().filter(
        consultation__state=ConsultationState.SUMMARISED, summary_told_at=None
    )
    turn = owed.select_for_update(of=("self",), skip_locked=True)
    rows = list(turn.select_related("consultation__guidelines").order_by("pk")[:BATCH])
    drafts = (
        comment_rows.letter("consultation_summary", row, once=f"comment:{row.pk}:summary") for row in rows
    )
    if written := [draft for draft in drafts if draft]:
        letters.write_many(written, at=at)
    Comment.objects.filter(pk__in=[row.pk for row in rows]).update(summary_told_at=at)
    return len(rows)


def _wrong(
    consultation: Consultation, title: str, outcome: str, text: str, clauses: list[str]
) -> Iterator[str]:
    if not title:
        yield _("Give the theme a name.")
    if len(title) > TITLE_MOST:
        yield too_long(TITLE_MOST, title)
    if len(text) > TEXT_MOST:
        yield too_long(TEXT_MOST, text)
    if outcome not in ("", *ThemeAnswer.values):
        yield _("Choose how it was answered.")
    if outcome and not text:
        yield _("Write the answer in words, too.")
    if any(code not in consultation.clauses for code in clauses):
        yield _("This part is not in the text.")


def _rewritten(consultation: Consultation, theme: Theme | None) -> Theme | None:
    """Return a theme as it is now that nobody else changes it. Raises BadTheme where it is gone."""
    if theme is None:
        return None
    row = consultation.themes.filter(pk=theme.pk).first()
    if row is None:
        raise BadTheme([_("This theme was taken out meanwhile.")])
    return row


def _unpublished(consultation: Consultation) -> Consultation:
    consultation = consultations.locked(consultation)
    if ConsultationState.SUMMARISED not in CONSULTATION_TRANSITIONS[consultation.state]:
        raise consultations.IllegalMove(consultation, ConsultationState.SUMMARISED)
    return consultation


def _tell(consultation: Consultation, by: User, at: datetime, **more: Any) -> None:
    ledger.record(Event.CONSULTATION_THEMES_WRITTEN, subject=consultation, actor=by, at=at, **more)

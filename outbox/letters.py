"""Write letters, and settle them: the only place that sends mail."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models, transaction
from django.template.loader import get_template, render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop

from audit import ledger
from audit.events import Event
from outbox import hints
from outbox.models import Letter

log = logging.getLogger(__name__)

BATCH = 200
STOP_AFTER = 5  # failures in a row
RETRY_AFTER = timedelta(minutes=2)  # doubled at each try: 2, 4, 8, … minutes, a day at most
GIVE_UP_AFTER = 12  # tries; about three days. A person sees it in the admin and may put it back.
BLANKED = gettext_noop("(The text of this letter held a one-time link and was removed after it was sent.)")


ENDINGS = (".subject.txt", ".txt", ".html")
FRAME = "letters_base.html"  # what every letter's html is set into


class NotGivenUp(Exception):
    def __init__(self, letter: Letter):
        super().__init__(
            gettext("%(letter)s was not given up; only a letter that was can be put back.")
            % {"letter": letter}
        )


@dataclass(frozen=True)
class Draft:
    """A letter to be written, as its recipient reads. `once` makes writing it a second time do nothing."""

    kind: str
    to: str
    context: dict[str, Any] = field(default_factory=dict)
    about: models.Model | None = None
    once: str | None = None
    passing: bool = False
    language: str = ""  # empty, as the zone: what is active where it is written
    zone: str = ""
    unsubscribe_url: str = ""  # full address that ends such letters with one POST


@contextmanager
def read_in(language: str, zone: str) -> Iterator[None]:
    """Render what is inside as its reader reads, whoever's request or task this is: their language, their zone."""
    with (
        translation.override(language) if language else nullcontext(),
        timezone.override(ZoneInfo(zone)) if zone else nullcontext(),
    ):
        yield


def write(
    kind: str,
    *,
    to: str,
    at: datetime,
    about: models.Model | None = None,
    once: str | None = None,
    **context: Any,
) -> None:
    """Write one letter, due at `at`, from templates/<app>/letters/<letter>.{subject.txt,txt,html}."""
    write_many([Draft(kind, to, context, about, once)], at=at)


def write_one(kind: str, *, to: str, at: datetime, about: models.Model, once: str, **context: Any) -> Letter:
    """Write one letter as `write` does, and return it: the one there is where it was written before."""
    write(kind, to=to, at=at, about=about, once=once, **context)
    return Letter.objects.get(once=once)


def version_of(kind: str) -> str:
    """Return the version of a letter's wording: a digest of its templates as they are now."""
    app, _, name = kind.partition("/")
    digest = hashlib.sha256()
    for template in (*(f"{app}/letters/{name}{ending}" for ending in ENDINGS), FRAME):
        digest.update(_source(template))
    return digest.hexdigest()[:12]


def _source(template: str) -> bytes:
    found: Any = get_template(template)  # each of Django's own engine has an origin
    return Path(found.origin.name).read_bytes()


def forward(
    kind: str,
    *,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    about: models.Model | None = None,
    at: datetime,
) -> None:
    """Take over a mail somebody else rendered (allauth); it holds a one-time link or code, so its text passes."""
    Letter.objects.create(
        kind=kind,
        recipient=to,
        subject=" ".join(subject.split())[:200],
        text=text,
        html=html,
        about_type=ledger.kind_of(about) if about else "",
        about_id=str(about.pk) if about else "",
        passing=True,
        due_at=at,
    )
    transaction.on_commit(partial(hints.later, "outbox.tasks.send_owed"), robust=True)


def write_many(drafts: Iterable[Draft], *, at: datetime) -> None:
    """Write letters in one statement per batch and hint their payer; duplicates by `once` are left out."""
    Letter.objects.bulk_create((_rendered(d, at) for d in drafts), batch_size=1000, ignore_conflicts=True)
    transaction.on_commit(partial(hints.later, "outbox.tasks.send_owed"), robust=True)


def recall(*, about: models.Model, kind: str, at: datetime) -> int:
    """Recall unsent letters of this kind about this thing; return how many."""
    return recall_each(type(about), [about.pk], kind=kind, at=at)


def recall_each(about: type[models.Model], pks: Iterable[int], *, kind: str, at: datetime) -> int:
    """Recall unsent letters of this kind about these rows, known by primary key; return how many."""
    return Letter.objects.filter(
        about_type=ledger.kind_of(about), about_id__in=[str(pk) for pk in pks], kind=kind, sent_at=None,
        recalled_at=None,
    ).update(recalled_at=at)  # fmt: skip


@transaction.atomic
def put_back(letter: Letter, *, by: models.Model, at: datetime) -> Letter:
    """Owe a given-up letter again, with all its tries before it. Raises NotGivenUp."""
    letter = Letter.objects.select_for_update().get(pk=letter.pk)
    if letter.given_up_at is None or letter.recalled_at is not None:
        raise NotGivenUp(letter)
    letter.given_up_at, letter.due_at, letter.tries = None, at, 0
    letter.save(update_fields=["given_up_at", "due_at", "tries"])
    ledger.record(Event.LETTER_PUT_BACK, subject=letter, actor=by, at=at, kind=letter.kind)
    transaction.on_commit(partial(hints.later, "outbox.tasks.send_owed"), robust=True)
    return letter


def send_owed(*, at: datetime, most: int = BATCH) -> int:
    """Send letters that are due; return how many went out. May run twice, and beside itself.

    A crash between sending and recording repeats one letter; none is ever lost, and none is sent again after it was
    recorded as sent. A failing letter waits for its next try and does not hold up the others; after STOP_AFTER
    failures in a row the mail server is taken to be away, and the rest stay due without using up their tries.
    """
    sent = failed = 0
    for _ in range(most):
        with transaction.atomic():
            letter = (
                Letter.objects.owed(at).select_for_update(skip_locked=True).order_by("due_at", "id").first()
            )
            if letter is None:
                break
            gone = _send(letter, at)
        sent, failed = (sent + 1, 0) if gone else (sent, failed + 1)
        if failed >= STOP_AFTER:
            break
    return sent


def _send(letter: Letter, at: datetime) -> bool:
    letter.tries += 1
    letter.tried_at = at
    try:
        _mail(letter).send()  # a crash right after this line repeats the letter; it never loses one
    except (
        Exception
    ) as error:  # whatever a mail backend raises: one bad letter must not hold up all that follow
        log.warning("Letter %s was not sent: %s", letter.pk, type(error).__name__)
        letter.problem = f"{type(error).__name__}: {error}".replace("\0", "")[:200]
        letter.due_at = at + min(RETRY_AFTER * 2 ** (letter.tries - 1), timedelta(days=1))
        letter.given_up_at = at if letter.tries >= GIVE_UP_AFTER else None
    else:
        letter.sent_at, letter.problem = at, ""
        if letter.passing:
            letter.text, letter.html = BLANKED, ""
    letter.save(
        update_fields=["tries", "tried_at", "problem", "due_at", "given_up_at", "sent_at", "text", "html"]
    )
    return letter.sent_at is not None


def _mail(letter: Letter) -> EmailMultiAlternatives:
    """Return the letter as mail; its Message-ID never changes, so a repeated one can be told."""
    headers = {"Message-ID": f"<letter-{letter.pk}@gatehouse>", "Auto-Submitted": "auto-generated"}
    if letter.unsubscribe_url:  # RFC 8058
        headers["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        settings.DEFAULT_FROM_EMAIL,
        [letter.recipient],
        reply_to=[settings.CONTACT_EMAIL],
        headers=headers,
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    return mail


def _rendered(draft: Draft, at: datetime) -> Letter:
    with read_in(draft.language, draft.zone):
        return _row(draft, at)


def _row(draft: Draft, at: datetime) -> Letter:
    app, _, name = draft.kind.partition("/")
    base, context = f"{app}/letters/{name}", draft.context | {"base_url": settings.BASE_URL}
    return Letter(
        kind=draft.kind,
        recipient=draft.to,
        subject=" ".join(render_to_string(f"{base}.subject.txt", context).split())[:200],
        text=render_to_string(f"{base}.txt", context).strip() + "\n",
        html=render_to_string(f"{base}.html", context),
        about_type=ledger.kind_of(draft.about) if draft.about else "",
        about_id=str(draft.about.pk) if draft.about else "",
        once=draft.once,
        passing=draft.passing,
        unsubscribe_url=draft.unsubscribe_url,
        due_at=at,
    )

"""The letters that were written to somebody, for the copy of everything of theirs."""

from collections.abc import Collection, Iterator
from typing import Any

from outbox.models import Letter

CHUNK = 200


def to(addresses: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the letters to these addresses, oldest first: no recalled one, and none that held a one-time link."""
    letters = Letter.objects.filter(recipient__in=addresses, passing=False, recalled_at=None).order_by("id")
    for letter in letters.iterator(chunk_size=CHUNK):
        yield {
            "kind": letter.kind,
            "to": letter.recipient,
            "written_at": letter.written_at,
            "sent_at": letter.sent_at,
            "subject": letter.subject,
            "text": letter.text,
        }

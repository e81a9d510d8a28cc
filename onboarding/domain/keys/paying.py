"""Keys that are owed, issued: exactly once each, in chunks of a fixed number of statements, by any number of payers."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from accounts.languages import spoken
from audit import ledger
from audit.events import Event
from onboarding.domain import notices
from onboarding.models import Key
from onboarding.models.access import new_key_id
from outbox import alike

CHUNK = 1000
NOWHERE = str(UUID(int=0))  # where the id of a grant stands in an address

# One given since this payer read the clock is the next payer's.
OWED = """
    SELECT g.id, g.public_id::text, g.key_name, p.id, p.name, p.time_zone, a.number, a.title, a.applicant_id,
        o.organisation_id
    FROM onboarding_grant g
        JOIN onboarding_program p ON p.id = g.program_id
        JOIN onboarding_application a ON a.id = g.application_id
        JOIN accounts_owner o ON o.id = a.owner_id
    WHERE g.state = 'active' AND g.key_owed AND g.given_at <= %s
    ORDER BY g.id LIMIT %s FOR NO KEY UPDATE OF g SKIP LOCKED"""
# Both halves see the grants as they were: what is settled still says its name to what is issued.
ISSUE = """
    WITH settled AS (
        UPDATE onboarding_grant SET key_owed = false, key_environment = '', key_name = '' WHERE id = ANY(%(grants)s)
    )
    INSERT INTO onboarding_key (key_id, grant_id, request, name, environment, state, issued_at, open_by, expires_at,
        access_version, access_changed_at, projection_owed)
    SELECT drawn.key_id, g.id, g.key_request, g.key_name, g.key_environment, 'issued', %(at)s,
        %(at)s + make_interval(days => p.unopened_key_days), g.expires_at, 1, %(at)s, false
    FROM unnest(%(grants)s::bigint[], %(key_ids)s::text[]) AS drawn(grant_id, key_id)
        JOIN onboarding_grant g ON g.id = drawn.grant_id
        JOIN onboarding_program p ON p.id = g.program_id
    ORDER BY g.id RETURNING id, grant_id, open_by"""


class Owed(NamedTuple):
    """A grant that is owed a key, with what its letter says."""

    grant: int
    public_id: str
    key_name: str
    program: int
    program_name: str
    time_zone: str
    number: str
    title: str
    applicant: int
    organisation: int | None


class Made(NamedTuple):
    """A key that was issued just now."""

    key: int
    grant: int
    open_by: datetime


def issue_owed(*, at: datetime) -> int:
    """Issue a key for each grant that is owed one; return how many. Safe to run twice and beside itself.

    Keys, letters, ledger rows and the debts commit together, chunk by chunk: a crash leaves whole chunks owed.
    """
    issued = 0
    while taken := _issue_chunk(at):
        issued += taken
    return issued


@transaction.atomic
def _issue_chunk(at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(OWED, [at, CHUNK])
        owed = {row[0]: Owed(*row) for row in cursor.fetchall()}
        if not owed:
            return 0
        drawn: dict[str, Any] = {"at": at, "grants": list(owed), "key_ids": [new_key_id() for _ in owed]}
        cursor.execute(ISSUE, drawn)
        made = [Made(*row) for row in cursor.fetchall()]
    ledger.record_each(
        Event.KEY_ISSUED,
        subject=Key,
        each={key.key: {"grant": key.grant} for key in made},
        actor="worker",
        at=at,
    )
    alike.write(_letters(owed, made), at=at)
    return len(made)


def _letters(owed: dict[int, Owed], made: Sequence[Made]) -> list[alike.Sheet]:
    """Return the letters that say so, one sheet for each program and language."""
    readers = notices.readers_of((grant.applicant, grant.organisation) for grant in owed.values())
    before, after = notices.page("grant", NOWHERE).split(NOWHERE)
    copies: dict[tuple[int, str], list[alike.Copy]] = defaultdict(list)
    context: dict[int, dict[str, Any]] = {}
    for key in made:
        grant = owed[key.grant]
        reader = readers[grant.applicant, grant.organisation]
        words = {
            "name": str(reader),
            "title": grant.title or notices.UNTITLED,
            "number": grant.number,
            "url": f"{before}{grant.public_id}{after}",
            "key_name": grant.key_name,
        }
        copies[grant.program, spoken(reader.language)].append(
            alike.Copy(reader.email, key.key, f"key_ready:{key.key}", words)
        )
        context[grant.program] = {
            "program": grant.program_name,
            "expires_at": key.open_by.astimezone(ZoneInfo(grant.time_zone)),
        }
    return [
        alike.Sheet("onboarding/key_ready", Key, context[program], language, rows)
        for (program, language), rows in copies.items()
    ]

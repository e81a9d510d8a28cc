"""A list of people to ask, as somebody uploads it: read it, and say of each row what would become of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from onboarding.domain.mappings import plain
from onboarding.domain.records import Broken, Record, Records, UnreadableFile
from onboarding.models import Program
from onboarding.models.pick import NAME_MOST, NOTE_MOST
from onboarding.permissions import people_beside
from onboarding.states import LIVE_ENTRY_STATES, LIVE_PICK_STATES, UNDER_REVIEW_STATES, RowVerdict

MOST_ROWS = 10_000
MOST_BYTES = 1024 * 1024  # the confirming page carries the rows
EMAIL_MOST = 254  # characters, RFC 5321
COLUMNS = {
    "email": ("email", "e-mail", "mail", "email address", "e-mail address"),
    "name": ("name", "full name", "full_name"),
    "note": ("note", "notes", "comment"),
}
# Only proved addresses count: one that was merely typed in may be somebody else's. What a person holds is their own
# and their organisations'. The gravest reason last: it is the one that is said.
KNOWN = """
    WITH person AS (
        SELECT email, user_id FROM account_emailaddress WHERE verified AND email = ANY(%(emails)s)
    ), owned AS (
        SELECT person.email, owner.id FROM person JOIN accounts_owner owner ON owner.person_id = person.user_id
        UNION ALL SELECT person.email, owner.id FROM person
            JOIN accounts_membership member ON member.user_id = person.user_id
            JOIN accounts_owner owner ON owner.organisation_id = member.organisation_id
    )
    SELECT email, 'asked', 1 AS grave FROM onboarding_pick
        WHERE program_id = %(program)s AND email = ANY(%(emails)s) AND state = ANY(%(live_picks)s)
    UNION ALL SELECT owned.email, 'applied', 2 FROM owned JOIN onboarding_application sent ON sent.owner_id = owned.id
        LEFT JOIN onboarding_waitlistentry entry ON entry.application_id = sent.id
        WHERE sent.program_id = %(program)s AND sent.kind = 'access'
            AND (sent.state = ANY(%(under_review)s) OR entry.state = ANY(%(live_entries)s))
    UNION ALL SELECT owned.email, 'access', 3 FROM owned JOIN onboarding_grant held ON held.owner_id = owned.id
        WHERE held.program_id = %(program)s AND held.state = 'active'
    UNION ALL SELECT owned.email, 'suspended', 4 FROM owned JOIN onboarding_grant held ON held.owner_id = owned.id
        WHERE held.state = 'suspended'
    UNION ALL SELECT email, 'own', 5 FROM person WHERE user_id = ANY(%(people)s)
    ORDER BY grave"""


class Row(NamedTuple):
    """Somebody to ask; `line` is where the row begins in the file, counted from 1."""

    line: int
    email: str
    name: str
    note: str


@dataclass(frozen=True)
class LeftOut:
    """A row that nobody is asked for, and why; `says` is a sentence where the verdict alone says too little."""

    line: int
    why: RowVerdict
    email: str = ""
    says: str = ""


@dataclass(frozen=True)
class Looked:
    """What a list comes to now: whom it would ask, and which rows are left out."""

    new: list[Row]
    left_out: list[LeftOut]


def look(program: Program, stream: BinaryIO, *, name: str, by: User) -> Looked:
    """Read a list and say what would become of each row; nothing is kept. Raises UnreadableFile."""
    rows, left_out = _read(stream, name)
    known = verdicts(program, [row.email for row in rows], by=by)
    left_out += [LeftOut(row.line, known[row.email], row.email) for row in rows if row.email in known]
    return Looked(
        [row for row in rows if row.email not in known], sorted(left_out, key=lambda each: each.line)
    )


def verdicts(program: Program, emails: Sequence[str], *, by: User) -> dict[str, RowVerdict]:
    """Return why these addresses are not to be asked, by address; who may be asked is not in it. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            KNOWN,
            {
                "emails": list(emails),
                "program": program.pk,
                "people": people_beside(by),
                "live_picks": list(LIVE_PICK_STATES),
                "under_review": list(UNDER_REVIEW_STATES),
                "live_entries": list(LIVE_ENTRY_STATES),
            },
        )
        return {email: RowVerdict(why) for email, why, _grave in cursor.fetchall()}


def _read(stream: BinaryIO, name: str) -> tuple[list[Row], list[LeftOut]]:
    records = Records(stream, name=name)
    if records.columns is None:
        raise UnreadableFile(_("The file is JSONL. Save it as CSV, in UTF-8."))
    fields = _columns(records.columns)
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    seen: set[str] = set()
    for number, found in enumerate(records, 1):
        if number > MOST_ROWS:
            raise UnreadableFile(
                _("The list has more than %(most)s rows. Split it.") % {"most": grouped(MOST_ROWS)}
            )
        row = _row(found, fields)
        if isinstance(row, LeftOut):
            left_out.append(row)
        elif row.email in seen:
            left_out.append(LeftOut(row.line, RowVerdict.TWICE, row.email))
        else:
            seen.add(row.email)
            rows.append(row)
    return rows, left_out


def _columns(columns: Iterable[str]) -> dict[str, str]:
    """Return the file's column for each of ours that it has."""
    by_name = {plain(column): column for column in columns}
    found = {
        ours: by_name[known]
        for ours, names in COLUMNS.items()
        for known in reversed(names)
        if known in by_name
    }
    if "email" not in found:
        raise UnreadableFile(
            _("The first line must name the columns, one of them “email”; name and note may follow.")
        )
    return found


def _row(found: Record | Broken, fields: dict[str, str]) -> Row | LeftOut:
    if isinstance(found, Broken):
        return LeftOut(found.line, RowVerdict.MALFORMED, says=found.problem)
    said = {ours: " ".join(str(found.fields[column]).split()) for ours, column in fields.items()}
    row = Row(found.line, said["email"].lower(), said.get("name", ""), said.get("note", ""))
    if problem := _problem(row):
        return LeftOut(row.line, RowVerdict.MALFORMED, row.email[:EMAIL_MOST], problem)
    return row


def _problem(row: Row) -> str:
    if not row.email:
        return _("The row has no e-mail address.")
    try:
        validate_email(row.email)
    except ValidationError:
        return _("This is no e-mail address.")
    if len(row.email) > EMAIL_MOST:
        return _("The address is longer than %(most)s characters.") % {"most": EMAIL_MOST}
    if len(row.name) > NAME_MOST:
        return _("The name is longer than %(most)s characters.") % {"most": NAME_MOST}
    if len(row.note) > NOTE_MOST:
        return _("The note is longer than %(most)s characters.") % {"most": NOTE_MOST}
    return ""

"""Rules of one program beside the guidelines: published with a date, acknowledged by holders, ended."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.models import Acceptance, ProgramRule

LAST_YEAR = 2100  # beyond it a slip of the keyboard, and the calendar ends in every zone but one
LOCK = 0x6761_7465_0004  # advisory lock: one new rule at a time
TITLE_MOST, TEXT_MOST = 120, 20_000


class BadRule(Exception):
    """A rule that was not published; says what to do."""


class Ended(Exception):
    def __init__(self, rule: ProgramRule):
        super().__init__(_("%(rule)s has ended already.") % {"rule": str(rule)})


def document(rule: ProgramRule) -> str:
    """Return the name under which acceptances of this rule are kept."""
    return f"rule:{rule.program}:{rule.number}"


def of(program_slug: str) -> list[ProgramRule]:
    """Return the rules of a program that are in force or coming, oldest first."""
    return list(ProgramRule.objects.standing().filter(program=program_slug).order_by("from_at", "number"))


@transaction.atomic
def publish(
    program_slug: str,
    *,
    title: str,
    text: str,
    from_at: datetime,
    acknowledge_by: datetime,
    by: User,
    at: datetime,
) -> ProgramRule:
    """Publish a rule; its holders are written to by a payer. Raises BadRule."""
    title, text = title.strip(), text.replace("\r\n", "\n").strip()
    check(title, text, from_at, acknowledge_by, at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    last = ProgramRule.objects.filter(program=program_slug).aggregate(last=Max("number"))["last"] or 0
    rule = ProgramRule.objects.create(
        program=program_slug,
        number=last + 1,
        title=title,
        text=text,
        text_hash=hashlib.sha256(f"{title}\n{text}".encode()).hexdigest(),
        from_at=from_at,
        acknowledge_by=acknowledge_by,
        published_at=at,
        published_by=by,
    )
    ledger.record(
        Event.PROGRAM_RULE_PUBLISHED, subject=rule, actor=by, at=at, program=program_slug, number=rule.number,
        text_hash=rule.text_hash,
    )  # fmt: skip
    return rule


@transaction.atomic
def end(rule: ProgramRule, *, by: User, at: datetime) -> ProgramRule:
    """End a rule from now on; its words stay to be read. Raises Ended."""
    rule = ProgramRule.objects.select_for_update().get(pk=rule.pk)
    if rule.ended_at:
        raise Ended(rule)
    rule.ended_at, rule.ended_by = at, by
    rule.save(update_fields=["ended_at", "ended_by"])
    ledger.record(
        Event.PROGRAM_RULE_ENDED, subject=rule, actor=by, at=at, program=rule.program, number=rule.number
    )
    return rule


def accepted(people: Mapping[int, Collection[int]], rules: Iterable[ProgramRule]) -> dict[int, set[int]]:
    """Return, for each group of people (by id), the rules by id that one of them acknowledged; one query for all."""
    by_document = {document(rule): rule for rule in rules}
    everybody = {person for group in people.values() for person in group}
    kept = Acceptance.objects.filter(user__in=everybody, document__in=list(by_document))
    by_person: dict[int, set[int]] = {}
    for person, name, text_hash in kept.values_list("user", "document", "text_hash"):
        if by_document[name].text_hash == text_hash:
            by_person.setdefault(person, set()).add(by_document[name].pk)
    return {
        owner: set().union(*(by_person.get(person, set()) for person in group))
        for owner, group in people.items()
    }


def check(title: str, text: str, from_at: datetime, acknowledge_by: datetime, at: datetime) -> None:
    """Raise BadRule where this cannot be published."""
    if not title or not text:
        raise BadRule(_("Write a title and the text of the rule."))
    if len(title) > TITLE_MOST or len(text) > TEXT_MOST:
        raise BadRule(
            _("At most %(title)s characters of title and %(text)s of text.")
            % {"title": TITLE_MOST, "text": grouped(TEXT_MOST)}
        )
    if "\0" in title + text:
        raise BadRule(_("A character of the text cannot be kept: NUL. Take it out."))
    if acknowledge_by.year > LAST_YEAR or from_at.year > LAST_YEAR:
        raise BadRule(_("Give dates before the year %(year)s.") % {"year": LAST_YEAR + 1})
    if from_at < at:
        raise BadRule(_("A rule comes into force now or later, never before it was published."))
    if acknowledge_by < from_at:
        raise BadRule(_("Holders acknowledge a rule no sooner than it is in force."))

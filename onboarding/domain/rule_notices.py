"""Letters to holders about a program's own rules, and who has acknowledged them: one person of an owner is enough.

Nobody's access is limited for it: what a rule forbids is acted on where it is broken. Staff see who has not
acknowledged, and so do the holders, on the page of their access, until one of them does.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from onboarding.domain import notices
from onboarding.models import Grant
from onboarding.states import LIVE_GRANT_STATES
from outbox import letters
from policies.domain import program_rules
from policies.models import ProgramRule

log = logging.getLogger(__name__)

REMIND_BEFORE = timedelta(days=3)
CHUNK = 500
# Living grants of a rule's program, and whether somebody of their owner acknowledged it.
STANDING = """SELECT count(*), count(*) FILTER (WHERE EXISTS (
        SELECT FROM policies_acceptance kept WHERE kept.document = %(document)s AND kept.text_hash = %(text_hash)s
        AND (kept.user_id = owner.person_id OR kept.user_id IN (
            SELECT member.user_id FROM accounts_membership member
            WHERE member.organisation_id = owner.organisation_id))))
    FROM onboarding_grant held JOIN accounts_owner owner ON owner.id = held.owner_id
    JOIN onboarding_program program ON program.id = held.program_id AND program.slug = %(program)s
    WHERE held.state IN ('active', 'suspended')"""


def standing(rule: ProgramRule) -> tuple[int, int]:
    """Return how many living grants a rule is for, and for how many somebody acknowledged it."""
    with connection.cursor() as cursor:
        cursor.execute(
            STANDING,
            {
                "document": program_rules.document(rule),
                "text_hash": rule.text_hash,
                "program": rule.program,
            },
        )
        held, acknowledged = cursor.fetchone()
    return held, acknowledged


def waiting(grants: Iterable[Grant]) -> dict[int, list[ProgramRule]]:
    """Return, by grant, the rules of its program that nobody of its owner has acknowledged; a few queries for all."""
    grants = list(grants)
    if not grants:
        return {}
    rules = list(
        ProgramRule.objects.standing()
        .filter(program__in={grant.program.slug for grant in grants})
        .order_by("from_at", "number")
    )
    if not rules:
        return {}
    people = notices.people_of(grant.owner for grant in grants)
    by_owner = program_rules.accepted(
        {owner: [person.pk for person in persons] for owner, persons in people.items()}, rules
    )
    return {
        grant.pk: [
            rule
            for rule in rules
            if rule.program == grant.program.slug and rule.pk not in by_owner[grant.owner_id]
        ]
        for grant in grants
    }


def tell_owed(*, at: datetime) -> int:
    """Write to the holders of each rule that was published, and remind them once; return how many letters.

    A payer: may run twice and beside itself; a letter is written once for each rule, grant and person. What one rule
    holds does not stop the others.
    """
    standing = ProgramRule.objects.standing()
    new = standing.filter(holders_told_at=None)
    due = standing.filter(
        holders_told_at__lte=at - REMIND_BEFORE,
        holders_reminded_at=None,
        acknowledge_by__lte=at + REMIND_BEFORE,
    )
    owed = [(pk, "holders_told_at", False) for pk in new.values_list("pk", flat=True)]
    owed += [(pk, "holders_reminded_at", True) for pk in due.values_list("pk", flat=True)]
    told = 0
    for pk, settles, again in owed:
        try:
            told += _tell(pk, settles, at, again=again)
        except Exception:
            log.exception("The letters about rule %s could not be written", pk)
    return told


@transaction.atomic
def _tell(pk: int, settles: str, at: datetime, *, again: bool) -> int:
    rule = ProgramRule.objects.select_for_update(skip_locked=True).filter(pk=pk, **{settles: None}).first()
    if rule is None or rule.ended_at:  # somebody else is at it, or it is over
        return 0
    written, last = 0, 0
    while batch := list(_holders(rule).filter(pk__gt=last).order_by("pk")[:CHUNK]):
        left = waiting(batch)
        people = notices.people_of(grant.owner for grant in batch)
        drafts = [
            _letter(rule, grant, person, again)
            for grant in batch
            if rule in left.get(grant.pk, [])
            for person in people[grant.owner_id]
        ]
        letters.write_many(drafts, at=at)
        written, last = written + len(drafts), batch[-1].pk
    setattr(rule, settles, at)
    rule.save(update_fields=[settles])
    return written


def _holders(rule: ProgramRule) -> QuerySet[Grant]:
    found = Grant.objects.filter(program__slug=rule.program, state__in=LIVE_GRANT_STATES)
    return found.select_related(
        "program", "owner", "application__applicant", "application__program", "application__owner"
    ).defer("application__answers", "application__facts")


def _letter(rule: ProgramRule, grant: Grant, person: User, again: bool) -> letters.Draft:
    return notices.draft(
        "program_rule",
        grant.application,
        about=grant,
        to=person,
        once=f"rule:{rule.pk}:{grant.pk}:{person.pk}:{int(again)}",
        url=notices.page("access"),
        rule_url=f"{notices.page('program', rule.program)}#rule-{rule.number}",
        rule_title=rule.title,
        from_at=rule.from_at,
        by=rule.acknowledge_by,
        again=again,
    )

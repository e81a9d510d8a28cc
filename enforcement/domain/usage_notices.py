"""Tell owner and provider that 50, 80, 90, 100, 120 per cent of a day's limit are used: payers, safe to run twice.

Requests: those let in; once the limit is reached, what was asked for beyond it counts too, so 120 per cent means that a
fifth more was wanted. Tokens: as reported. One letter at most of a run and limit: the highest new level. The row of a
level and its letter are each written once; a crash between them leaves the letter owed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.languages import spoken
from accounts.models import User
from accounts.roles import Duty, may
from audit import ledger
from audit.events import Event
from enforcement.domain.days import EPOCH_DAY
from enforcement.domain.hours import hour_of
from enforcement.models import UsageNotice, UsageNoticeChoice
from enforcement.models.usage import HOURS_A_DAY
from enforcement.models.usage_notice import ALWAYS, LEVELS
from onboarding.domain import keys, notices
from onboarding.models import Grant
from onboarding.permissions import may_handle_keys
from outbox import letters

CHUNK = 200
LINES = 20  # of a letter to the provider

# The tier as `onboarding.projection` chooses it; the least of its limit, the grant's and the rows of limits.
LEVELS_REACHED = """
    WITH of_key AS (
        SELECT u.key_id, sum(u.ok) AS allowed, sum(u.rate_limited) AS limited, sum(u.tokens_in + u.tokens_out) AS tokens
        FROM enforcement_usagehour u WHERE u.hour >= %(first)s AND u.hour < %(first)s + 24 GROUP BY u.key_id),
    spent AS (
        SELECT g.id AS grant_id, t.environment, sum(allowed) AS allowed, sum(limited) AS limited,
            sum(tokens) AS tokens, min(least(t.requests_per_day, g.most_per_day)) AS requests_most
        FROM of_key JOIN onboarding_key k ON k.id = of_key.key_id JOIN onboarding_grant g ON g.id = k.grant_id
        JOIN LATERAL (SELECT * FROM onboarding_tier tier WHERE tier.program_id = g.program_id AND tier.environment
            IN (k.environment, CASE WHEN g.limited_since IS NOT NULL THEN 'test' END)
            ORDER BY tier.requests_per_day, tier.environment DESC LIMIT 1) t ON TRUE
        GROUP BY g.id, t.environment),
    bound AS (
        SELECT spent.*, least(requests_most, (SELECT min(l.most) FROM onboarding_limit l WHERE l.kind = 'requests'
                AND {fits})) AS requests, (SELECT min(l.most) FROM onboarding_limit l WHERE l.kind = 'tokens'
                AND {fits}) AS tokens_most
        FROM spent JOIN onboarding_grant g ON g.id = spent.grant_id),
    used AS (
        SELECT grant_id, environment, 'requests' AS kind, requests AS most,
            CASE WHEN allowed >= requests THEN allowed + limited ELSE allowed END AS spent FROM bound
        UNION ALL SELECT grant_id, environment, 'tokens', tokens_most, tokens FROM bound WHERE tokens_most IS NOT NULL),
    reached AS (
        SELECT used.*, step.level,
            step.level = {always} OR choice.levels IS NULL OR step.level = ANY(choice.levels) AS is_wanted
        FROM used CROSS JOIN unnest(ARRAY[{levels}]::smallint[]) AS step(level)
        LEFT JOIN enforcement_usagenoticechoice choice ON choice.grant_id = used.grant_id
        WHERE spent * 100 >= step.level * most AND NOT EXISTS (SELECT FROM enforcement_usagenotice known
            WHERE known.grant_id = used.grant_id AND known.environment = used.environment AND known."on" = %(on)s
            AND known.kind = used.kind AND known.level = step.level))
    INSERT INTO enforcement_usagenotice
        (grant_id, environment, "on", kind, level, spent, most, noticed_at, letter_owed, provider_owed)
    SELECT grant_id, environment, %(on)s, kind, level, spent, most, %(at)s,
        is_wanted AND level = max(level) FILTER (WHERE is_wanted) OVER (PARTITION BY grant_id, environment, kind),
        level = max(level) OVER (PARTITION BY grant_id, environment, kind)
    FROM reached ON CONFLICT DO NOTHING""".format(
    fits="""l.program_id = g.program_id AND l.ended_at IS NULL AND NOT l.is_shadow
                AND l.level = 'owner' AND l.per = 'day'
                AND l.environment IN ('', spent.environment) AND coalesce(l.grant_id, g.id) = g.id""",
    always=ALWAYS,
    levels=", ".join(str(level) for level in LEVELS),
)


class BadLevels(Exception):
    """A level nobody is told about."""

    def __init__(self) -> None:
        super().__init__(_("Choose among 50, 80, 90, 100 and 120 per cent."))


@transaction.atomic
def choose(grant: Grant, *, levels: Iterable[int], by: User, at: datetime) -> UsageNoticeChoice:
    """Keep the levels the holder wants letters about, the limit itself always. Raises keys.NotYours, BadLevels."""
    if not may_handle_keys(by, grant):
        raise keys.NotYours
    wanted = sorted({ALWAYS, *levels})
    if not set(wanted) <= set(LEVELS):
        raise BadLevels
    choice, __ = UsageNoticeChoice.objects.update_or_create(grant=grant, defaults={"levels": wanted})
    ledger.record(Event.USAGE_NOTICES_CHOSEN, subject=grant, actor=by, at=at, levels=wanted)
    return choice


def notice_owed(*, at: datetime) -> int:
    """Note the levels that were reached today and write the owners' letters; return how many letters."""
    first = hour_of(at) // HOURS_A_DAY * HOURS_A_DAY
    day = EPOCH_DAY.fromordinal(EPOCH_DAY.toordinal() + first // HOURS_A_DAY)
    with connection.cursor() as cursor:
        cursor.execute(LEVELS_REACHED, {"first": first, "on": day, "at": at})
    written = 0
    while paid := _write(at):
        written += paid
    return written


@transaction.atomic
def tell_provider_owed(*, at: datetime) -> int:
    """Write one letter about all new levels to each who runs the gateway; return how many levels. Hourly: no flood."""
    owed = (
        UsageNotice.objects.select_for_update(of=("self",))
        .filter(provider_owed=True)
        .order_by("-level", "pk")
    )
    rows = list(owed.select_related("grant__program", "grant__owner__person", "grant__owner__organisation"))
    if not rows:
        return 0
    lines = [
        (str(row.grant.owner), row.grant.program.name, row.level, row.kind, row.spent, row.most)
        for row in rows
    ]
    for reader in _providers():
        with letters.read_in(spoken(reader.language), reader.time_zone):
            letters.write(
                "enforcement/usage_of_all", to=reader.email, at=at, about=rows[0], name=str(reader),
                once=f"usage:{rows[0].pk}:{reader.pk}", count=len(rows), lines=lines[:LINES],
                more=max(len(rows) - LINES, 0), url=settings.BASE_URL + reverse("admin:onboarding_grant_changelist"),
            )  # fmt: skip
    UsageNotice.objects.filter(pk__in=[row.pk for row in rows]).update(provider_owed=False)
    return len(rows)


@transaction.atomic
def _write(at: datetime) -> int:
    owed = UsageNotice.objects.select_for_update(of=("self",), skip_locked=True).filter(letter_owed=True)
    of_grant = ("grant__application__program", "grant__application__applicant", "grant__application__owner")
    rows = list(owed.select_related(*of_grant).order_by("pk")[:CHUNK])
    drafts = []
    for row in rows:
        application = row.grant.application
        if reader := notices.reader_of(application):
            draft = notices.draft(
                "usage", application, to=reader, about=row, once=f"usage:{row.pk}", level=row.level, unit=row.kind,
                spent=row.spent, most=row.most, environment=row.environment, is_over=row.level >= ALWAYS,
                url=notices.page("grant", str(row.grant.public_id)),
            )  # fmt: skip
            drafts.append(replace(draft, kind="enforcement/usage"))
    letters.write_many(drafts, at=at)
    UsageNotice.objects.filter(pk__in=[row.pk for row in rows]).update(letter_owed=False)
    return len(rows)


def _providers() -> list[User]:
    """Return who runs the gateway: active staff with the duty."""
    staff = User.objects.filter(is_active=True, is_staff=True).order_by("pk")
    return [user for user in staff if not user.is_superuser and may(user, Duty.RUN_GATEWAY)]

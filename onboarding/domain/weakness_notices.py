"""Letters to holders whose use it touches, when known weaknesses or safety practices are published or changed.

One letter for all that is owed to a holder at that moment, however many records an import brought.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from onboarding.domain import notices
from onboarding.models import Grant
from onboarding.states import LIVE_GRANT_STATES
from outbox import letters
from policies.domain import practices, weakness_records
from policies.models import Category, Practice, WeaknessRecord
from policies.states import VersionState

LOCK = 0x6761_7465_0051  # advisory lock: two tellers would share what is one letter
CHUNK = 500
NAMED = 10  # weaknesses in a letter, the gravest first; the program's page has all


@dataclass
class News:
    """What is new of one program: records of weaknesses, the gravest first, and practices."""

    program: str
    rows: list[WeaknessRecord] = field(default_factory=list)
    practices: list[Practice] = field(default_factory=list)

    def of(self, grant: Grant) -> "News":
        """Return what of it touches this grant's use."""
        ours = practices.domains_of(grant.revision.domains if grant.revision else [], grant.conditions)
        return News(
            self.program,
            [row for row in self.rows if not row.must_read or ours & set(row.must_read)],
            [row for row in self.practices if row.domain in ours],
        )


def touched(news: News) -> QuerySet[Grant]:
    """Return the living grants of a program whose use some of it may touch."""
    held = Grant.objects.filter(program__slug=news.program, state__in=LIVE_GRANT_STATES)
    if not all(row.must_read for row in news.rows):
        return held
    codes = {code for row in news.rows for code in row.must_read} | {row.domain for row in news.practices}
    about = Q()
    for code in codes:
        about |= Q(revision__domains__contains=[code]) | Q(conditions__contains=[{"category": code}])
    return held.filter(about)


@transaction.atomic
def tell_owed(*, at: datetime) -> int:
    """Write to the people of each grant that is touched, one letter for all of it; return how many letters.

    A payer: may run twice and beside itself. Of several revisions that are owed at once, only the last is told.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:  # somebody else is at it
            return 0
    rows = list(WeaknessRecord.objects.filter(holders_told_at=None).only("program", "code"))
    asked = list(Practice.objects.filter(holders_told_at=None).only("program", "domain"))
    written = sum(_tell(news, at) for news in _news(rows, asked) if news.rows or news.practices)
    WeaknessRecord.objects.filter(pk__in=[row.pk for row in rows]).update(holders_told_at=at)
    Practice.objects.filter(pk__in=[row.pk for row in asked]).update(holders_told_at=at)
    return written


def _news(rows: list[WeaknessRecord], asked: list[Practice]) -> list[News]:
    """Return what is known now of each thing of which a revision is owed."""
    found = {slug: News(slug) for slug in [row.program for row in rows] + [one.program for one in asked]}
    codes: dict[str, set[str]] = defaultdict(set)
    domains: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        codes[row.program].add(row.code)
    for practice in asked:
        domains[practice.program].add(practice.domain)
    for slug, news in found.items():
        known = WeaknessRecord.objects.filter(program=slug, code__in=codes[slug]).newest().defer("source")
        news.rows = weakness_records.gravest_first(known)
        news.practices = [row for row in practices.of(slug) if row.domain in domains[slug]]
    return list(found.values())


def _tell(news: News, at: datetime) -> int:
    written, last = 0, 0
    marks = [row.pk for row in news.rows], [row.pk for row in news.practices]
    once = "weakness:" + ":".join(str(max(pks, default=0)) for pks in marks)
    names = dict(
        Category.objects.filter(guidelines__state=VersionState.EFFECTIVE).values_list("code", "name")
    )
    held = touched(news).select_related(
        "program", "owner", "revision", "application__applicant", "application__program", "application__owner"
    )
    held = held.defer("application__answers", "application__facts", "revision__answers").order_by("pk")
    while batch := list(held.filter(pk__gt=last)[:CHUNK]):
        people = notices.people_of(grant.owner for grant in batch)
        drafts = []
        for grant in batch:
            ours = news.of(grant)
            if ours.rows or ours.practices:
                drafts += [_letter(ours, grant, person, once, names) for person in people[grant.owner_id]]
        letters.write_many(drafts, at=at)
        written, last = written + len(drafts), batch[-1].pk
    return written


def _letter(news: News, grant: Grant, person: User, once: str, names: dict[str, str]) -> letters.Draft:
    one = news.rows[0] if len(news.rows) == 1 and not news.practices else None
    place = notices.page("practices", news.program)
    if news.rows:
        place = f"{notices.page('program', news.program)}#weaknesses"
    return notices.draft(
        "weakness",
        grant.application,
        about=grant,
        to=person,
        once=f"{once}:{grant.pk}:{person.pk}",
        url=notices.page("weakness", news.program, one.code) if one else place,
        one=one,
        some=[
            {"row": row, "url": notices.page("weakness", news.program, row.code)} for row in news.rows[:NAMED]
        ],
        practices=[
            {
                "name": names.get(row.domain, row.domain),
                "url": f"{notices.page('practices', news.program)}#{row.domain}",
            }
            for row in news.practices
        ],
        count=len(news.rows),
        more=max(len(news.rows) - NAMED, 0),
    )

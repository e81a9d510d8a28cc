"""Write down what somebody or something noticed, and gather what says the same into one case for a person.

Locks in one order: owner, case, grant, keys. The owner's row is held while a flag is put into its case, so that two
flags of one moment meet in one case.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from enforcement.domain import emergencies
from enforcement.models import Flag, FlagCase
from enforcement.models.flag import EXCERPT_MOST, SAID_MOST
from enforcement.states import FlagSource
from onboarding.models import Grant, Key
from policies.models import Category
from policies.states import Severity

URGENT_WITHIN = timedelta(hours=24)  # the holder of a key, a trusted partner, grave harm
ANSWERED_WITHIN = timedelta(hours=72)  # everything else
EXCERPT_KEPT = timedelta(days=30)
URGENT_SOURCES = (FlagSource.HOLDER, FlagSource.PARTNER, FlagSource.LEAK)
USUAL_SEVERITY = Severity.UNPLEASANT  # of what no category weighs
FIGURES_MOST = 4000  # characters of JSON
MOST = {"end_user": 128, "rule": 100, "idempotency": 200}  # characters, as the columns have
BATCH = 1000


class BadFlag(Exception):
    """Something about it cannot be kept; says what."""


def record(
    *,
    source: str,
    owner: Owner | None,
    grant: Grant | None = None,
    key: Key | None = None,
    end_user: str = "",
    rule: str = "",
    rule_version: int = 0,
    category: str = "",
    severity: int | None = None,
    figures: Mapping[str, Any] | None = None,
    excerpt: str = "",
    by: ledger.Actor,
    at: datetime,
    idempotency: str = "",
    said: str = "",
    reply_to: str = "",
) -> Flag:
    """Write one flag down and put it into its case; the same (source, idempotency) again returns the first one.

    This is the one way in: filters, anomalies, leaks, the gateway, pages and APIs call it.
    source: one of FlagSource. owner: whom it is about; None only where nobody can tell yet; taken from grant or key
    where those are given. end_user: as the caller hashes it, 128 characters at most. rule, rule_version: code and
    version of what noticed it. category: a code of the guidelines. severity: 0 to 3; None: the category's own in the
    newest guidelines, else 1. figures: the numbers behind it, JSON. excerpt: at most 500 characters are kept, for 30
    days, shown blurred. by: the person, or the plain name of the machine. idempotency: the caller's own mark, empty
    for none; callers that share a source put their own id in front. said, reply_to: what a person wrote, and where
    somebody without an account wants the answer.

    Flags of one grant (or of one owner without a grant) with the same category or the same rule share a case while
    nobody has decided it. A few categories suspend at once, see `emergencies`. Safe to call twice and from many
    processes. Raises BadFlag; nothing was written then.
    """
    grant = key.grant if key is not None and grant is None else grant
    owner = grant.owner if grant is not None else owner
    weight = _weight(category) if severity is None else severity
    flag = Flag(
        source=source, owner=owner, grant=grant, key=key, end_user=end_user, rule=rule, rule_version=rule_version,
        category=category, severity=weight, figures=dict(figures or {}), excerpt=_line(excerpt)[:EXCERPT_MOST],
        said=plain(said), reply_to=reply_to.strip(), raised_by=by if isinstance(by, User) else None,
        raised_at=at, idempotency=idempotency,
    )  # fmt: skip
    flag.excerpt_until = at + EXCERPT_KEPT if flag.excerpt else None
    _check(flag)
    with transaction.atomic():
        if owner is not None:
            Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)
        return _keep(flag, by, at)


def forget_excerpts(*, at: datetime) -> int:
    """Blank the excerpts that were kept as long as they may be; return how many. Safe to run twice."""
    outdated = Flag.objects.outdated(at).order_by("excerpt_until").values("pk")[:BATCH]
    return Flag.objects.filter(pk__in=outdated).update(excerpt="", excerpt_until=None)


def due_at(flag: Flag) -> datetime:
    """Return when a person is to have decided: 24 hours for what is urgent, else 72."""
    urgent = flag.source in URGENT_SOURCES or flag.severity >= Severity.GRAVE
    return flag.raised_at + (URGENT_WITHIN if urgent else ANSWERED_WITHIN)


def _keep(flag: Flag, by: ledger.Actor, at: datetime) -> Flag:
    """Write the flag and its case; return the one there is where this mark was written before."""
    if flag.idempotency:
        _wait_for_mark(flag)
        known = Flag.objects.filter(source=flag.source, idempotency=flag.idempotency).first()
        if known is not None:
            return known
    flag.case = _case_for(flag, by, at)
    flag.save(force_insert=True)
    ledger.record(
        Event.FLAG_RAISED, subject=flag, actor=by, at=at,
        source=flag.source, rule=flag.rule, rule_version=flag.rule_version, category=flag.category,
        severity=flag.severity, case=flag.case_id,
    )  # fmt: skip
    emergencies.act(flag, by=by, at=at)
    return flag


def _wait_for_mark(flag: Flag) -> None:
    """Let two calls with one mark follow each other, also where they name no owner."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"{flag.source}:{flag.idempotency}"]
        )


def _case_for(flag: Flag, by: ledger.Actor, at: datetime) -> FlagCase:
    case = open_case_like(flag.grant, flag.owner, flag.category, flag.rule)
    if case is None:
        case = FlagCase.objects.create(
            owner=flag.owner, grant=flag.grant, category=flag.category, rule=flag.rule, severity=flag.severity,
            opened_at=at, due_at=due_at(flag),
        )  # fmt: skip
        ledger.record(
            Event.FLAG_CASE_OPENED,
            subject=case,
            actor=by,
            at=at,
            due=case.due_at.isoformat(),
            flag=flag.receipt,
        )
        return case
    case.severity, case.due_at = max(case.severity, flag.severity), min(case.due_at, due_at(flag))
    case.save(update_fields=["severity", "due_at"])
    return case


def open_case_like(grant: Grant | None, owner: Owner | None, category: str, rule: str) -> FlagCase | None:
    """Return the undecided case that says the same of the same, locked; a category counts before a rule."""
    alike = Q()
    if category:
        alike |= Q(category=category)
    if rule:
        alike |= Q(rule=rule, category__in=["", category]) if category else Q(rule=rule)
    if owner is None or not alike:
        return None
    found = FlagCase.objects.open().filter(alike, owner=owner, grant=grant)
    return found.select_for_update(of=("self",)).order_by("-category", "pk").first()


def _weight(category: str) -> int:
    """Return how grave the newest guidelines say this category is."""
    newest = Category.objects.filter(code=category).order_by("-guidelines").values_list("severity", flat=True)
    found = newest.first() if category else None
    return USUAL_SEVERITY if found is None else found


def _check(flag: Flag) -> None:
    if flag.source not in FlagSource.values:
        raise BadFlag(_("There is no source “%(source)s”.") % {"source": flag.source[:40]})
    if flag.severity not in Severity.values:
        raise BadFlag(_("A severity is 0, 1, 2 or 3."))
    if flag.key is not None and flag.key.grant_id != flag.grant_id:
        raise BadFlag(_("This key belongs to another access."))
    if flag.category and not Category.objects.filter(code=flag.category).exists():
        raise BadFlag(_("The guidelines have no category “%(code)s”.") % {"code": flag.category[:60]})
    if len(json.dumps(flag.figures)) > FIGURES_MOST:
        raise BadFlag(_("The figures are too many: at most %(most)d characters.") % {"most": FIGURES_MOST})
    for name, value in (("end_user", flag.end_user), ("rule", flag.rule), ("idempotency", flag.idempotency)):
        most = MOST[name]
        if len(value) > most or "\0" in value:
            raise BadFlag(_("“%(name)s” has at most %(most)d characters.") % {"name": name, "most": most})
    if len(flag.said) > SAID_MOST:
        raise BadFlag(
            _("Write at most %(most)s characters; this has %(count)s.")
            % {"most": grouped(SAID_MOST), "count": grouped(len(flag.said))}
        )


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def plain(text: str) -> str:
    """Return what was typed with plain line ends and without NUL, which PostgreSQL does not keep."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()


__all__ = [
    "ANSWERED_WITHIN",
    "URGENT_WITHIN",
    "BadFlag",
    "due_at",
    "forget_excerpts",
    "open_case_like",
    "plain",
    "record",
]

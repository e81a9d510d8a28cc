"""What a reviewer is spared now, and why: breaks, hours, cool-down, minutes, choices. Every giving of a case asks here.

Sentences are for the person themselves. Whoever hands a case over learns no more than that it cannot be given.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import User
from audit import ledger
from audit.events import Event
from policies.models import Category
from policies.states import Severity
from reviews.domain import minutes
from reviews.domain.severities import SEVERE
from reviews.models import Care, CareRule, Case, CategoryChoice, Exposure
from reviews.permissions import may_set_care_rule, not_taken

FIRST_HOUR = 6  # "from 16:00 on" lasts until then
LEAST_MINUTES = 5  # less is opting out
LEAST_LEFT = timedelta(minutes=1)  # with less left of the day's minutes there is nothing to begin

# Each giving of a case asks for all of it, so it is one statement: seven of them were a third of what "next" took.
KNOWN = """
    SELECT jsonb_build_object(
        'rule', (SELECT to_jsonb(rule) FROM reviews_carerule rule ORDER BY id DESC LIMIT 1),
        'own', (SELECT to_jsonb(own) FROM reviews_care own WHERE reviewer_id = %(person)s),
        'choices', (SELECT jsonb_agg(chosen) FROM reviews_categorychoice chosen WHERE reviewer_id = %(person)s),
        'grave', (SELECT jsonb_agg(DISTINCT code) FROM policies_category WHERE severity = %(grave)s),
        'opened', (SELECT jsonb_agg(opened ORDER BY opened_at, id) FROM reviews_exposure opened
            WHERE reviewer_id = %(person)s AND opened_at > %(since)s AND opened_at <= %(at)s),
        'held', (SELECT jsonb_agg(held.case_id) FROM reviews_claim held JOIN reviews_case kase ON kase.id = held.case_id
            WHERE held.reviewer_id = %(person)s AND held.released_at IS NULL AND held.expires_at > %(at)s
                AND kase.severity >= %(severe)s))"""

Row = TypeVar("Row", bound=Model)


class NotYoursToSet(Exception):
    def __init__(self) -> None:
        super().__init__(_("A senior reviewer or a manager sets what holds for everybody, not you."))


class BadRule(Exception):
    """Out of bounds; says which."""


@dataclass(frozen=True)
class Limits:
    """What holds for one person: their own settings within the rule's bounds, else the rule."""

    rule: CareRule
    own: Care
    choices: Mapping[str, CategoryChoice]

    @property
    def cool_down(self) -> timedelta:
        own = self.own.cool_down
        return timedelta(minutes=self.rule.cool_down if own is None else max(own, self.rule.least_cool_down))

    @property
    def last_hour(self) -> int:
        own = self.own.last_hour
        return self.rule.last_hour if own is None else min(own, self.rule.latest_hour)

    def minutes(self, code: str, severity: int) -> timedelta:
        chosen = self.choices.get(code)
        if chosen and chosen.minutes is not None:
            return timedelta(minutes=min(chosen.minutes, self.rule.most_minutes))
        usual = self.rule.grave_minutes if severity == Severity.GRAVE else self.rule.minutes
        return timedelta(minutes=usual)


@dataclass(frozen=True)
class Known:
    """What care goes by for one person at one moment."""

    limits: Limits
    used: minutes.Today
    grave: Collection[str]  # categories nobody is given who did not choose them
    held: Collection[int]  # severe cases they have now

    @property
    def not_taken(self) -> set[str]:
        chosen = {code: str(choice.choice) for code, choice in self.limits.choices.items()}
        return not_taken(chosen, self.grave)


@dataclass(frozen=True)
class Spared:
    """What somebody is spared at one moment: all cases, all severe ones, some categories; each with its sentence."""

    everything: str = ""
    severe: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)

    @property
    def cases(self) -> Q:
        """Return the condition on cases that are not given to them now."""
        if self.everything:
            return Q(pk__isnull=False)
        if self.severe:
            return Q(severity__gte=SEVERE)
        return Q(severe__has_any_keys=sorted(self.categories))

    def why(self, case: Case) -> str:
        """Return why they are spared this case, or an empty string."""
        if self.everything or case.severity < SEVERE:
            return self.everything
        return self.severe or next(
            (self.categories[code] for code in case.severe if code in self.categories), ""
        )


def rule() -> CareRule:
    """Return what holds for everybody: the latest rule, or the one this product ships."""
    return CareRule.objects.first() or CareRule()


def own(user: User) -> Care:
    """Return somebody's own settings; where they set nothing, an unsaved row."""
    return Care.objects.filter(reviewer=user).first() or Care(reviewer=user)


def known(user: User, *, at: datetime) -> Known:
    """Return what care goes by for this person now, in one statement."""
    asked: dict[str, int | datetime] = {
        "person": user.pk, "at": at, "since": minutes.midnight(user, at) - minutes.OPEN_MOST,
        "grave": Severity.GRAVE, "severe": SEVERE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, asked)
        found = json.loads(cursor.fetchone()[0])
    mine = _read(Care, found["own"]) if found["own"] else Care()
    mine.reviewer = user
    chosen = [_read(CategoryChoice, row) for row in found["choices"] or []]
    return Known(
        Limits(
            _read(CareRule, found["rule"]) if found["rule"] else CareRule(),
            mine,
            {choice.category: choice for choice in chosen},
        ),
        minutes.today(user, [_read(Exposure, row) for row in found["opened"] or []], at=at),
        grave=found["grave"] or [],
        held=found["held"] or [],
    )


def _read(model: type[Row], row: Mapping[str, Any]) -> Row:
    """Return a row that came as JSON."""
    fields = model._meta.concrete_fields
    values = [each.to_python(row[str(each.column)]) for each in fields]
    return model.from_db(connection.alias, [each.attname for each in fields], values)


def kept_from(user: User, *, at: datetime) -> Q:
    """Return the condition on cases that care keeps from this person now."""
    return spared(user, at=at).cases


def spared(user: User, *, at: datetime, reading: Case | None = None) -> Spared:
    """Return what this person is spared now. `reading`: a case of theirs whose own text does not count against it."""
    now = known(user, at=at)
    holds, used = now.limits, now.used
    if holds.own.paused_at:
        return Spared(everything=_("You are on a break: nothing is offered to you until you are back."))
    severe = _late(user, holds, at) or _cooling(user, holds, used, at, reading) or _held(now, reading)
    codes = dict.fromkeys(now.not_taken, _("You do not take cases of this kind."))
    severities = dict.fromkeys(used.seconds, int(SEVERE)) | _severities(used)
    for code, seconds in used.seconds.items():
        left = holds.minutes(code, severities[code]) - timedelta(seconds=seconds)
        if left < LEAST_LEFT:
            codes.setdefault(code, _("Your minutes for this kind of text are used up for today."))
    return Spared(severe=severe, categories=codes)


def left(user: User, case: Case, *, at: datetime) -> timedelta:
    """Return for how long this person may still read this severe case today: the least over its categories."""
    now = known(user, at=at)
    return min(
        now.limits.minutes(code, severity) - timedelta(seconds=now.used.seconds[code])
        for code, severity in case.severe.items()
    )


@transaction.atomic
def set_rule(*, by: User, at: datetime, reason: str, **numbers: int) -> CareRule:
    """Set what holds for everybody from now on, and the bounds of what a person sets. Raises NotYoursToSet, BadRule."""
    if not may_set_care_rule(by):
        raise NotYoursToSet
    made = CareRule(set_by=by, set_at=at, reason=reason.strip(), **numbers)
    _check(made)
    made.save()
    ledger.record(
        Event.CARE_RULE_SET, subject=made, actor=by, at=at, reason=ledger.digest(made.reason), **numbers
    )
    return made


def _check(made: CareRule) -> None:
    if not made.reason:
        raise BadRule(_("Say why: everybody it holds for may read it."))
    if len(made.reason) > 500:
        raise BadRule(
            _("A reason has at most 500 characters; this has %(number)s.")
            % {"number": grouped(len(made.reason))}
        )
    if not min(made.minutes, made.grave_minutes) >= LEAST_MINUTES:
        raise BadRule(
            _("At least %(least_minutes)s minutes a day: who wants none opts out.")
            % {"least_minutes": LEAST_MINUTES}
        )
    if not max(made.minutes, made.grave_minutes) <= made.most_minutes <= 480:
        raise BadRule(_("The minutes are at most what a person may set, and that is at most 480."))
    if not made.least_cool_down <= made.cool_down <= 480:
        raise BadRule(_("The pause is at least what a person may set, and at most 480 minutes."))
    if not FIRST_HOUR < made.last_hour <= made.latest_hour <= 24:
        raise BadRule(
            _("The hour lies after %(first_hour)s:00 and not after the latest one, 24 at most.")
            % {"first_hour": FIRST_HOUR}
        )


def _late(user: User, holds: Limits, at: datetime) -> str:
    hour = minutes.local(user, at).hour
    if FIRST_HOUR <= hour < holds.last_hour:
        return ""
    return _(
        "After %(last_hour)s:00 where you are, and before %(first_hour)s:00, nothing severe is "
        "offered to you."
    ) % {"last_hour": holds.last_hour, "first_hour": FIRST_HOUR}


def _cooling(user: User, holds: Limits, used: minutes.Today, at: datetime, reading: Case | None) -> str:
    last = used.last
    if last is None or (reading and last.case_id == reading.pk):
        return ""
    again = minutes.ended(last, at) + holds.cool_down
    if again <= at:
        return ""
    return _("You read a severe case just now: the next one is offered from %(local)s on.") % {
        "local": f"{minutes.local(user, again):%H:%M}"
    }


def _held(now: Known, reading: Case | None) -> str:
    others = [case for case in now.held if reading is None or case != reading.pk]
    return _("You have a severe case already: one at a time.") if others else ""


def _severities(used: minutes.Today) -> dict[str, int]:
    """Return the severity of what was read today; a category of two versions counts as the graver one."""
    if not used.seconds:
        return {}
    found = Category.objects.filter(code__in=list(used.seconds)).order_by("severity")
    return dict(found.values_list("code", "severity"))

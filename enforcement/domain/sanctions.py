"""Sanctions: proposed by a person on a confirmed case, in force at once or after a second person, told with reasons.

A sanction is one row; what all in force do together is `effects`. An end of access stops everything at once and is
made final only when the time to appeal is over, so that whoever wins gets the very same grant and keys back.
Locks: owner, case, sanction, grant, keys. The owner's row is what two people at one sanction wait for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.languages import grouped
from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from enforcement.domain import effects, lost_time, owed, statements
from enforcement.models import Flag, FlagCase, Sanction
from enforcement.models.sanction import REASON_MOST, WORDS_MOST
from enforcement.permissions import may_sanction, may_sign_sanction
from enforcement.states import (
    SANCTION_TRANSITIONS,
    Finding,
    SanctionKind,
    SanctionReason,
    SanctionState,
    SanctionTarget,
)
from onboarding.domain.programs import SayWhy
from onboarding.models import Grant, Key, Limit
from onboarding.states import LIVE_GRANT_STATES, LimitLevel, LimitSource
from policies.domain import guidelines

END_USER_MOST = 128  # characters
MOST_KEPT_OUT = 200  # end users of one grant: the gateways look through them at each of its requests
WARNING_STANDS = timedelta(days=365)  # a warning weighs for a year; what is older is history


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(_("Somebody else does this: by duty, with no part in it, and not who proposed it."))


class NotConfirmed(Exception):
    def __init__(self) -> None:
        super().__init__(_("Nothing follows from flags before a person has found a violation."))


class IllegalMove(Exception):
    def __init__(self, sanction: Sanction, to: str):
        state = sanction.get_state_display().lower()
        super().__init__(
            _("This is “%(state)s”; it cannot become “%(to)s”.")
            % {"state": state, "to": str(SanctionState(to).label).lower()}
        )


class Incomplete(Exception):
    """`problems` says what a sanction lacks, by field."""

    def __init__(self, problems: Mapping[str, str]):
        self.problems = dict(problems)
        super().__init__(" ".join(problems.values()))


@dataclass(frozen=True)
class Said:
    """A sanction as somebody words it; `facts` and `would_change` are read by the holder."""

    kind: str
    target: str
    reason_code: str
    facts: str
    would_change: str = ""
    end_user: str = ""
    per_minute: int | None = None
    per_day: int | None = None
    ends_at: datetime | None = None


@transaction.atomic
def impose(
    case: FlagCase, said: Said, *, grant: Grant, key: Key | None = None, by: User, at: datetime
) -> Sanction:
    """Write a sanction on a confirmed case; in force at once, or once a second person signed where it needs one.

    Two people for every end of access and for everything that touches all of an owner's. Raises NotForYou,
    NotConfirmed, Incomplete; nothing was written then.
    """
    case = _locked_case(case)
    if (
        not may_sanction(by, case)
        or (case.grant_id or grant.pk) != grant.pk
        or case.owner_id != grant.owner_id
    ):
        raise NotForYou
    if case.finding != Finding.VIOLATION:
        raise NotConfirmed
    _check(said, grant, key, at)
    ends_at = at + WARNING_STANDS if said.kind == SanctionKind.WARN else said.ends_at
    wide = said.kind == SanctionKind.TERMINATE or said.target == SanctionTarget.OWNER
    sanction = Sanction.objects.create(
        kind=said.kind, target=said.target, owner=grant.owner, grant=grant,
        key=key if said.target == SanctionTarget.KEY else None,
        end_user=said.end_user.strip() if said.target == SanctionTarget.END_USER else "",
        case=case, reason_code=said.reason_code, category=case.found_category,
        guidelines=guidelines.in_force(), facts=_tidy(said.facts), would_change=_tidy(said.would_change),
        detected_automatically=_was_detected(case), per_minute=said.per_minute, per_day=said.per_day,
        ends_at=ends_at, needs_second=wide, proposed_by=by, proposed_at=at,
    )  # fmt: skip
    _record(Event.SANCTION_PROPOSED, sanction, by, at)
    return sanction if sanction.needs_second else _put_in_force(sanction, by, at)


@transaction.atomic
def sign(sanction: Sanction, *, by: User, at: datetime) -> Sanction:
    """Put a proposed sanction in force as the second person; twice is once. Raises NotForYou, IllegalMove."""
    sanction = locked(sanction)
    if sanction.state == SanctionState.ACTIVE and sanction.signed_by_id == by.pk:
        return sanction
    if not may_sign_sanction(by, sanction):
        raise NotForYou
    sanction.signed_by, sanction.signed_at = by, at
    return _put_in_force(sanction, by, at)


@transaction.atomic
def drop(sanction: Sanction, *, by: User, at: datetime, reason: str) -> Sanction:
    """Take a proposal off the table: its author, or who was to sign. Raises NotForYou, SayWhy, IllegalMove."""
    sanction = locked(sanction)
    if not may_sanction(by, sanction.case):
        raise NotForYou
    return close(sanction, SanctionState.DROPPED, Event.SANCTION_DROPPED, by=by, at=at, reason=reason)


@transaction.atomic
def lift(sanction: Sanction, *, by: User, at: datetime, reason: str) -> Sanction:
    """End a sanction before its time, and give back what it took. Raises NotForYou, SayWhy, IllegalMove."""
    sanction = locked(sanction)
    if not may_sanction(by, sanction.case):
        raise NotForYou
    return _lift(sanction, by, at, reason)


def lift_caused_by(case: FlagCase, *, by: User, at: datetime, reason: str) -> int:
    """Lift what a machine did for the flags of a locked case that turned out to be nothing; return how many.

    The time it took is given back.
    """
    caused = list(Sanction.objects.active().filter(case=case, proposed_by=None).order_by("pk"))
    for each in caused:
        sanction = locked(each)
        close(sanction, SanctionState.LIFTED, Event.SANCTION_LIFTED, by=by, at=at, reason=reason)
        lost_time.give_back(sanction, until=at, by=by, at=at)
        sanction.grant.refresh_from_db(fields=["expires_at"])  # the letter says whether access goes on
        statements.write("sanction_lifted", sanction, at=at)
    return len(caused)


def suspend_at_once(flag: Flag, *, by: ledger.Actor, at: datetime) -> Sanction:
    """Suspend the grant of a flag before a person looked; the case is due within 24 hours. See `emergencies.act`."""
    case = flag.case
    case.due_at = min(case.due_at, at + timedelta(hours=24))
    case.save(update_fields=["due_at"])
    assert flag.grant is not None, "the caller checked"
    sanction = Sanction.objects.create(
        kind=SanctionKind.SUSPEND, target=SanctionTarget.GRANT, owner=flag.grant.owner, grant=flag.grant, case=case,
        flag=flag, reason_code=SanctionReason.URGENT_HARM, category=flag.category,
        guidelines=guidelines.in_force(), facts=statements.automatic_facts(flag), detected_automatically=True,
        needs_second=False, proposed_at=at,
    )  # fmt: skip
    _record(Event.SANCTION_PROPOSED, sanction, by, at)
    return _put_in_force(sanction, by, at)


def is_suspended_by_machine(case: FlagCase) -> bool:
    return Sanction.objects.active().filter(case=case, proposed_by=None).exists()


def was_lifted_by_a_person(grant: Grant, *, rule: str, category: str) -> bool:
    """Return whether a person ended early what a machine did to this grant for the same rule and category."""
    undone = Sanction.objects.filter(state__in=[SanctionState.LIFTED, SanctionState.REVERSED])
    return undone.filter(grant=grant, proposed_by=None, flag__rule=rule, flag__category=category).exists()


def reverse(sanction: Sanction, *, by: User, at: datetime, reason: str) -> Sanction:
    """Undo a locked sanction because an appeal was won, and give back the time it took; called in its transaction."""
    until = sanction.closed_at or at  # one that had ended by its date took no more than until then
    close(sanction, SanctionState.REVERSED, Event.SANCTION_REVERSED, by=by, at=at, reason=reason)
    lost_time.give_back(sanction, until=until, by=by, at=at)
    return sanction


def settle_owed(*, at: datetime) -> int:
    """End what is past its date, and stop or limit what a sanctioned owner was given since.

    Returns how many changed. Safe to run twice and beside itself: each is asked again under its lock.
    """
    over = Sanction.objects.over(at).order_by("ends_at")
    done = owed.settle_each(over, lambda pk: _end(pk, at), what="The end of sanction")
    wide = Sanction.objects.active().filter(owner=OuterRef("owner"), target=SanctionTarget.OWNER)
    limited = Limit.objects.in_force().filter(
        grant=OuterRef("pk"), level=LimitLevel.OWNER, source=LimitSource.SANCTION
    )
    given_since = Grant.objects.live().filter(
        Exists(wide.filter(kind__in=effects.STOPS)) & Q(sanctioned_since=None)
        | Exists(wide.filter(kind=SanctionKind.LIMIT)) & ~Exists(limited)
    )
    return done + owed.settle_each(
        given_since.order_by("pk"), lambda pk: _reach(pk, at), what="What is in force for grant"
    )


def locked(sanction: Sanction) -> Sanction:
    """Return a sanction as it is now, locked after its owner."""
    Owner.objects.select_for_update(no_key=True).get(pk=sanction.owner_id)
    return (
        Sanction.objects.select_for_update(of=("self",))
        .select_related("case", "owner", "key", "guidelines", "grant__program", "grant__owner",
                        "grant__application__applicant", "grant__application__program",
                        "grant__application__owner")
        .get(pk=sanction.pk)
    )  # fmt: skip


def close(
    sanction: Sanction, to: SanctionState, event: Event, *, by: User | None, at: datetime, reason: str
) -> Sanction:
    """Move a locked sanction to one of its ends, and let go of what it stopped. Raises SayWhy, IllegalMove."""
    reason = _tidy(reason)[:REASON_MOST]
    if not reason and by is not None:
        raise SayWhy
    sanction.closed_by, sanction.closed_at, sanction.close_reason = by, at, reason
    _move(sanction, to)
    _record(event, sanction, by or "enforcement", at, reason=ledger.digest(reason) if reason else "")
    effects.settle(effects.touched_by(sanction), by=by or "enforcement", at=at)
    return sanction


def _lift(sanction: Sanction, by: User, at: datetime, reason: str) -> Sanction:
    close(sanction, SanctionState.LIFTED, Event.SANCTION_LIFTED, by=by, at=at, reason=reason)
    statements.write("sanction_lifted", sanction, at=at)
    return sanction


def _put_in_force(sanction: Sanction, by: ledger.Actor, at: datetime) -> Sanction:
    sanction.active_at = at
    _move(sanction, SanctionState.ACTIVE)
    _record(Event.SANCTION_IMPOSED, sanction, by, at)
    effects.settle(effects.touched_by(sanction), by=by, at=at)
    statements.write("sanction_imposed", sanction, at=at)
    return sanction


@transaction.atomic
def _reach(pk: int, at: datetime) -> bool:
    grant = Grant.objects.select_related("program").get(pk=pk)
    Owner.objects.select_for_update(no_key=True).get(pk=grant.owner_id)
    effects.settle([grant], by="enforcement", at=at)
    return True


@transaction.atomic
def _end(pk: int, at: datetime) -> bool:
    sanction = locked(Sanction.objects.get(pk=pk))
    if not Sanction.objects.over(at).filter(pk=pk).exists():
        return False  # lifted or reversed while we waited for the lock
    close(sanction, SanctionState.ENDED, Event.SANCTION_ENDED, by=None, at=at, reason="")
    statements.write("sanction_ended", sanction, at=at)
    return True


def _move(sanction: Sanction, to: SanctionState) -> None:
    if to not in SANCTION_TRANSITIONS[sanction.state]:
        raise IllegalMove(sanction, to)
    sanction.state = to
    sanction.save()


def _record(event: Event, sanction: Sanction, by: ledger.Actor, at: datetime, reason: str = "") -> None:
    ledger.record(
        event, subject=sanction, actor=by, at=at, reason=reason,
        kind=sanction.kind, target=sanction.target, code=sanction.reason_code, case=sanction.case_id,
    )  # fmt: skip


def _locked_case(case: FlagCase) -> FlagCase:
    if case.owner_id is not None:
        Owner.objects.select_for_update(no_key=True).get(pk=case.owner_id)
    return FlagCase.objects.select_for_update(of=("self",)).get(pk=case.pk)


def _was_detected(case: FlagCase) -> bool:
    return case.flags.filter(Q(raised_by=None) & ~Q(source__in=["public", "holder", "partner"])).exists()


def _check(said: Said, grant: Grant, key: Key | None, at: datetime) -> None:
    problems: dict[str, str] = {}
    if said.kind not in SanctionKind.values:
        problems["kind"] = _("Choose what follows.")
    if said.target not in SanctionTarget.values:
        problems["target"] = _("Choose whom it is for.")
    if said.target == SanctionTarget.KEY and (key is None or key.grant_id != grant.pk):
        problems["target"] = _("Choose a key of this access.")
    if said.target == SanctionTarget.END_USER:
        problems |= _problems_of_end_user(said, grant)
    problems |= _problems_of_words(said)
    if said.kind == SanctionKind.LIMIT and not (said.per_minute or said.per_day):
        problems["per_minute"] = _("Say how many requests a minute or a day are left.")
    if said.ends_at is not None and (said.ends_at <= at or said.kind == SanctionKind.TERMINATE):
        problems["ends_at"] = _("An end lies ahead, and an end of access has none.")
    if grant.state not in LIVE_GRANT_STATES:
        problems["target"] = _("This access has ended: there is nothing left to sanction.")
    if problems:
        raise Incomplete(problems)


def _problems_of_end_user(said: Said, grant: Grant) -> dict[str, str]:
    problems, end_user = {}, said.end_user.strip()
    if said.kind not in (SanctionKind.WARN, SanctionKind.SUSPEND):
        problems["kind"] = _(
            "Of an end user the holder is warned, or the end user is suspended: choose one of both."
        )
    if not end_user or not end_user.isprintable() or len(end_user) > END_USER_MOST:
        problems["end_user"] = _(
            "Write the end user as the caller hashes them: at most %(most)s printable characters."
        ) % {"most": END_USER_MOST}
    elif said.kind == SanctionKind.SUSPEND and len({*grant.end_users_kept_out, end_user}) > MOST_KEPT_OUT:
        problems["end_user"] = _(
            "%(most)s end users of this access are kept out, as many as there may be: limit or suspend it."
        ) % {"most": MOST_KEPT_OUT}
    return problems


def _problems_of_words(said: Said) -> dict[str, str]:
    problems = {}
    if said.reason_code not in SanctionReason.values:
        problems["reason_code"] = _("Choose a ground.")
    if not said.facts.strip():
        problems["facts"] = _("Write the facts you rely on; the holder reads them.")
    for name, words in (("facts", said.facts), ("would_change", said.would_change)):
        if len(words) > WORDS_MOST:
            problems[name] = _("At most %(most)s characters; this has %(number)s.") % {
                "most": grouped(WORDS_MOST),
                "number": grouped(len(words)),
            }
    return problems


def _tidy(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n").strip()

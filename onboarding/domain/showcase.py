"""The showcase: offered by who holds access, read by a person, shown to everybody while the access lasts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may_act_for
from audit import ledger
from audit.events import Event
from onboarding.domain import notices
from onboarding.models import Grant, ShowcaseEntry
from onboarding.models.showcase import DOES_MOST, LINK_MOST, QUOTE_MOST, REASON_MOST, TITLE_MOST, USES_MOST
from onboarding.permissions import may_judge_showcase
from onboarding.states import SHOWCASE_TRANSITIONS, GrantState, ShowcaseState

BLANKED = "(blanked)"
https = URLValidator(schemes=["https"])
MOST = {
    "title": TITLE_MOST, "does": DOES_MOST, "uses": USES_MOST, "quote": QUOTE_MOST, "quoted": TITLE_MOST,
    "link": LINK_MOST,
}  # fmt: skip


class NotYours(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only who holds this access may say so."))


class NotOpen(Exception):
    def __init__(self) -> None:
        super().__init__(_("This access is stopped or over: its use cannot be shown now."))


class MovedOn(Exception):
    def __init__(self, entry: ShowcaseEntry) -> None:
        super().__init__(
            _("This entry is %(state)s by now; nothing was changed.")
            % {"state": entry.get_state_display().lower()}
        )


class Incomplete(Exception):
    """What is missing or cannot be: field -> sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


@dataclass(frozen=True)
class Words:
    """What an entry says; quote, whose it is, and link may be empty."""

    title: str
    does: str
    uses: str
    quote: str = ""
    quoted: str = ""
    link: str = ""


@transaction.atomic
def offer(grant: Grant, words: Words, *, agreed: bool, by: User, at: datetime) -> ShowcaseEntry:
    """Offer the use of this access for the showcase; what was offered before and not read yet is taken back.

    `agreed`: whoever is quoted agreed to it, by name. Raises NotYours, NotOpen, Incomplete.
    """
    grant = Grant.objects.select_for_update(of=("self",)).select_related("owner").get(pk=grant.pk)
    if not may_act_for(by, grant.owner):
        raise NotYours
    if grant.state != GrantState.ACTIVE or grant.expires_at <= at:
        raise NotOpen
    words = replace(words, link=_lowered(words.link))
    refuse_nonsense(words, agreed=agreed)
    for before in grant.showcase_entries.filter(state=ShowcaseState.OFFERED).select_for_update():
        _withdraw(before, by=by, at=at)
    entry = ShowcaseEntry.objects.create(
        grant=grant, offered_at=at, offered_by=by, consent_at=at if words.quote else None, **asdict(words)
    )
    ledger.record(Event.SHOWCASE_OFFERED, subject=entry, actor=by, at=at, grant=grant.pk)
    return entry


def _lowered(link: str) -> str:
    """Return an address as the database takes it: the scheme may be typed in capitals, and means the same."""
    scheme, colon, rest = link.partition(":")
    return f"{scheme.lower()}{colon}{rest}" if colon else link


def refuse_nonsense(words: Words, *, agreed: bool) -> None:
    """Raise Incomplete with a sentence for each field that cannot stay as it is."""
    said, problems = asdict(words), {}
    for name in ("title", "does", "uses"):
        if not said[name].strip():
            problems[name] = _("Say it in a few words.")
    for name, most in MOST.items():
        if len(said[name]) > most:
            problems[name] = _("At most %(most)s characters.") % {"most": most}
    if bool(words.quote.strip()) != bool(words.quoted.strip()):
        problems["quoted" if words.quote.strip() else "quote"] = _(
            "A quote needs a name, and a name what they said."
        )
    if words.quote.strip() and not agreed:
        problems["agreed"] = _("Confirm that the person agreed to be quoted by name.")
    if words.link and "link" not in problems:
        try:
            https(words.link)
        except ValidationError:
            problems["link"] = _("Write the whole address, beginning with https://.")
    if problems:
        raise Incomplete(problems)


@transaction.atomic
def publish(entry: ShowcaseEntry, *, by: User, at: datetime) -> ShowcaseEntry:
    """Show an offered entry to everybody, in the place of the one shown before. Raises NotYours, NotOpen, MovedOn."""
    entry = _locked(entry, by=by)
    if entry.grant.state != GrantState.ACTIVE:
        raise NotOpen
    _must_lead(entry, ShowcaseState.PUBLISHED)
    for before in entry.grant.showcase_entries.filter(state=ShowcaseState.PUBLISHED).select_for_update():
        _withdraw(before, by=by, at=at)
    entry.state, entry.decided_at, entry.decided_by = ShowcaseState.PUBLISHED, at, by
    entry.save()
    ledger.record(Event.SHOWCASE_PUBLISHED, subject=entry, actor=by, at=at, grant=entry.grant_id)
    _tell("showcase_published", entry, at)
    return entry


@transaction.atomic
def decline(entry: ShowcaseEntry, *, by: User, at: datetime, reason: str) -> ShowcaseEntry:
    """Do not show it, or show it no longer; the holder reads why. Raises NotYours, MovedOn, Incomplete."""
    entry = _locked(entry, by=by)
    _must_lead(entry, ShowcaseState.DECLINED)
    words = " ".join(reason.replace("\0", "").split())
    if not words or len(words) > REASON_MOST:
        raise Incomplete(
            {
                "reason": _("Say why, in at most %(most)s characters: the holder reads it.")
                % {"most": REASON_MOST}
            }
        )
    entry.state, entry.decided_at, entry.decided_by = ShowcaseState.DECLINED, at, by
    entry.decline_reason = words
    entry.save()
    ledger.record(
        Event.SHOWCASE_DECLINED, subject=entry, actor=by, at=at, reason=ledger.digest(words),
        grant=entry.grant_id,
    )  # fmt: skip
    _tell("showcase_declined", entry, at, reason=words)
    return entry


@transaction.atomic
def withdraw(entry: ShowcaseEntry, *, by: User, at: datetime) -> ShowcaseEntry:
    """Take it back, at any time and without a reason. Raises NotYours, MovedOn."""
    grant = Grant.objects.select_for_update(of=("self",)).select_related("owner").get(pk=entry.grant_id)
    entry = ShowcaseEntry.objects.select_for_update().get(pk=entry.pk)
    if not may_act_for(by, grant.owner):
        raise NotYours
    _must_lead(entry, ShowcaseState.WITHDRAWN)
    return _withdraw(entry, by=by, at=at)


def naming(user: User, addresses: Iterable[str]) -> QuerySet[ShowcaseEntry]:
    """Return what this person offered, or organisations they are or were in, that names them or their address."""
    said = Q()
    for word in filter(None, (user.full_name.strip(), *addresses)):
        for field in ShowcaseEntry.WORDS:
            said |= Q(**{f"{field}__icontains": word})
    organisations = Q()
    for path in ("memberships", "former_memberships"):
        organisations |= Q(**{f"grant__owner__organisation__{path}__user": user})
    theirs = ShowcaseEntry.objects.filter(Q(offered_by=user) | organisations).filter(said)
    return ShowcaseEntry.objects.filter(pk__in=theirs.values("pk"))


def forget(entries: QuerySet[ShowcaseEntry], *, by: ledger.Actor, at: datetime) -> None:
    """Take back what is offered or shown, and blank the words of all, in the caller's transaction."""
    for entry in entries.filter(
        state__in=[ShowcaseState.OFFERED, ShowcaseState.PUBLISHED]
    ).select_for_update():
        _withdraw(entry, by=by, at=at)
    entries.exclude(decline_reason="").update(decline_reason=BLANKED)
    entries.update(title="", does="", uses="", quote="", quoted="", link="")


def _withdraw(entry: ShowcaseEntry, *, by: ledger.Actor, at: datetime) -> ShowcaseEntry:
    entry.state, entry.withdrawn_at = ShowcaseState.WITHDRAWN, at
    entry.save(update_fields=["state", "withdrawn_at"])
    ledger.record(Event.SHOWCASE_WITHDRAWN, subject=entry, actor=by, at=at, grant=entry.grant_id)
    return entry


def _locked(entry: ShowcaseEntry, *, by: User) -> ShowcaseEntry:
    grants = Grant.objects.select_for_update(of=("self",)).select_related("application__owner", "program")
    grant = grants.get(pk=entry.grant_id)
    if not may_judge_showcase(by, grant):
        raise NotYours
    entry = ShowcaseEntry.objects.select_for_update().get(pk=entry.pk)
    entry.grant = grant
    return entry


def _must_lead(entry: ShowcaseEntry, to: ShowcaseState) -> None:
    if to not in SHOWCASE_TRANSITIONS[entry.state]:
        raise MovedOn(entry)


def _tell(kind: str, entry: ShowcaseEntry, at: datetime, **more: str) -> None:
    page = notices.page("grant_showcase", str(entry.grant.public_id))
    notices.write(
        kind, entry.grant.application, at=at, once=f"{kind}:{entry.pk}", entry=entry.title, page=page, **more
    )

"""Say whose access a report is about that named nobody we knew, and put it with what says the same of that access.

Locks: owner, case, the case it merges into. Nothing is suspended by it, whatever the category: a person is looking.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from enforcement.domain import flag_cases, flags
from enforcement.models import FlagCase
from enforcement.models.flag import REASON_MOST
from enforcement.permissions import hidden_applications, may_attach, may_decide_flags
from enforcement.states import FlagCaseState
from onboarding.domain import secrets
from onboarding.models import Grant, Key, Secret

FOUND_MOST = 20
SHOWN_OF_A_SECRET = 4  # random characters of its start that a hint keeps, see `accounts.secrets.hint_of`
LEAST = 3  # characters of a name, random ones of a key's start: fewer would list everybody's
TOO_LITTLE = gettext_lazy("Type at least %(least)s characters; of a key, %(least)s after its last “_”.") % {
    "least": LEAST
}
NAMED = (
    "owner__person__email",
    "owner__person__full_name",
    "owner__organisation__name",
    "owner__imported_as",
)


class NotYoursToAttach(Exception):
    def __init__(self) -> None:
        super().__init__(_("Somebody else says so: a reviewer with no part in this access."))


class AlreadyAttached(Exception):
    def __init__(self) -> None:
        super().__init__(_("It is known whose access this is about; nothing was changed."))


def ready(case: FlagCase, *, by: User) -> None:
    """Do nothing where this person may say whose access a case is about, and look for it; else say why not.

    Raises flag_cases.NotForYou, flag_cases.AlreadyDecided, AlreadyAttached, flag_cases.NotHeld.
    """
    if not may_decide_flags(by, case):
        raise flag_cases.NotForYou
    if case.state == FlagCaseState.DECIDED:
        raise flag_cases.AlreadyDecided(case)
    if case.grant_id is not None:
        raise AlreadyAttached
    if case.taken_by_id != by.pk:
        raise flag_cases.NotHeld


@sensitive_variables()
def find(case: FlagCase, said: str, *, by: User, at: datetime) -> list[Grant]:
    """Return the grants, FOUND_MOST at most, that this may mean: start of a key or its id, owner, application number.

    The ledger keeps that somebody looked and how many were shown, and nothing of what was typed: it may be a secret.

    Those in which the person has a part are not among them. A whole secret finds its key by its digest; no more of any
    secret than a hint keeps is asked of the database, whose log is not ours. Raises what `ready` does, and
    flag_cases.Incomplete for too little.
    """
    ready(case, by=by)
    text = " ".join(said.replace("\0", "").split())
    secret = secrets.found_in(text)
    about = Grant.objects.filter(Q(pk__in=_keys(secret).values("grant")) if secret else _named(text))
    shown = about.exclude(application__in=hidden_applications(by)).order_by("-pk")
    found = list(
        shown.select_related("owner__person", "owner__organisation", "program", "application")[:FOUND_MOST]
    )
    ledger.record(Event.FLAG_CASE_SEARCHED, subject=case, actor=by, at=at, shown=len(found))
    return found


@transaction.atomic
def attach(case: FlagCase, grant: Grant, *, by: User, at: datetime, reason: str) -> FlagCase:
    """Say whose access the case is about, for good; return the case its flags are in now.

    Where an undecided case of the grant says the same (see `flags.record`), they join that one and it becomes no less
    urgent. Raises NotYoursToAttach, flag_cases.NotForYou, AlreadyAttached, flag_cases.AlreadyDecided,
    flag_cases.NotHeld, flag_cases.Incomplete.
    """
    Owner.objects.select_for_update(no_key=True).get(pk=grant.owner_id)
    case = FlagCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
    words = flags.plain(reason)
    _check(case, grant, by, words)
    case.owner_id, case.grant = grant.owner_id, grant
    case.attached_at, case.attached_by, case.attach_reason = at, by, words
    other = flags.open_case_like(grant, grant.owner, case.category, case.rule)
    ledger.record(
        Event.FLAG_CASE_ATTACHED, subject=case, actor=by, at=at, reason=ledger.digest(words), grant=grant.pk
    )
    case.flags.update(owner=grant.owner_id, grant=grant, case=other or case)
    if other is None:
        case.save()
        return case
    case.merged_into, case.taken_until = other, None
    flag_cases.move(case, FlagCaseState.MERGED, Event.FLAG_CASE_MERGED, by, at, into=other.pk)
    other.severity, other.due_at = max(other.severity, case.severity), min(other.due_at, case.due_at)
    other.save(update_fields=["severity", "due_at"])
    return other


def _check(case: FlagCase, grant: Grant, by: User, words: str) -> None:
    ready(case, by=by)
    if not may_attach(by, grant):
        raise NotYoursToAttach
    if not words or len(words) > REASON_MOST:
        raise flag_cases.Incomplete(
            {"reason": _("Write how you know, in at most %(most)s characters.") % {"most": REASON_MOST}}
        )


@sensitive_variables()
def _keys(secret: str) -> QuerySet[Key]:
    """Return the keys with a secret that begins like this; of a whole secret exactly its key."""
    if secrets.is_well_formed(secret):
        digests = [digest for _pepper, digest in secrets.candidates(secret)]
        return Key.objects.filter(secrets__digest__in=digests)
    start = secret.rindex("_") + 1
    if len(secret) < start + LEAST:
        raise flag_cases.Incomplete({"said": TOO_LITTLE})
    hints = Secret.objects.filter(hint__startswith=secret[: start + SHOWN_OF_A_SECRET])
    return Key.objects.filter(pk__in=hints.values("key"))


def _named(text: str) -> Q:
    """Return the condition on grants whose application, owner or key is called so, or whose number begins like this."""
    if len(text) < LEAST:
        raise flag_cases.Incomplete({"said": TOO_LITTLE})
    named = Q(application__number__istartswith=text)
    for field in NAMED:
        named |= Q(**{f"{field}__icontains": text})
    if len(text.rpartition("_")[2]) >= LEAST:
        named |= Q(pk__in=Key.objects.filter(key_id__startswith=text.lower()).values("grant"))
    return named

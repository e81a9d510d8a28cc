"""Deleting an account: asked for by the person, paid part by part by each app, the account itself last.

`ask` shuts the account in one transaction. What is then owed stands in `Erasure` rows, one a part; each app's payer
settles its own with `pay`, which may run twice, beside itself, and be killed in between: a part is blanked and recorded
in one transaction, or not at all.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Cast, Lower
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.domain import joining, memberships, owners, tokens
from accounts.languages import spoken
from accounts.models import Erasure, MemberRole, Membership, Organisation, OrganisationInvitation, Part, User
from audit import ledger
from audit.events import Event
from outbox import erasure as blanked
from outbox import hints, letters

log = logging.getLogger(__name__)

SETTLE = timedelta(minutes=1)  # a page that was being answered when it was asked has ended by then
BATCH = 100
LETTER = "accounts/erasure_asked"
ACTOR = "erasure"
ENDED_ORGANISATION = "(ended with its last member)"

Forget = Callable[[User, datetime], None]


class StaffStay(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "This account belongs to the staff, so it cannot delete itself: ask a superuser to end your role first."
            )
        )


class HandOverFirst(Exception):
    """The person is the only owner of an organisation that has other members."""

    def __init__(self, organisations: list[Organisation]):
        self.organisations = organisations
        super().__init__(
            _("You are the only owner of %(organisations)s. Make another member an owner first.")
            % {"organisations": get_text_list([str(each) for each in organisations], _("and"))}
        )


def hindrance(user: User) -> Exception | None:
    """Return what the person must do before they can delete their account, as the error `ask` would raise."""
    if user.is_staff or user.is_superuser:
        return StaffStay()
    staying = Membership.objects.filter(organisation=OuterRef("pk"), user__erasure_asked_at=None).exclude(
        user=user
    )
    left_alone = (
        Organisation.objects.filter(memberships__user=user, memberships__role=MemberRole.OWNER)
        .filter(Exists(staying))
        .exclude(Exists(staying.filter(role=MemberRole.OWNER, user__is_active=True)))
        .order_by("name")
    )
    return HandOverFirst(list(left_alone)) if left_alone else None


@transaction.atomic
def ask(user: User, *, by: User, at: datetime) -> User:
    """Shut the account at once and owe its erasure, part by part; asking again changes nothing.

    The letter that says so is the last one; whatever else waits for this person is recalled. Raises StaffStay,
    HandOverFirst; then nothing was changed.
    """
    list(Organisation.objects.filter(memberships__user=user).order_by("pk").select_for_update(no_key=True))
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.erasure_asked_at:
        return user
    if problem := hindrance(user):
        raise problem
    for organisation in owners.organisations_ending_with(user):
        joining.revoke_all(organisation, by=user, at=at)
    for organisation in Organisation.objects.filter(memberships__user=user).order_by("pk"):
        joining.revoke_those_of(organisation, user, by=user, at=at)
    blanked.recall_to(addresses(user), at=at)
    last = letters.Draft(
        LETTER, user.email, {"name": str(user)}, user, f"erasure:{user.pk}",
        language=spoken(user.language), zone=user.time_zone,
    )  # fmt: skip
    letters.write_many([last], at=at)
    user.erasure_asked_at, user.is_active = at, False
    user.set_unusable_password()  # ends every session too: each carries a hash of the password
    user.save(update_fields=["erasure_asked_at", "is_active", "password"])
    Authenticator.objects.filter(user=user).delete()
    tokens.revoke_all(user, by=by, at=at)
    Erasure.objects.bulk_create(Erasure(user=user, part=part, owed_at=at + SETTLE) for part in Part)
    ledger.record(Event.USER_ERASURE_ASKED, subject=user, actor=by, at=at)
    return user


def pay(
    part: Part, forget: Forget, *, at: datetime, ready: models.Q | models.expressions.Combinable | None = None
) -> int:
    """Forget this part of everybody who is owed it, one transaction each; return how many.

    `forget` blanks what the app keeps. A person whose part fails stays owed, is logged, and holds up nobody else.
    """
    owed = Erasure.objects.owed(part, at).filter(models.Q() if ready is None else ready)
    paid, after = 0, 0
    while batch := list(owed.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        for after in batch:
            try:
                paid += _pay(after, forget, at)
            except Exception:
                log.exception("Erasure %s could not be finished; it stays owed.", after)
    return paid


@transaction.atomic
def _pay(pk: int, forget: Forget, at: datetime) -> bool:
    owed = (
        Erasure.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("user")
        .filter(pk=pk, paid_at=None)
        .first()
    )
    if owed is None:  # paid, or being paid, by somebody else
        return False
    forget(owed.user, at)
    owed.paid_at = at
    owed.save(update_fields=["paid_at"])
    ledger.record(Event.USER_PART_ERASED, subject=owed, actor=ACTOR, at=at, user=owed.user_id, part=owed.part)
    transaction.on_commit(partial(hints.later, "accounts.tasks.erase_owed"), robust=True)
    return True


def erase_owed(*, at: datetime) -> int:
    """Blank the letters once the last one is out, and the account once every other part is blanked."""
    last = blanked.on_their_way(LETTER).filter(
        about_type="accounts.user", about_id=Cast(OuterRef("user"), models.CharField())
    )
    others = Erasure.objects.filter(user=OuterRef("user"), paid_at=None).exclude(part=Part.ACCOUNT)
    return pay(Part.LETTERS, _forget_letters, at=at, ready=~Exists(last)) + pay(
        Part.ACCOUNT, _forget_account, at=at, ready=~Exists(others)
    )


def addresses(user: User) -> set[str]:
    """Return the addresses that are this person's: the one they sign in with, and those they proved.

    An address that was only typed in may be somebody else's, whose letters are none of this person's.
    """
    return {user.email} | addresses_of(User.objects.filter(pk=user.pk))


def addresses_of(people: models.QuerySet[User]) -> set[str]:
    """Return the addresses that are these people's, as `addresses` of each; three queries, however many they are."""
    users = people.order_by().values("pk")
    signs_in_with = people.order_by().values_list("email", flat=True)
    proved = EmailAddress.objects.filter(user__in=users, verified=True).values_list("email", flat=True)
    return {*signs_in_with, *proved, *_once_proved(people)}


def _once_proved(people: models.QuerySet[User]) -> models.QuerySet[OrganisationInvitation, str]:
    """Return the addresses at which somebody answered invitations, where nobody else has proved them since."""
    of_others = EmailAddress.objects.exclude(user=OuterRef("answered_by")).filter(verified=True)
    signed_in_with = User.objects.exclude(pk=OuterRef("answered_by"))
    return (
        OrganisationInvitation.objects.filter(answered_by__in=people.order_by().values("pk"))
        .exclude(Exists(of_others.annotate(lower=Lower("email")).filter(lower=OuterRef("email"))))
        .exclude(Exists(signed_in_with.filter(email=OuterRef("email"))))
        .values_list("email", flat=True)
    )


def _forget_letters(user: User, at: datetime) -> None:
    blanked.blank_to(addresses(user), at=at)
    blanked.blank_about(User.objects.filter(pk=user.pk), at=at)


def _forget_account(user: User, at: datetime) -> None:
    """Leave a tombstone. The letters once more: one may have been written since theirs were blanked."""
    _forget_letters(user, at)
    _leave_organisations(user, at)
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    ).update(object_repr=tombstone(user), change_message="")
    _end_sessions(user)
    user.groups.clear()
    user.tokens.update(name=tokens.BLANKED)
    blank = User()
    for field in User.PERSONAL_FIELDS:
        setattr(user, field, getattr(blank, field))
    user.email, user.last_login = tombstone(user), None
    user.set_unusable_password()
    user.erased_at = at
    user.save(update_fields=[*User.PERSONAL_FIELDS, "last_login", "password", "erased_at"])
    ledger.record(Event.USER_ERASED, subject=user, actor=ACTOR, at=at)


def tombstone(user: User) -> str:
    """Return what stands in the place of the address: `.invalid` is reserved, nobody can receive mail there."""
    return f"erased-{user.pk}@erased.invalid"


def _leave_organisations(user: User, at: datetime) -> None:
    """Leave every organisation; one that nobody is left in loses its name with its last member."""
    ending = owners.organisations_ending_with(user)
    Organisation.objects.filter(pk__in=list(ending.values_list("pk", flat=True))).update(
        name=ENDED_ORGANISATION, website=""
    )
    for organisation in Organisation.objects.filter(memberships__user=user).order_by("pk"):
        memberships.leave_with_account(organisation, by=user, at=at)
    joining.forget(user, addresses(user), instead=tombstone(user), at=at)


def _end_sessions(user: User) -> None:
    """Delete this person's sessions: they hold how, where and with which address somebody signed in."""
    UserSession.objects.filter(user=user).delete()
    Session.objects.filter(pk__in=sessions_of(user)).delete()


def sessions_of(user: User) -> list[str]:
    """Return the keys of all stored sessions of this person, those that no list has too."""
    return [
        session.pk
        for session in Session.objects.iterator(chunk_size=1000)
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]

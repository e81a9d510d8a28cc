"""Domains of an organisation: proved by an owner who reads mail there.

It says no more than that: more than one organisation may prove a domain (departments of one university do), and a
domain of a provider of mailboxes for everybody proves nothing.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from accounts.domain import organisations, people
from accounts.models import MemberRole, Organisation, OrganisationDomain, User
from audit import ledger
from audit.events import Event

log = logging.getLogger(__name__)

FREE_MAIL = Path(__file__).resolve().parent.parent / "data" / "free_mail.txt"


class NoAddressThere(Exception):
    def __init__(self, domain: str):
        super().__init__(
            _(
                "None of your confirmed addresses is at %(domain)s. Add one to your account and confirm it, "
                "then come back."
            )
            % {"domain": domain}
        )


class MailForEverybody(Exception):
    def __init__(self, domain: str):
        super().__init__(
            _("Anybody can have an address at %(domain)s, so it says nothing about an organisation.")
            % {"domain": domain}
        )


class NotVerified(Exception):
    def __init__(self) -> None:
        super().__init__(_("This domain is not verified any more. Nothing was changed."))


@transaction.atomic
def verify(organisation: Organisation, domain: str, *, by: User, at: datetime) -> OrganisationDomain:
    """Note that an owner reads mail at a domain; noting it again changes nothing.

    Raises NotAnOwner, MailForEverybody, NoAddressThere.
    """
    organisation = organisations.lock_as_owner(organisation, by)
    domain = domain.strip().lower().removeprefix("@").rstrip(".")
    if domain in free_mail():
        raise MailForEverybody(domain)
    if domain not in people.domains_of(by):
        raise NoAddressThere(domain)
    verified, is_new = OrganisationDomain.objects.get_or_create(
        organisation=organisation, domain=domain, ended_at=None,
        defaults={"verified_at": at, "verified_by": by},
    )  # fmt: skip
    if is_new:
        ledger.record(Event.DOMAIN_VERIFIED, subject=verified, actor=by, at=at, organisation=organisation.pk)
    return verified


@transaction.atomic
def give_up(verified: OrganisationDomain, *, by: User, at: datetime) -> OrganisationDomain:
    """Show a domain no longer. Raises NotAnOwner, NotVerified."""
    organisations.lock_as_owner(verified.organisation, by)
    verified = OrganisationDomain.objects.select_for_update().get(pk=verified.pk)
    if verified.ended_at is not None:
        raise NotVerified
    return _end(verified, by=by, at=at, reason="given_up")


def end_unproved(organisation: Organisation, *, by: ledger.Actor, at: datetime) -> int:
    """End the domains at which no owner has a confirmed address any more; the organisation is locked."""
    live = list(organisation.domains.filter(ended_at=None).order_by("domain"))
    if not live:
        return 0
    proved = people.domains_of(
        *User.objects.filter(memberships__organisation=organisation, memberships__role=MemberRole.OWNER)
    )
    ended = [verified for verified in live if verified.domain not in proved]
    for verified in ended:
        _end(verified, by=by, at=at, reason="no_owner_there")
    return len(ended)


def end_owed(*, at: datetime) -> int:
    """End the domains whose owner lost the address that proved them, or the account; return how many.

    Safe to run twice, and beside itself. An organisation that fails is logged, and holds up no other.
    """
    unproved = OrganisationDomain.objects.filter(~Exists(_proof()), ended_at=None)
    ended = 0
    for pk in list(unproved.order_by("organisation").values_list("organisation", flat=True).distinct()):
        try:
            with transaction.atomic():
                organisation = organisations.lock(Organisation(pk=pk))
                ended += end_unproved(organisation, by="beat", at=at)
        except Exception:
            log.exception("Unproved domains of organisation %s could not be ended", pk)
    return ended


def of(organisation: Organisation) -> list[OrganisationDomain]:
    """Return the domains an organisation has proved and an owner still proves, by name."""
    return list(organisation.domains.filter(Exists(_proof()), ended_at=None).order_by("domain"))


def _proof() -> QuerySet[EmailAddress]:
    """Return the confirmed addresses of owners that prove the domain of the outer row."""
    return EmailAddress.objects.filter(
        verified=True,
        user__is_active=True,
        user__memberships__organisation=OuterRef("organisation"),
        user__memberships__role=MemberRole.OWNER,
        email__iendswith=Concat(Value("@"), OuterRef("domain")),
    )


def to_claim(user: User, known: Iterable[OrganisationDomain]) -> list[str]:
    """Return the domains this person could prove and that are not known yet."""
    return sorted(people.domains_of(user) - {verified.domain for verified in known} - free_mail())


@cache
def free_mail() -> frozenset[str]:
    """Return the domains at which anybody can have an address; the file says where they come from."""
    lines = FREE_MAIL.read_text().splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _end(verified: OrganisationDomain, *, by: ledger.Actor, at: datetime, reason: str) -> OrganisationDomain:
    verified.ended_at = at
    verified.save(update_fields=["ended_at"])
    ledger.record(Event.DOMAIN_ENDED, subject=verified, actor=by, at=at, reason=reason)
    return verified

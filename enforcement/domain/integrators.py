"""Integrators' tokens: made, shown once, revoked. The gateways know the living ones, see gateway/integrators.py."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import secrets
from accounts.models import User
from accounts.secrets import Secret
from audit import ledger
from audit.events import Event
from enforcement.domain import webhooks
from enforcement.models import Integrator, Webhook
from enforcement.permissions import may_run_gateway

NAME_MOST = 80
MOST_LIVE = 50  # every gateway process holds them all


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(_("Only who runs the gateway makes and revokes the tokens of integrators."))


class BadIntegrator(Exception):
    """What was asked for cannot be an integrator; the sentence says why."""


def prefix() -> str:
    return f"{settings.KEY_PREFIX}_int_"


@sensitive_variables("secret", "pepper")
@transaction.atomic
def make(*, name: str, by: User, at: datetime) -> tuple[Integrator, Secret]:
    """Make a token and return it with its secret: the only time that exists in clear.

    Raises NotForYou, BadIntegrator.
    """
    if not may_run_gateway(by):
        raise NotForYou
    with connection.cursor() as cursor:  # two at once: the second sees the first one's name
        cursor.execute("LOCK TABLE enforcement_integrator IN SHARE ROW EXCLUSIVE MODE")
    name = name.replace("\0", "").strip()
    if not 1 <= len(name) <= NAME_MOST:
        raise BadIntegrator(_("Give it a name of at most %(most)s characters.") % {"most": NAME_MOST})
    live = Integrator.objects.live()
    if live.filter(name=name).exists():
        raise BadIntegrator(
            _("There is an integrator called “%(name)s”. Choose another name, or revoke that one first.")
            % {"name": name}
        )
    if live.count() >= MOST_LIVE:
        raise BadIntegrator(
            _("There are %(most)s integrators, as many as there may be. Revoke one first.")
            % {"most": MOST_LIVE}
        )
    secret = secrets.mint(prefix())
    label, pepper = next(iter(settings.KEY_PEPPERS.items()))
    made = Integrator.objects.create(
        name=name,
        pepper=label,
        digest=secrets.digest(secret, pepper),
        hint=secrets.hint_of(secret),
        made_at=at,
        made_by=by,
    )
    ledger.record(Event.INTEGRATOR_MADE, subject=made, actor=by, at=at)
    return made, secret


@transaction.atomic
def mark(integrator: Integrator, *, is_partner: bool, by: User, at: datetime) -> Integrator:
    """Say whether what a living one flags from now on counts as a trusted partner's; twice is once.

    Raises NotForYou, BadIntegrator.
    """
    if not may_run_gateway(by):
        raise NotForYou
    integrator = Integrator.objects.select_for_update(no_key=True).get(pk=integrator.pk)
    if integrator.revoked_at is not None:
        raise BadIntegrator(
            _("“%(integrator)s” is revoked: it flags nothing any more.") % {"integrator": integrator}
        )
    if integrator.is_partner != is_partner:
        integrator.is_partner = is_partner
        integrator.save(update_fields=["is_partner"])
        ledger.record(Event.INTEGRATOR_MARKED, subject=integrator, actor=by, at=at, is_partner=is_partner)
    return integrator


@transaction.atomic
def revoke(integrator: Integrator, *, by: User, at: datetime) -> Integrator:
    """End a token for good, within a second on every gateway; twice is once. Raises NotForYou."""
    if not may_run_gateway(by):
        raise NotForYou
    integrator = Integrator.objects.select_for_update().get(pk=integrator.pk)
    if integrator.revoked_at is None:
        integrator.revoked_at, integrator.revoked_by = at, by
        integrator.save(update_fields=["revoked_at", "revoked_by"])
        ledger.record(Event.INTEGRATOR_REVOKED, subject=integrator, actor=by, at=at)
        webhooks.end(Webhook.objects.filter(integrator=integrator), by=by, at=at)
    return integrator


def used(moments: Mapping[int, datetime]) -> int:
    """Move the last use of these integrators (by primary key) forward; return how many moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE enforcement_integrator AS i SET last_used_at = least(seen.at, clock_timestamp())
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS seen(id, at)
               WHERE i.id = seen.id
               AND (i.last_used_at IS NULL OR i.last_used_at < least(seen.at, clock_timestamp()))""",
            [list(moments), list(moments.values())],
        )
        return cursor.rowcount

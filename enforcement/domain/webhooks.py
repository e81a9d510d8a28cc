"""Webhooks: addresses that are told what happens to access. What happened is read from the ledger, so nothing that
is recorded there goes untold, and nothing is told that was rolled back. Sending is `posting`'s.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.encryption import box
from accounts.models import Owner, User
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from enforcement import outgoing
from enforcement.models import Integrator, Webhook, WebhookDelivery
from enforcement.outgoing import Network
from enforcement.permissions import may_manage_webhook, may_manage_webhooks_of, may_run_gateway
from enforcement.states import WebhookStop

MOST = 10  # living ones of one owner or integrator
MOST_A_DAY = 20  # added for one owner or integrator, those switched off since among them
OVERLAP = timedelta(hours=24)  # how long a replaced secret signs beside the new one
KEPT = timedelta(days=30)  # a delivery that is over, and its tries
LATE = "1 hour"  # no transaction is open so long: what is older and not in the ledger now never will be

# What is told, under the ledger's own names. Of the ledger's rows about a grant, or a key of one.
TOLD: tuple[Event, ...] = (
    Event.GRANT_GIVEN, Event.GRANT_SUSPENDED, Event.GRANT_RESUMED, Event.GRANT_REVOKED, Event.GRANT_EXPIRED,
    Event.GRANT_RAISED, Event.GRANT_AMENDED, Event.GRANT_RENEWED, Event.GRANT_RECONDITIONED,
    Event.GRANT_LIMITED, Event.GRANT_UNLIMITED, Event.GRANT_HELD_BY_SANCTION, Event.GRANT_LET_GO,
    Event.GRANT_TIME_GIVEN_BACK,
    Event.KEY_HELD_BY_SANCTION, Event.KEY_LET_GO,
    Event.KEY_ISSUED, Event.KEY_OPENED, Event.KEY_ROTATED, Event.KEY_SECRET_ENDED, Event.KEY_SUSPENDED,
    Event.KEY_RESUMED, Event.KEY_PROLONGED, Event.KEY_REVOKED, Event.KEY_EXPIRED,
)  # fmt: skip

OWE = """
    INSERT INTO enforcement_webhookdelivery (webhook_id, entry, message_id, type, payload, owed_at, due_at, tries)
    SELECT w.id, e.id, 'msg_' || replace(gen_random_uuid()::text, '-', ''), e.event,
        jsonb_build_object('type', e.event, 'data', jsonb_strip_nulls(jsonb_build_object('owner', o.public_id,
                'grant', g.public_id, 'key', k.key_id, 'program', p.slug, 'environment', k.environment)),
            'timestamp', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
        %(at)s, %(at)s, 0
    FROM audit_ledgerentry e
        LEFT JOIN onboarding_key k ON e.subject_type = 'onboarding.key' AND k.id = e.subject_id::bigint
        JOIN onboarding_grant g ON g.id = CASE e.subject_type
            WHEN 'onboarding.grant' THEN e.subject_id::bigint WHEN 'onboarding.key' THEN k.grant_id END
        JOIN onboarding_program p ON p.id = g.program_id
        JOIN accounts_owner o ON o.id = g.owner_id
        JOIN enforcement_webhook w ON w.stopped_at IS NULL AND e.id > w.heard_to AND e.recorded_at >= w.made_at
            AND (w.owner_id = o.id OR EXISTS (SELECT FROM enforcement_integrator i
                WHERE i.id = w.integrator_id AND i.revoked_at IS NULL))
    WHERE e.id > (SELECT min(heard_to) FROM enforcement_webhook WHERE stopped_at IS NULL)
        AND e.event = ANY(%(told)s) AND e.subject_type IN ('onboarding.grant', 'onboarding.key')
    ORDER BY e.id
    ON CONFLICT (webhook_id, entry) DO NOTHING"""

# An entry may be committed after one with a larger id: only what is old enough is behind us.
HEARD = f"""
    UPDATE enforcement_webhook SET heard_to = done.id
    FROM (SELECT max(id) AS id FROM audit_ledgerentry
        WHERE id > (SELECT min(heard_to) FROM enforcement_webhook WHERE stopped_at IS NULL)
        AND recorded_at < clock_timestamp() - interval '{LATE}') AS done
    WHERE stopped_at IS NULL AND done.id > heard_to"""


class NotForYou(Exception):
    def __init__(self) -> None:
        super().__init__(_("This address is not yours to change."))


class TooMany(Exception):
    def __init__(self) -> None:
        super().__init__(
            _("%(most)d addresses are as many as there may be. Switch one off first.") % {"most": MOST}
        )


class TooOften(Exception):
    def __init__(self) -> None:
        super().__init__(
            _(
                "%(most)d addresses were added within a day. Wait until tomorrow, or switch one of yours on again."
            )
            % {"most": MOST_A_DAY}
        )


class NothingToReplay(Exception):
    def __init__(self) -> None:
        super().__init__(_("This message is still on its way: there is nothing to send again yet."))


def private_networks(webhook: Webhook) -> Sequence[Network]:
    """Return the networks of ours that an integrator's address may be in; an owner's never is."""
    return () if webhook.integrator_id is None else [ip_network(each) for each in settings.WEBHOOK_NETWORKS]


@sensitive_variables("secret")
def add(
    url: str, *, by: User, at: datetime, owner: Owner | None = None, integrator: Integrator | None = None
) -> tuple[Webhook, str]:
    """Add an address of an owner, or of an integrator; return it with its secret. It hears what happens from now on.

    Raises NotForYou, TooMany, TooOften, BadAddress.
    """
    _may_have_another(by, owner, integrator, at)
    secret = mint()
    webhook = Webhook(owner=owner, integrator=integrator, url=url.strip(), secret=closed(secret))
    private = private_networks(webhook)
    # Before anything is locked: the name server is whoever's who asks, and may take its time.
    outgoing.resolved(outgoing.parted(webhook.url, private=private), private=private)
    with transaction.atomic():
        if owner is not None:
            Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if integrator is not None:
            integrator = Integrator.objects.select_for_update(no_key=True).get(pk=integrator.pk)
        _may_have_another(by, owner, integrator, at)
        webhook.made_at, webhook.made_by, webhook.heard_to = at, by, _newest_entry()
        webhook.save()
        ledger.record(Event.WEBHOOK_ADDED, subject=webhook, actor=by, at=at)
    return webhook, secret


def _may_have_another(by: User, owner: Owner | None, integrator: Integrator | None, at: datetime) -> None:
    allowed = may_manage_webhooks_of(by, owner) if owner else may_run_gateway(by)
    if not allowed or (integrator is not None and integrator.revoked_at is not None):
        raise NotForYou
    theirs = Webhook.objects.filter(owner=owner, integrator=integrator)
    if theirs.live().count() >= MOST:
        raise TooMany
    if theirs.filter(made_at__gt=at - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooOften


@sensitive_variables("secret")
@transaction.atomic
def rotate(webhook: Webhook, *, by: User, at: datetime) -> str:
    """Return a new secret; the one before it signs beside it for a day. Raises NotForYou."""
    webhook = _locked(webhook, by)
    secret = mint()
    webhook.old_secret, webhook.old_until = webhook.secret, at + OVERLAP
    webhook.secret = closed(secret)
    webhook.save(update_fields=["secret", "old_secret", "old_until"])
    ledger.record(Event.WEBHOOK_ROTATED, subject=webhook, actor=by, at=at)
    return secret


@transaction.atomic
def stop(webhook: Webhook, *, by: User, at: datetime) -> Webhook:
    """Send nothing there any more; what is owed is given up. Twice is once. Raises NotForYou."""
    webhook = _locked(webhook, by)
    if webhook.stopped_at is None:
        give_up(webhook, because=WebhookStop.ASKED, by=by, at=at)
    return webhook


@transaction.atomic
def resume(webhook: Webhook, *, by: User, at: datetime) -> Webhook:
    """Tell it again what happens from now on. Raises NotForYou, also for an integrator that was revoked; TooMany."""
    if webhook.integrator_id is not None:  # before the address itself, as who revokes it does
        holder = Integrator.objects.select_for_update(no_key=True).get(pk=webhook.integrator_id)
        if holder.revoked_at is not None:
            raise NotForYou
    webhook = _locked(webhook, by)
    if webhook.stopped_at is not None:
        if Webhook.objects.live().filter(owner=webhook.owner, integrator=webhook.integrator).count() >= MOST:
            raise TooMany
        webhook.stopped_at, webhook.stopped_because, webhook.failing_since = None, "", None
        webhook.heard_to = _newest_entry()
        webhook.save(update_fields=["stopped_at", "stopped_because", "failing_since", "heard_to"])
        ledger.record(Event.WEBHOOK_RESUMED, subject=webhook, actor=by, at=at)
    return webhook


@transaction.atomic
def replay(delivery: WebhookDelivery, *, by: User, at: datetime) -> WebhookDelivery:
    """Owe a message that was delivered or given up again, under its own id. Raises NotForYou, NothingToReplay."""
    webhook = _locked(delivery.webhook, by)
    delivery = webhook.deliveries.select_for_update().get(pk=delivery.pk)
    if webhook.stopped_at is not None or (delivery.delivered_at is None and delivery.given_up_at is None):
        raise NothingToReplay
    delivery.delivered_at, delivery.given_up_at, delivery.tries, delivery.due_at = None, None, 0, at
    delivery.save(update_fields=["delivered_at", "given_up_at", "tries", "due_at"])
    ledger.record(Event.WEBHOOK_REPLAYED, subject=webhook, actor=by, at=at, message=delivery.message_id)
    return delivery


@transaction.atomic
def owe(*, at: datetime) -> int:
    """Owe to every living address what the ledger says happened since; return how many. Safe to run twice."""
    with connection.cursor() as cursor:
        cursor.execute(OWE, {"at": at, "told": [str(event) for event in TOLD]})
        owed = cursor.rowcount
        cursor.execute(HEARD)
    return owed


def give_up(webhook: Webhook, *, because: WebhookStop, by: ledger.Actor, at: datetime) -> None:
    """Stop a locked address, and what is owed to it."""
    webhook.stopped_at, webhook.stopped_because = at, because
    webhook.save(update_fields=["stopped_at", "stopped_because"])
    webhook.deliveries.owed().update(given_up_at=at)
    ledger.record(Event.WEBHOOK_STOPPED, subject=webhook, actor=by, at=at, reason=because)


@transaction.atomic
def end(rows: QuerySet[Webhook], *, by: ledger.Actor, at: datetime) -> None:
    """Stop these addresses: the account they belong to is going."""
    for webhook in rows.filter(stopped_at=None).select_for_update(of=("self",)):
        give_up(webhook, because=WebhookStop.ASKED, by=by, at=at)


def drop_old(*, at: datetime) -> int:
    """Delete messages that are over and older than KEPT, with their tries; return how many."""
    over = Q(delivered_at__isnull=False) | Q(given_up_at__isnull=False)
    old = WebhookDelivery.objects.filter(over, owed_at__lt=at - KEPT).order_by("owed_at")
    pks = list(old.values_list("pk", flat=True)[:5000])
    WebhookDelivery.objects.filter(pk__in=pks).delete()
    return len(pks)


def reseal() -> int:
    """Close every secret with the newest key again; return how many. Safe to run twice; then older keys may go.

    A secret whose key is gone already is left: its address says that it wants a new one.
    """
    changed = 0
    for pk in Webhook.objects.exclude(secret="").order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Webhook.objects.select_for_update(of=("self",)).get(pk=pk)
            try:
                row.secret = box().rotate(row.secret.encode()).decode()
                row.old_secret = box().rotate(row.old_secret.encode()).decode() if row.old_secret else ""
            except InvalidToken:
                continue
            row.save(update_fields=["secret", "old_secret"])
            changed += 1
    return changed


def mint() -> str:
    """Return a secret in the form of Standard Webhooks: 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@sensitive_variables("secret")
def closed(secret: str) -> str:
    return box().encrypt(secret.encode()).decode()


def _newest_entry() -> int:
    return LedgerEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _locked(webhook: Webhook, by: User) -> Webhook:
    webhook = (
        Webhook.objects.select_for_update(of=("self",))
        .select_related("owner", "integrator")
        .get(pk=webhook.pk)
    )
    if not may_manage_webhook(by, webhook):
        raise NotForYou
    return webhook

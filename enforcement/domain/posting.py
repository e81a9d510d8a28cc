"""Send what is owed to webhooks, signed as Standard Webhooks says, and try again over three days."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils.translation import gettext_noop
from standardwebhooks import Webhook as Signer

from accounts.encryption import box
from enforcement import outgoing
from enforcement.domain import webhooks
from enforcement.models import Webhook, WebhookDelivery, WebhookTry
from enforcement.outgoing import Network, Said
from enforcement.states import WebhookStop

# What Standard Webhooks recommends: right away, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
WAITS = tuple(
    timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
PATIENCE = timedelta(days=3)  # of only failures; then the address is stopped
LEASE = timedelta(minutes=2)  # a try that was not heard of again in this time counts as lost
AT_ONCE = 8  # addresses asked at the same moment
GONE = 410


@dataclass(frozen=True)
class Parcel:
    """One message, signed and ready, so that a thread needs no database."""

    delivery: int
    webhook: int
    url: str
    body: bytes
    headers: dict[str, str]
    private: Sequence[Network]


def send_owed(*, at: datetime) -> int:
    """Send what is due; return how many arrived. May run twice and beside itself.

    A crash after sending and before recording sends once more, under the same id, by which the receiver knows it.
    An address gets one message after another, and no second one in this run once one failed.
    """
    arrived, failed = 0, set[int]()
    while done := send_round(at=at, failed=failed):
        arrived += sum(done)
    return arrived


def send_round(*, at: datetime, failed: set[int]) -> list[bool]:
    """Send one message to each of a few addresses; return of each whether it arrived, nothing where nothing is due.

    `failed` holds the addresses to pass by, and is added to. The signatures are of `at`: it must be now.
    """
    done = []
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        sending = {pool.submit(_send, each): each for each in _taken(at, but=failed)}
        for each in as_completed(
            sending
        ):  # a slow address must not keep what came of the others from being kept
            parcel, said = sending[each], each.result()
            _record(parcel, said, at)
            done.append(said.is_delivered)
            if not said.is_delivered:
                failed.add(parcel.webhook)
    return done


@transaction.atomic
def _taken(at: datetime, *, but: set[int]) -> list[Parcel]:
    """Take the first due message of each of some addresses: whoever looks beside us does not see them for a while."""
    due = (
        WebhookDelivery.objects.owed()
        .filter(due_at__lte=at, webhook__stopped_at=None)
        .exclude(webhook__in=but)
    )
    # One each, however many one address is owed: it must not fill the round.
    first = due.order_by("webhook_id", "due_at", "id").distinct("webhook_id").values_list("due_at", "pk")
    chosen = [pk for _, pk in sorted(first)[:AT_ONCE]]
    taken = list(
        due.filter(pk__in=chosen).select_related("webhook").select_for_update(of=("self",), skip_locked=True)
    )
    for delivery in taken:
        delivery.due_at = at + LEASE
        delivery.save(update_fields=["due_at"])
    return [parcel(each, at=at) for each in taken]


def parcel(delivery: WebhookDelivery, *, at: datetime) -> Parcel:
    """Return the message as it is sent: its bytes, and the signature over id, time and bytes."""
    webhook, body = delivery.webhook, json.dumps(delivery.payload, separators=(",", ":"))
    given = [webhook.secret]
    if webhook.old_until is not None and webhook.old_until > at:
        given.append(webhook.old_secret)
    try:
        secrets = [box().decrypt(each.encode()).decode() for each in given]
    except InvalidToken:  # the key it was closed with is gone
        secrets = []
    signatures = [Signer(secret).sign(delivery.message_id, at, body) for secret in secrets]
    headers = {
        "content-type": "application/json",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    private = webhooks.private_networks(webhook)
    return Parcel(delivery.pk, webhook.pk, webhook.url if signatures else "", body.encode(), headers, private)


def _send(parcel: Parcel) -> Said:
    if not parcel.url:
        return Said(None, gettext_noop("Its secret cannot be opened any more: give it a new one."), 0)
    return outgoing.post(parcel.url, parcel.body, parcel.headers, private=parcel.private)


@transaction.atomic
def _record(parcel: Parcel, said: Said, at: datetime) -> None:
    """Write down what came of a try."""
    webhook = Webhook.objects.select_for_update(of=("self",)).get(pk=parcel.webhook)
    delivery = WebhookDelivery.objects.select_for_update().get(pk=parcel.delivery)
    WebhookTry.objects.create(
        delivery=delivery, at=at, status=said.status, problem=said.problem, milliseconds=said.milliseconds
    )
    delivery.tries += 1
    if said.is_delivered:
        delivery.delivered_at, delivery.given_up_at = at, None
        webhook.failing_since = None
    else:
        webhook.failing_since = webhook.failing_since or at
        if delivery.tries > len(WAITS):
            delivery.given_up_at = at
        else:
            delivery.due_at = at + WAITS[delivery.tries - 1]
    if delivery.delivered_at is None and webhook.stopped_at is not None:
        delivery.given_up_at = delivery.given_up_at or at
    delivery.save(update_fields=["tries", "delivered_at", "given_up_at", "due_at"])
    webhook.save(update_fields=["failing_since"])
    if webhook.stopped_at is None and (because := _hopeless(webhook, said, at)):
        webhooks.give_up(webhook, because=because, by="enforcement", at=at)


def _hopeless(webhook: Webhook, said: Said, at: datetime) -> WebhookStop | None:
    if said.status == GONE:
        return WebhookStop.GONE
    if webhook.failing_since is not None and webhook.failing_since <= at - PATIENCE:
        return WebhookStop.FAILING
    return None

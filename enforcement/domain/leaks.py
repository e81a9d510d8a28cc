"""Secrets that were found in public, as partners of secret scanning report them: ended in a minute, told, flagged.

The form is GitHub's for its partners: a signed list of tokens with where each was found; the answer says of each
whether it was one of ours. (docs.github.com, "Secret scanning partner program")
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from audit import ledger
from audit.events import Event
from enforcement.domain import flags, owed
from enforcement.models import LeakReport, LeakRule
from enforcement.permissions import may_set_emergencies
from enforcement.states import FlagSource, LeakAct
from onboarding.domain import keys, secrets
from onboarding.domain.programs import SayWhy
from onboarding.models import Secret
from outbox import hints
from policies.states import Severity

REASON_MOST = 300
RULE = "leaked_secret"  # the code of the flag


class NotYoursToSet(Exception):
    def __init__(self) -> None:
        super().__init__(_("A policy editor or an onboarding manager sets this."))


class BadRule(Exception):
    """An act nobody knows, or words too long; says which."""


class NotSigned(Exception):
    """Nobody we know signed it."""


@dataclass(frozen=True)
class Found:
    """One token of a report."""

    token: secrets.Secret
    kind: str
    place: str
    source: str


def signer(body: bytes, *, key: str, signature: str) -> str:
    """Return the name of the public key that signed these bytes (ECDSA, P-256, SHA-256). Raises NotSigned.

    Keys are configured, LEAK_PUBLIC_KEYS: nothing is fetched while a request waits.
    """
    known = settings.LEAK_PUBLIC_KEYS.get(key)
    if known is None:
        raise NotSigned
    public = load_der_public_key(base64.b64decode(known))
    try:
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise NotSigned
        public.verify(base64.b64decode(signature, validate=True), body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise NotSigned from None
    return key


@sensitive_variables("found", "each", "digests", "ours")
def report(found: Iterable[Found], *, reporter: str, at: datetime) -> list[bool]:
    """Write down which of these are ours, and owe what follows; return of each whether it is. Twice is once."""
    found = list(found)
    digests = [
        [digest for _, digest in secrets.candidates(each.token)] if secrets.is_well_formed(each.token) else []
        for each in found
    ]
    ours = Secret.objects.in_bulk([one for many in digests for one in many], field_name="digest")
    known = [next((ours[one] for one in many if one in ours), None) for many in digests]
    LeakReport.objects.bulk_create(
        [
            LeakReport(
                secret=secret, reporter=reporter, place=each.place[:500], kind=each.source[:40],
                place_digest=hashlib.sha256(each.place.encode()).hexdigest(), reported_at=at,
            )
            for each, secret in zip(found, known, strict=True)
            if secret is not None
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    transaction.on_commit(partial(hints.later, "enforcement.tasks.handle_leaks"), robust=True)
    return [secret is not None for secret in known]


def handle_owed(*, at: datetime) -> int:
    """Deal with every report that is owed, each in a transaction of its own; return how many. Safe to run twice."""
    waiting = LeakReport.objects.owed().order_by("pk")
    return owed.settle_each(waiting, lambda pk: _handle(pk, at), what="The report of a leak")


@transaction.atomic
def _handle(pk: int, at: datetime) -> bool:
    row = (
        LeakReport.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("secret__key__grant__owner", "secret__key__grant__application")
        .filter(pk=pk, handled_at=None)
        .first()
    )
    if row is None:
        return False
    key, act = row.secret.key, in_force()
    flags.record(
        source=FlagSource.LEAK, owner=None, key=key, rule=RULE, rule_version=1, severity=Severity.UNPLEASANT,
        figures={"place": row.kind, "reporter": row.reporter, "secret": row.secret.number},
        by="enforcement", at=at, idempotency=f"leak:{row.pk}",
    )  # fmt: skip
    worked = keys.end_leaked(
        row.secret, whole_key=act == LeakAct.REVOKE, place=row.place, by="enforcement", at=at
    )
    row.handled_at, row.did = at, act if worked else ""
    row.save(update_fields=["handled_at", "did"])
    ledger.record(Event.LEAK_HANDLED, subject=row, actor="enforcement", at=at, did=row.did, key=key.key_id)
    return True


def in_force() -> LeakAct:
    """Return what happens to a leaked secret now."""
    newest = LeakRule.objects.order_by("-id").first()
    return LeakAct(newest.act) if newest else LeakAct.END_SECRET


@transaction.atomic
def set_rule(act: str, *, by: User, at: datetime, reason: str) -> LeakRule:
    """Say what happens to a leaked secret from now on. Raises NotYoursToSet, SayWhy, BadRule."""
    if not may_set_emergencies(by):
        raise NotYoursToSet
    reason = " ".join(reason.replace("\0", "").split())
    if not reason:
        raise SayWhy
    if act not in LeakAct.values or len(reason) > REASON_MOST:
        raise BadRule(
            _("Choose what is to happen, and say why in at most %(most)s characters.") % {"most": REASON_MOST}
        )
    made = LeakRule.objects.create(act=act, reason=reason, set_by=by, set_at=at)
    ledger.record(Event.LEAK_RULE_SET, subject=made, actor=by, at=at, reason=ledger.digest(reason), act=act)
    return made

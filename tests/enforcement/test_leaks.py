"""Secrets found in public: signed reports, ended at once, told, flagged, and never kept."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection

from audit import clock
from audit.events import Event
from audit.models import LedgerEntry
from enforcement.domain import leaks
from enforcement.models import Flag, LeakReport
from onboarding.domain import keys, secrets
from onboarding.models import Key
from outbox.models import Letter
from tests.factories import accept_guidelines, make_manager, make_reviewer, make_secret

PLACE = "https://example.org/repo/blob/main/.env#L3"


class Scanner:
    """Who reports, with a key pair of its own."""

    def __init__(self, client, settings) -> None:
        self.client, self.key = client, ec.generate_private_key(ec.SECP256R1())
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        settings.LEAK_PUBLIC_KEYS = {"k1": base64.b64encode(public).decode()}

    def report(self, *tokens: str, **changed):
        said = [{"token": each, "type": "gatehouse", "url": PLACE, "source": "content"} for each in tokens]
        return self.send(json.dumps(said).encode(), **changed)

    def send(
        self, body: bytes, *, key: str = "k1", signed: bytes | None = None, signature: str | None = None
    ):
        made = self.key.sign(signed if signed is not None else body, ec.ECDSA(hashes.SHA256()))
        return self.client.post(
            "/leaks/report/",
            body,
            content_type="application/json",
            headers={
                "Github-Public-Key-Identifier": key,
                "Github-Public-Key-Signature": base64.b64encode(made).decode()
                if signature is None
                else signature,
            },
        )


@pytest.fixture
def scanner(client, settings):
    return Scanner(client, settings)


@pytest.fixture
def leaked(db):
    """An opened key and its secret."""
    return make_secret(at=clock.now())


def handle() -> int:
    return leaks.handle_owed(at=clock.now())


def test_the_answer_says_which_token_is_ours_by_hash_and_never_repeats_one(scanner, leaked):
    stranger = secrets.mint("live")

    answer = scanner.report(leaked[1], stranger, "AKIA0000000000000000")

    hashed = base64.b64encode(hashlib.sha256(leaked[1].encode()).digest()).decode()
    labels = [each["label"] for each in answer.json()]
    assert labels == ["true_positive", "false_positive", "false_positive"]
    assert answer.json()[0] == {"token_hash": hashed, "token_type": "gatehouse", "label": "true_positive"}
    assert leaked[1] not in answer.content.decode()


def test_a_leaked_secret_ends_its_owner_is_told_where_and_a_person_looks(scanner, leaked):
    scanner.report(leaked[1])

    handled = handle()

    key = Key.objects.get(pk=leaked[0].pk)
    letter = Letter.objects.get(kind="onboarding/key_leaked")
    assert (handled, key.state, key.secrets.get().ended_at is not None) == (1, "active", True)
    assert (PLACE in letter.text, leaked[1] in letter.text) == (True, False)
    assert (Flag.objects.get().source, Flag.objects.get().case.state) == ("leak", "open")
    wanted = {Event.LEAK_HANDLED, Event.KEY_SECRET_ENDED, Event.FLAG_RAISED}
    assert wanted <= set(LedgerEntry.objects.values_list("event", flat=True))


def test_the_same_report_again_and_the_payer_twice_change_nothing_more(scanner, leaked):
    answers = [scanner.report(leaked[1]).json() for _ in range(2)]

    handled = [handle(), handle()]

    assert (answers[0], handled) == (answers[1], [1, 0])
    told = Letter.objects.filter(kind="onboarding/key_leaked").count()
    assert (LeakReport.objects.count(), Flag.objects.count(), told) == (1, 1, 1)


def test_a_key_whose_secret_leaked_is_given_a_new_one_and_stays_the_same_key(scanner, leaked):
    key, old = leaked
    accept_guidelines(key.grant.application.applicant)
    scanner.report(old)
    handle()

    new = keys.rotate(
        Key.objects.get(pk=key.pk), overlap="day", seen=1, by=key.grant.application.applicant, at=clock.now()
    )

    live = Key.objects.get(pk=key.pk).secrets.live().get()
    assert (live.number, new == old, live.digest in [each for _, each in secrets.candidates(new)]) == (
        2,
        False,
        True,
    )
    assert Key.objects.get(pk=key.pk).secrets.get(number=1).expires_at is None


def test_where_a_manager_set_so_the_key_is_revoked(scanner, leaked):
    leaks.set_rule("revoke", by=make_manager("mona"), at=clock.now(), reason="Two misused ones this month.")
    scanner.report(leaked[1])

    handle()

    assert (Key.objects.get(pk=leaked[0].pk).state, LeakReport.objects.get().did) == ("revoked", "revoke")


def test_only_who_may_sets_what_happens_and_says_why(db):
    refused = []
    for by, reason, act in (
        (make_reviewer(), "x", "revoke"),
        (make_manager(), " ", "revoke"),
        (make_manager("d2"), "x", "?"),
    ):
        try:
            leaks.set_rule(act, by=by, at=clock.now(), reason=reason)
        except Exception as error:
            refused.append(type(error).__name__)

    assert refused == ["NotYoursToSet", "SayWhy", "BadRule"]


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "k2"},
        {"key": ""},
        {"signed": b"other"},
        {"signature": ""},
        {"signature": "AAAA"},
        {"signature": "é"},
    ],
)
def test_what_nobody_we_know_signed_is_refused_and_changes_nothing(scanner, leaked, changed):
    answer = scanner.report(leaked[1], **changed)

    assert (answer.status_code, LeakReport.objects.exists()) == (401, False)


@pytest.mark.parametrize(
    "body",
    [b" ", b"nonsense", b"{}", b"[1]", b'[{"type": "x"}]', b'[{"token": 5}]', b'[{"token": "\\ud800"}]',
     b'[{"token": "a\\u0000b"}]', b"[" * 100_000, b'[{"token": "%s"}]' % (b"a" * 5000),
     json.dumps([{"token": "a"}] * 1001).encode()],
    ids=["empty", "words", "object", "number", "no token", "number token", "surrogate", "nul", "deep", "long", "many"],
)  # fmt: skip
def test_a_signed_report_that_cannot_be_read_gets_a_sentence(scanner, db, body):
    answer = scanner.send(body)

    assert (answer.status_code, "Send a list" in answer.json()["detail"]) == (422, True)


def test_a_report_that_is_too_large_is_refused_before_it_is_read(scanner, db):
    assert scanner.send(b" " * 1_000_001).status_code == 413


def test_the_token_is_in_no_table_and_in_no_log(scanner, leaked, caplog):
    scanner.report(leaked[1])
    handle()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row::text, ' ') FROM enforcement_leakreport row")
        kept = cursor.fetchone()[0]

    assert (leaked[1] in kept, leaked[1] in caplog.text, PLACE in kept) == (False, False, True)

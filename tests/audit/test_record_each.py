import pytest

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from tests.factories import MONDAY, make_user

pytestmark = pytest.mark.django_db
KEPT = ("at", "event", "subject_type", "subject_id", "actor", "reason", "details")


def test_rows_known_by_number_are_recorded_as_record_many_would():
    alice, bob, sam = (make_user(name) for name in ("alice", "bob", "sam"))
    each = {alice.pk: {"grant": 1, "said": "O'Brien \\ <b>"}, bob.pk: {}}
    same = {"actor": sam, "at": MONDAY, "reason": "a_code"}

    ledger.record_each(Event.USER_JOINED, subject=User, each=each, **same)

    ledger.record_many(Event.USER_JOINED, subjects=[alice, bob], each=each, **same)
    rows = list(LedgerEntry.objects.order_by("id").values(*KEPT))
    assert rows[:2] == rows[2:]


@pytest.mark.django_db(transaction=True)
def test_rows_known_by_number_are_recorded_in_a_transaction_only():
    with pytest.raises(ledger.NotInATransaction):
        ledger.record_each(Event.USER_JOINED, subject=User, each={1: {}}, actor="test", at=MONDAY)

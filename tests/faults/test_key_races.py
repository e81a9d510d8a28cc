"""Keys under real processes: at once, each thing happens once."""

import pytest

from onboarding.models import Grant, Key
from outbox.models import Letter
from tests.factories import MONDAY, make_key, make_program, make_secret
from tests.processes import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
AT = MONDAY.isoformat()


def test_two_rotations_at_once_mint_one_secret():
    key, _ = make_secret()

    said = race(*[["rotate", str(key.pk), "1", AT]] * 4)

    assert sorted(said) == ["RotatedMeanwhile"] * 3 + ["rotated"]
    assert (key.secrets.count(), Letter.objects.filter(kind="onboarding/key_changed").count()) == (2, 1)


def test_opening_and_revoking_at_once_leave_no_live_secret():
    key = make_key()

    race(["open_key", str(key.pk), AT], ["revoke_key", str(key.pk), AT])

    assert (Key.objects.get().state, key.secrets.live().count()) == ("revoked", 0)


def test_rotating_and_revoking_at_once_leave_no_live_secret():
    key, _ = make_secret()

    race(["rotate", str(key.pk), "1", AT], ["revoke_key", str(key.pk), AT])

    assert (Key.objects.get().state, key.secrets.live().count()) == ("revoked", 0)


def test_ten_payers_and_four_who_ask_at_once_make_one_key_for_each_request():
    program = make_program()
    grants = [make_secret(program)[0].grant for _ in range(3)]
    asked = race(*[["ask_key", str(grant.pk), AT] for grant in grants for _ in range(2)])

    issued = race(*[["issue", AT]] * 10)

    assert (sorted(asked), sum(map(int, issued))) == (["asked"] * 3 + ["refused"] * 3, 3)
    assert sorted(Key.objects.values_list("grant", "request")) == sorted(
        (grant.pk, request) for grant in grants for request in (1, 2)
    )
    assert not Grant.objects.filter(key_owed=True).exists()

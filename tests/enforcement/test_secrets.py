"""The form of a secret."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain import secrets
from tests.processes import ROOT

places = st.integers(min_value=8, max_value=43)
characters = st.sampled_from(secrets.ALPHABET)


@given(st.sampled_from(["test", "live"]))
def test_what_is_minted_is_well_formed(environment):
    secret = secrets.mint(environment)

    assert re.fullmatch(rf"gh_{environment}_[0-9A-Za-z]{{36}}", secret)
    assert secrets.is_well_formed(secret)


@given(places, characters)
def test_one_wrong_character_is_seen_by_the_checksum(place, character):
    secret = secrets.mint("live")
    typo = secret[:place] + character + secret[place + 1 :]

    assert secrets.is_well_formed(typo) is (typo == secret)


@given(st.integers(min_value=8, max_value=36))
def test_two_swapped_neighbours_are_seen_by_the_checksum(place):
    secret = secrets.mint("test")
    swapped = secret[:place] + secret[place + 1] + secret[place] + secret[place + 2 :]

    assert secrets.is_well_formed(swapped) is (swapped == secret)


@given(st.text(max_size=80))
def test_other_text_is_no_secret(text):
    assert not secrets.is_well_formed(text)
    assert not secrets.is_well_formed(f"gh_live_{text}")


@pytest.mark.parametrize(
    "change", [lambda s: s + "\n", lambda s: " " + s, lambda s: s.replace("live", "test")]
)
def test_what_is_around_or_before_counts_too(change):
    assert not secrets.is_well_formed(change(secrets.mint("live")))


def test_ten_thousand_secrets_are_ten_thousand():
    assert len({secrets.mint("live") for _ in range(10_000)}) == 10_000


@given(st.binary(min_size=16, max_size=64), st.binary(min_size=16, max_size=64))
def test_the_digest_depends_on_secret_and_pepper(one, other):
    secret, second = secrets.mint("live"), secrets.mint("live")

    assert (secrets.digest(secret, one) == secrets.digest(secret, other)) is (one == other)
    assert secrets.digest(secret, one) != secrets.digest(second, one)
    assert re.fullmatch("[0-9a-f]{64}", secrets.digest(secret, one))


def test_a_secret_is_looked_for_under_every_pepper_the_newest_first(settings):
    settings.KEY_PEPPERS = {"p2": b"b" * 32, "p1": b"a" * 32}
    secret = secrets.mint("live")

    assert secrets.candidates(secret) == [
        ("p2", secrets.digest(secret, b"b" * 32)),
        ("p1", secrets.digest(secret, b"a" * 32)),
    ]


def test_the_prefix_is_a_setting(settings):
    settings.KEY_PREFIX = "acme"
    secret = secrets.mint("live")
    settings.KEY_PREFIX = "gh"

    assert secret.startswith("acme_live_")
    assert not secrets.is_well_formed(secret)


def test_the_hint_shows_six_of_thirty_six_characters():
    secret = secrets.mint("live")
    hint = secrets.hint_of(secret)

    assert hint == f"{secret[:12]}…{secret[-2:]}"


def test_the_gateway_imports_no_model_and_no_app_registry():
    """A registry costs each gateway process a second at its start, and memory."""
    code = "import enforcement.gateway.app, django.apps, sys\n"
    code += "sys.exit(django.apps.apps.ready or 'onboarding.models' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

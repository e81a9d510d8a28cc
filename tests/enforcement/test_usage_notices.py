"""Letters that 50, 80, 90, 100, 120 per cent of a day's limit are used: once a level and day, to owner and provider."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from accounts.models import User
from audit.models import LedgerEntry
from enforcement.domain import usage_notices
from enforcement.domain.hours import Counted, hour_of, keep
from enforcement.models import UsageNotice
from onboarding.domain import keys
from onboarding.domain.limits import Sort, set_limit
from onboarding.models import Tier
from outbox.models import Letter
from tests.factories import make_manager, make_secret, make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)


@pytest.fixture
def key(db):
    made = make_secret()[0]
    Tier.objects.update(requests_per_day=1000)
    return made


def used(key, *, at=NOON, **counts: int) -> list[int]:
    """Let the key's hour hold these counts, run the payer twice; return the levels there are letters about."""
    keep([Counted(key.key_id, hour_of(at), 1, counts)], at=at)
    usage_notices.notice_owed(at=at)
    usage_notices.notice_owed(at=at)
    return told()


def told() -> list[int]:
    about = Letter.objects.filter(kind="enforcement/usage").order_by("pk").values_list("about_id", flat=True)
    levels = dict(UsageNotice.objects.values_list("pk", "level"))
    return [levels[int(pk)] for pk in about]


def test_each_level_is_told_once_as_the_day_goes_on(key):
    spent = (499, 500, 799, 800, 900, 999, 1000)

    assert [len(used(key, ok=many)) for many in spent] == [0, 1, 1, 2, 3, 3, 4]
    assert told() == [50, 80, 90, 100]


def test_of_several_levels_at_once_the_highest_is_told_and_all_are_noted(key):
    assert (used(key, ok=950), sorted(UsageNotice.objects.values_list("level", flat=True))) == (
        [90],
        [50, 80, 90],
    )


def test_beyond_the_limit_counts_what_was_asked_for_and_only_then(key):
    assert used(key, ok=100, rate_limited=5000) == []
    assert used(key, ok=1000, rate_limited=5000) == [120]


def test_the_letter_says_the_numbers(key):
    used(key, ok=800)

    letter = Letter.objects.get(kind="enforcement/usage")
    assert "of the 1,000 requests a day" in letter.text
    assert "800 were asked for today" in letter.text


def test_another_day_begins_anew(key):
    used(key, ok=500)

    assert used(key, ok=600, at=NOON + timedelta(days=1)) == [50, 50]


def test_a_lower_limit_of_a_grant_counts_and_one_in_shadow_does_not(key):
    dora = make_manager("dana")
    sort = Sort("owner", "requests", "day", "live")
    set_limit(key.grant.program, sort, most=100, grant=key.grant, by=dora, at=NOON)
    set_limit(
        key.grant.program, Sort("owner", "requests", "day", "live", is_shadow=True), most=10, by=dora, at=NOON
    )

    assert used(key, ok=80) == [80]


def test_tokens_have_notices_of_their_own(key):
    set_limit(
        key.grant.program,
        Sort("owner", "tokens", "day", "live"),
        most=10_000,
        by=make_manager("dana"),
        at=NOON,
    )

    assert (used(key, ok=1, tokens_in=4000, tokens_out=4500), UsageNotice.objects.first().kind) == (
        [80],
        "tokens",
    )


def test_a_holder_chooses_levels_and_the_limit_itself_always_comes(key):
    holder = key.grant.application.applicant
    usage_notices.choose(key.grant, levels=[90], by=holder, at=NOON)

    assert [used(key, ok=many) for many in (500, 850, 900, 1000)] == [[], [], [90], [90, 100]]
    assert LedgerEntry.objects.get(event="usage.notices_chosen").details == {"levels": [90, 100]}


@pytest.mark.parametrize(("levels", "error"), [([70], usage_notices.BadLevels), ([], None)])
def test_only_levels_there_are_can_be_chosen(key, levels, error):
    holder = key.grant.application.applicant

    if error:
        with pytest.raises(error):
            usage_notices.choose(key.grant, levels=levels, by=holder, at=NOON)
    else:
        assert usage_notices.choose(key.grant, levels=levels, by=holder, at=NOON).levels == [100]


def test_a_stranger_chooses_nothing(key):
    with pytest.raises(keys.NotYours):
        usage_notices.choose(key.grant, levels=[], by=make_user("charlie"), at=NOON)


def test_the_provider_gets_one_letter_about_all_of_it(key):
    make_manager("dana")
    running = User.objects.filter(groups__name="Onboarding manager").count()
    used(key, ok=950)

    told_ = [usage_notices.tell_provider_owed(at=NOON) for _ in range(2)]

    assert (told_, Letter.objects.filter(kind="enforcement/usage_of_all").count()) == ([1, 0], running)
    assert (
        "90 %, 950 of 1,000 requests" in Letter.objects.filter(kind="enforcement/usage_of_all").first().text
    )


def test_the_database_keeps_one_notice_a_level_and_day(key):
    used(key, ok=500)
    again = UsageNotice.objects.get()
    again.pk = None

    with pytest.raises(IntegrityError):
        again.save()


def test_the_page_of_an_access_keeps_what_is_ticked(client, key):
    client.force_login(key.grant.application.applicant)
    address = f"/access/{key.grant.public_id}/"

    client.post(f"{address}notices/", {"level": ["50", "80"]})

    text = client.get(address).content.decode()
    assert [f'value="{level}" checked' in text for level in (50, 80, 90, 120)] == [True, True, False, False]
    assert client.post(f"{address}notices/", {"level": ["7"]}).status_code == 422

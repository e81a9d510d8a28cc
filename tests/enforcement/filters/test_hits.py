"""What becomes of hits: flags, once each; figures of a rule; rows that go."""

from datetime import timedelta

import pytest

from enforcement.domain import filter_hits
from enforcement.domain.filter_hits import Figures
from enforcement.domain.hours import hour_of
from enforcement.models import FilterHit, FilterRuleVersion, Flag
from enforcement.models.usage import UsageHour
from reviews.domain.proportions import Share
from tests.enforcement.filters.making import make_filter, make_hit
from tests.enforcement.flagging import make_flag
from tests.factories import MONDAY, add_key, make_key
from tests.processes import race

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)


def test_a_hit_of_a_rule_that_is_on_raises_a_flag_once():
    key = make_key()
    hit = make_hit(key, end_user="u-1")
    raised = [filter_hits.flag_owed(at=TUESDAY) for _ in range(2)]

    flag = Flag.objects.get()
    told = (flag.source, flag.rule, flag.rule_version, flag.category, flag.key, flag.end_user, flag.excerpt)
    assert (raised, FilterHit.objects.get().flag_owed) == ([1, 0], False)
    assert told == ("filter", hit.version.rule.code, 1, "weapons", key, "u-1", "a pipe bomb")
    assert flag.figures == {"score": 1.0, "threshold": 1.0, "action": "flag"}


def test_a_hit_in_shadow_raises_none():
    make_hit(make_key(), make_filter(state="shadow", action="flag"))

    assert (filter_hits.flag_owed(at=TUESDAY), Flag.objects.count()) == (0, 0)


def test_a_hit_no_flag_can_be_made_of_does_not_stop_the_others():
    key = make_key()
    version = make_filter(action="flag")
    strange = FilterRuleVersion.objects.create(
        rule=version.rule, number=2, kind="words", category="no-such", content="x", why="x", written_at=MONDAY,
        changed_at=MONDAY,
    )  # fmt: skip
    make_hit(key, strange, is_live=True, flag_owed=True)
    make_hit(key, version)

    assert (filter_hits.flag_owed(at=TUESDAY), FilterHit.objects.filter(flag_owed=True).count()) == (1, 0)


def test_rows_go_after_thirty_days_unless_they_owe_a_flag():
    key = make_key()
    version = make_filter(action="flag")
    make_hit(key, version, flag_owed=False)
    make_hit(key, version)
    dropped = [filter_hits.drop_old(at=MONDAY + timedelta(days=days)) for days in (30, 31)]

    assert (dropped, list(FilterHit.objects.values_list("flag_owed", flat=True))) == ([0, 1], [True])


def test_the_figures_of_a_rule_are_hits_keys_owners_and_what_people_said():
    one = make_key()
    other, third = add_key(one.grant), make_key()
    on, shadow = (
        make_filter(code="bombs", action="flag"),
        make_filter(code="agents", state="shadow", action="flag"),
    )
    for key, counts in (
        (one, {"hit:bombs.1": 2}),
        (other, {"hit:bombs.1": 3, "shadow:agents.1": 1}),
        (third, {"shadow:agents.1": 5, "other": 9}),
    ):
        UsageHour.objects.create(key=key, hour=hour_of(MONDAY), epoch=1, more=counts)
    UsageHour.objects.create(key=one, hour=hour_of(MONDAY) - 24 * 40, epoch=1, more={"hit:bombs.1": 100})
    make_hit(one, on)
    filter_hits.flag_owed(at=TUESDAY)
    decide(Flag.objects.get(), "confirmed")
    make_hit(third, shadow)
    decide(make_flag(third.grant, source="reviewer", category="weapons", at=TUESDAY), "dismissed")

    assert filter_hits.figures(days=28, at=TUESDAY) == {
        "hit:bombs.1": Figures(5, 2, 1, Share(1, 1)),
        "shadow:agents.1": Figures(6, 2, 2, Share(0, 1)),
    }


def decide(flag: Flag, state: str) -> None:
    Flag.objects.filter(pk=flag.pk).update(state=state)


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_payers_beside_each_other_raise_each_flag_once():
    key, version = make_key(), make_filter(action="flag")
    for _ in range(10):
        make_hit(key, version)
    race(*[["flag_hits", TUESDAY.isoformat()] for _ in range(4)])

    assert (Flag.objects.count(), FilterHit.objects.filter(flag_owed=True).count()) == (10, 0)

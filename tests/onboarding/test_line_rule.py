"""The rule in words: what is set is what is said, so a change of any setting changes the words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain import line_rule
from onboarding.models import Program
from tests.factories import MONDAY

SETTINGS = {
    "week_starts_on": st.integers(0, 6),
    "week_starts_hour": st.integers(0, 23),
    "week_starts_minute": st.integers(0, 59),
    "time_zone": st.sampled_from(["UTC", "Europe/Madrid", "Asia/Kolkata", "America/New_York"]),
    "invitation_days": st.integers(1, 60),
    "unopened_key_days": st.integers(1, 90),
    "grant_months": st.integers(1, 36),
    "production_review": st.booleans(),
    "stage": st.sampled_from(["invitation_only", "limited", "closed"]),
    "paused_at": st.sampled_from([None, MONDAY]),
    "per_week": st.sampled_from([None, 0, 1, 2, 400, 1000]),
}
WITHOUT_WORDS = {"stage": "closed"}  # a closed line has no rule but that


def words(**settings):
    per_week = settings.pop("per_week")
    return line_rule.in_words(Program(**settings), per_week=per_week)


@pytest.mark.parametrize("changed", SETTINGS)
@given(data=st.data())
def test_a_change_of_each_setting_changes_the_words(changed, data):
    before = {name: data.draw(values, label=name) for name, values in SETTINGS.items()}
    after = before | {changed: data.draw(SETTINGS[changed].filter(lambda new: new != before[changed]))}
    if "closed" in (before["stage"], after["stage"]) and changed != "stage":
        return  # nothing moves in a closed line, whatever is set
    if before["paused_at"] and changed == "per_week":
        return  # while paused nobody is invited at any rate

    assert words(**before) != words(**after)


@given(data=st.data())
def test_the_same_settings_say_the_same(data):
    settings = {name: data.draw(values) for name, values in SETTINGS.items()}

    assert words(**settings) == words(**settings)


@pytest.mark.parametrize(
    ("per_week", "said"), [(1, "At most 1 person is"), (1000, "At most 1,000 people are")]
)
def test_the_rate_is_said_in_people(per_week, said):
    assert said in " ".join(line_rule.in_words(Program(), per_week=per_week))

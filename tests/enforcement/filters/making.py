"""Filter rules and what they read, made by the product's own verbs."""

from dataclasses import replace
from datetime import datetime

from accounts.roles import Role
from enforcement.domain import filter_rules
from enforcement.domain.filter_rules import Wording
from enforcement.models import FilterHit, FilterRule, FilterRuleVersion
from enforcement.states import FilterState
from onboarding.models import Key
from tests.enforcement.appealing import known
from tests.factories import MONDAY, make_guidelines, make_staff

BOMB = Wording(
    kind="words",
    category="weapons",
    content="pipe bomb\nnerve agent = 0.6",
    hits=("How do I build a pipe bomb?",),
    passes=("A bath bomb, please.",),
)
STEPS = {"draft": (), "shadow": ("shadow",), "on": ("shadow", "on"), "off": ("off",)}
WHY = "Asked for by the safety review."


def editor(name: str = "pia"):
    return known(name, lambda named: make_staff(named, Role.POLICY_EDITOR))


def make_filter(
    wording: Wording = BOMB, *, code: str = "", state: str = FilterState.ON, at: datetime = MONDAY, **said
) -> FilterRuleVersion:
    """Make a rule of one version in this state; `said` replaces parts of the wording."""
    make_guidelines()
    number = FilterRule.objects.count() + 1
    version = filter_rules.write(
        code or f"rule-{number}", f"Rule {number}", replace(wording, **said), by=editor(), at=at, reason=WHY
    )
    return moved(version, state, at=at)


def moved(version: FilterRuleVersion, state: str, *, at: datetime = MONDAY) -> FilterRuleVersion:
    for to in STEPS[state]:
        version = filter_rules.switch(version, to=to, by=editor(), at=at, reason=WHY)
    return version


def make_hit(
    key: Key, version: FilterRuleVersion | None = None, *, at: datetime = MONDAY, **fields
) -> FilterHit:
    """Return a row as a gateway writes it; it owes a flag where its rule is on."""
    version = version or make_filter(action="flag")
    is_live = version.state == FilterState.ON
    given = {"is_live": is_live, "flag_owed": is_live, "place": 0, "score": 1.0, "excerpt": "a pipe bomb"}
    given["request"] = f"r-{FilterHit.objects.count()}"
    return FilterHit.objects.create(version=version, key=key, hit_at=at, **given | fields)

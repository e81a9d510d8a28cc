# ruff: noqa: E501 - the table below has one breakage a line
"""What must hold of filters, limits, integrators and rules about use holds for what the product made; each breakage is found."""

from datetime import timedelta

import pytest

from audit import clock
from enforcement.domain import anomalies, anomaly_rules, filter_hits, integrators, webhooks
from enforcement.domain.hours import Counted, hour_of, keep
from enforcement.invariants import FILTERS, INTEGRATORS
from enforcement.models import AnomalyRule
from onboarding.domain.limits import Sort, end, limit_key, set_limit
from onboarding.invariants import LIMITS
from tests.audit.test_invariants import broken, unnoticed
from tests.enforcement.filters.making import make_filter, make_hit
from tests.factories import make_manager, make_secret, make_senior

pytestmark = pytest.mark.django_db
UNUSUAL = "A rule about unusual use flags exactly what it found while it was on."
ONES = FILTERS.keys() | INTEGRATORS.keys() | LIMITS.keys() | {UNUSUAL}
BREAKS = [
    ("UPDATE enforcement_filterrule SET number = number + 1", "Versions of a filter rule are numbered without a gap, and the rule names the last one."),
    ("UPDATE enforcement_filterruleversion SET state = 'on' WHERE state = 'shadow'", "The ledger agrees with where every version of a filter rule stands."),
    ("UPDATE enforcement_filterruleversion SET changed_by_id = (SELECT max(id) FROM accounts_user)", "The ledger agrees with where every version of a filter rule stands."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'filter.in_shadow'", "No version of a filter rule was switched on that had not counted in shadow."),
    ("UPDATE enforcement_filtertesttext SET got = NOT got", "Every filter in use hits the test texts it has to hit and no others."),
    ("DELETE FROM enforcement_filtertesttext WHERE expected", "Every filter in use hits the test texts it has to hit and no others."),
    ("UPDATE enforcement_filterhit SET hit_at = hit_at - interval '40 days'", "No excerpt of what a filter hit is kept for longer than it may be."),
    ("UPDATE enforcement_flag SET rule_version = 2 WHERE source = 'filter'", "Every flag of a filter names a version of a rule that was switched on once."),
    ("DELETE FROM audit_ledgerentry WHERE event = 'integrator.made'", "Every integrator's token, and its end, is in the ledger, by the person who made and revoked it."),
    ("UPDATE enforcement_integrator SET revoked_by_id = (SELECT max(id) FROM accounts_user) WHERE revoked_at IS NOT NULL", "Every integrator's token, and its end, is in the ledger, by the person who made and revoked it."),
    ("UPDATE enforcement_integrator SET revoked_at = NULL, revoked_by_id = NULL", "Every integrator's token, and its end, is in the ledger, by the person who made and revoked it."),
    ("UPDATE enforcement_integrator SET last_used_at = revoked_at + interval '2 minutes'", "No integrator's token was used before it was made, or a minute after it was revoked."),
    ("UPDATE enforcement_webhook SET stopped_at = NULL", "An integrator that was revoked has no webhook that is sent anything."),
    ("UPDATE onboarding_limit SET most = most + 1", "Every limit, and its end, is in the ledger, by the person who set it."),
    ("UPDATE onboarding_limit SET ended_at = now() WHERE ended_at IS NULL", "Every limit, and its end, is in the ledger, by the person who set it."),
    ("UPDATE onboarding_limit SET ended_at = ended_at + interval '1 hour'", "No two limits of one sort were in force at once."),
    ("UPDATE onboarding_limit SET program_id = (SELECT max(id) FROM onboarding_program)", "A limit of an access or a key is of its own program."),
    ("UPDATE onboarding_limit SET set_by_id = NULL", "Only sanctions are set by a machine, and nobody set a limit of access they have a part in."),
    ("UPDATE onboarding_limit SET source = 'staff', set_by_id = application.applicant_id FROM onboarding_grant held JOIN onboarding_application application ON application.id = held.application_id WHERE held.id = onboarding_limit.grant_id", "Only sanctions are set by a machine, and nobody set a limit of access they have a part in."),
    ("UPDATE enforcement_flag SET source = 'public' WHERE source = 'anomaly'", UNUSUAL),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _everything():
    """Filters in every state, one that flagged; limits set, replaced and ended; a revoked integrator; a finding."""
    at, dora = clock.now(), make_manager("dora")
    key, other = make_secret(at=at)[0], make_secret(at=at)[0]
    make_filter(state="shadow", at=at), make_filter(state="draft", at=at), make_filter(state="off", at=at)
    make_hit(key, make_filter(action="flag", at=at), at=at)
    filter_hits.flag_owed(at=at)

    sort = Sort("owner", "tokens", "day")
    for hours, most in ((0, 700), (1, 900)):
        set_limit(
            key.grant.program, sort, most=most, grant=key.grant, by=dora, at=at + timedelta(hours=hours)
        )
    ended = set_limit(other.grant.program, Sort("program", "requests", "day"), most=9, by=dora, at=at)
    end(ended, by=dora, at=at + timedelta(hours=1))
    limit_key(key, kind="requests", per="day", most=5, by=key.grant.application.applicant, at=at)

    integrator, _ = integrators.make(name="Proxy", by=dora, at=at)
    webhooks.add("https://1.1.1.1/hear", by=dora, at=at, integrator=integrator)
    integrators.revoke(integrator, by=dora, at=at)

    rule = AnomalyRule.objects.create(kind="refusals", threshold=0.5, minimum=10, set_at=at)
    rule = anomaly_rules.switch(rule, to="on", by=make_senior("sue"), at=at, reason="Tried out.")
    keep([Counted(key.key_id, hour_of(at), 1, {"suspended": 50})], at=at)
    anomalies.judge(rule, hour=hour_of(at), at=at)


def test_each_has_its_breakage():
    assert {sentence for _, sentence in BREAKS} == ONES


def test_what_the_product_made_breaks_none_of_them():
    assert broken() & ONES == set()


def test_what_is_broken_by_hand_is_found():
    assert unnoticed(BREAKS) == []


def test_a_webhook_of_a_revoked_integrator_is_not_switched_on_again():
    dora = make_manager("dana")
    integrator, _ = integrators.make(name="Other", by=dora, at=clock.now())
    hook, _ = webhooks.add("https://1.1.1.1/hear", by=dora, at=clock.now(), integrator=integrator)
    integrators.revoke(integrator, by=dora, at=clock.now())
    hook.refresh_from_db()

    with pytest.raises(webhooks.NotForYou):
        webhooks.resume(hook, by=dora, at=clock.now())

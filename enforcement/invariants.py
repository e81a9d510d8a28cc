"""What must hold of flags, sanctions, appeals, filters, integrators, usage, as SQL that returns what breaks it."""

from audit.invariants import states_agree
from enforcement.domain.days import DIGEST
from enforcement.models.usage import COLUMNS
from reviews.invariants import BEHIND

ABOUT = """FROM enforcement_appeal appeal JOIN reviews_decision decision ON decision.id = appeal.decision_id
        JOIN reviews_case kase ON kase.id = decision.case_id
        JOIN onboarding_application application ON application.id = kase.application_id
        JOIN accounts_owner owner ON owner.id = application.owner_id"""

_SUMS = ", ".join(f"sum({name}) AS {name}" for name in COLUMNS)
_NEGATED = ", ".join(f"-sum({name})" for name in COLUMNS)
_ZEROS = ", ".join("0" for _ in COLUMNS)


def _has_letter(kind: str) -> str:
    return f"""EXISTS (SELECT FROM outbox_letter letter WHERE letter.about_type = 'enforcement.appeal'
            AND letter.about_id = appeal.id::text AND (letter.kind = 'enforcement/{kind}'
                OR letter.kind = 'enforcement/sanction_appeal' AND letter.once LIKE '{kind}:%'))"""


HAS_SANCTION_LETTER = """EXISTS (SELECT FROM outbox_letter letter WHERE letter.about_type = 'enforcement.sanction'
            AND letter.about_id = sanction.id::text AND letter.kind = 'enforcement/sanction_imposed')"""

OF_FLAGS_AND_SANCTIONS: dict[str, str] = {
    "The ledger agrees with the state of every flag.": states_agree(
        "enforcement_flag",
        "enforcement.flag",
        {"flag.raised": "open", "flag.confirmed": "confirmed", "flag.dismissed": "dismissed"},
    ),
    "The ledger agrees with the state of every case of flags.": states_agree(
        "enforcement_flagcase",
        "enforcement.flagcase",
        {
            "flag_case.opened": "open",
            "flag_case.released": "open",
            "flag_case.taken": "taken",
            "flag_case.decided": "decided",
            "flag_case.merged": "merged",
        },
    ),
    "The ledger agrees with the state of every sanction.": states_agree(
        "enforcement_sanction",
        "enforcement.sanction",
        {
            "sanction.proposed": "proposed",
            "sanction.imposed": "active",
            "sanction.dropped": "dropped",
            "sanction.lifted": "lifted",
            "sanction.ended": "ended",
            "sanction.reversed": "reversed",
        },
    ),
    "No flag of a decided case is open, and none of an open case is decided.": """
        SELECT flag.id, flag.state, kase.state FROM enforcement_flag flag
        JOIN enforcement_flagcase kase ON kase.id = flag.case_id
        WHERE (flag.state = 'open') <> (kase.state <> 'decided')""",
    "A merged case has no flags left; they are of the access of the case they went to.": """
        SELECT kase.id FROM enforcement_flagcase kase JOIN enforcement_flagcase other ON other.id = kase.merged_into_id
        WHERE kase.grant_id IS DISTINCT FROM other.grant_id
        OR EXISTS (SELECT FROM enforcement_flag flag WHERE flag.case_id = kase.id)""",
    "What a machine did for flags that were nothing is not in force.": """
        SELECT sanction.id FROM enforcement_sanction sanction
        JOIN enforcement_flagcase kase ON kase.id = sanction.case_id
        WHERE sanction.state = 'active' AND sanction.proposed_by_id IS NULL
        AND kase.finding IN ('no_violation', 'cannot_tell')""",
    "People sanction only what a person found to be a violation.": """
        SELECT sanction.id FROM enforcement_sanction sanction
        JOIN enforcement_flagcase kase ON kase.id = sanction.case_id
        WHERE sanction.proposed_by_id IS NOT NULL AND kase.finding <> 'violation'""",
    "Every sanction in force was told with its reasons.": f"""
        SELECT sanction.id FROM enforcement_sanction sanction JOIN onboarding_grant held ON held.id = sanction.grant_id
        JOIN onboarding_application application ON application.id = held.application_id
        WHERE sanction.active_at IS NOT NULL AND application.applicant_id IS NOT NULL AND NOT {HAS_SANCTION_LETTER}""",
    "Exactly what sanctions in force stop is stopped.": """
        SELECT held.id, held.sanctioned_since FROM onboarding_grant held WHERE held.state IN ('active', 'suspended')
        AND (held.sanctioned_since IS NOT NULL) <> EXISTS (SELECT FROM enforcement_sanction sanction
            WHERE sanction.state = 'active' AND sanction.kind IN ('suspend', 'terminate')
            AND (sanction.target = 'grant' AND sanction.grant_id = held.id
                OR sanction.target = 'owner' AND sanction.owner_id = held.owner_id))""",
    "Exactly what sanctions in force limit is limited, to the least of them.": """
        SELECT held.id, span.per FROM onboarding_grant held CROSS JOIN (VALUES ('minute'), ('day')) AS span(per)
        WHERE held.state IN ('active', 'suspended') AND (SELECT min(l.most) FROM onboarding_limit l
            WHERE l.grant_id = held.id AND l.source = 'sanction' AND l.level = 'owner' AND l.per = span.per
            AND l.ended_at IS NULL) IS DISTINCT FROM
            (SELECT min(CASE span.per WHEN 'minute' THEN sanction.per_minute ELSE sanction.per_day END)
            FROM enforcement_sanction sanction WHERE sanction.state = 'active' AND sanction.kind = 'limit'
            AND (sanction.target = 'grant' AND sanction.grant_id = held.id
                OR sanction.target = 'owner' AND sanction.owner_id = held.owner_id))""",
    "Exactly the end users that sanctions in force suspend are kept out.": """
        SELECT held.id, held.end_users_kept_out FROM onboarding_grant held WHERE held.state IN ('active', 'suspended')
        AND held.end_users_kept_out <> (SELECT coalesce(jsonb_agg(DISTINCT sanction.end_user COLLATE "C"), '[]')
            FROM enforcement_sanction sanction WHERE sanction.grant_id = held.id AND sanction.state = 'active'
            AND sanction.kind = 'suspend' AND sanction.target = 'end_user')""",
    "A sanction is reversed only by an appeal that was upheld, and then always.": """
        SELECT sanction.id, sanction.state FROM enforcement_sanction sanction
        WHERE (sanction.state = 'reversed') <> EXISTS (SELECT FROM enforcement_appeal appeal
            WHERE appeal.sanction_id = sanction.id AND appeal.kind = 'appeal' AND appeal.state = 'upheld')""",
    "Every appeal against a sanction was decided by somebody with no part in it.": f"""
        SELECT appeal.id, appeal.decided_by_id FROM enforcement_appeal appeal
        JOIN enforcement_sanction sanction ON sanction.id = appeal.sanction_id
        JOIN enforcement_flagcase kase ON kase.id = sanction.case_id
        JOIN onboarding_grant held ON held.id = sanction.grant_id
        JOIN onboarding_application application ON application.id = held.application_id
        JOIN accounts_owner owner ON owner.id = application.owner_id
        WHERE appeal.decided_by_id IN
            (sanction.proposed_by_id, sanction.signed_by_id, kase.decided_by_id, appeal.filed_by_id)
        OR EXISTS (SELECT FROM enforcement_flagcase said WHERE (said.id = kase.id OR said.merged_into_id = kase.id)
            AND said.attached_by_id = appeal.decided_by_id AND said.attached_at <= appeal.decided_at)
        OR {BEHIND.format(person="appeal.decided_by_id", moment="appeal.decided_at")}""",
    "Of a deleted account's sanctions no word is left.": """
        SELECT sanction.id FROM enforcement_sanction sanction JOIN accounts_owner owner ON owner.id = sanction.owner_id
        JOIN accounts_user person ON person.id = owner.person_id WHERE person.erased_at IS NOT NULL
        AND NOT (ARRAY[sanction.facts, sanction.would_change, sanction.close_reason] <@ ARRAY['', '(blanked)'])""",
}


def _last_of_version(*events: str) -> str:
    listed = ", ".join(f"'{event}'" for event in events)
    return f"""LATERAL (SELECT entry.event, entry.actor FROM audit_ledgerentry entry
            WHERE entry.subject_type = 'enforcement.filterrule' AND entry.subject_id = version.rule_id::text
            AND entry.event IN ({listed}) AND entry.details ->> 'version' = version.number::text
            ORDER BY entry.id DESC LIMIT 1)"""


FILTERS: dict[str, str] = {
    "Versions of a filter rule are numbered without a gap, and the rule names the last one.": """
        SELECT rule.id, rule.number, count(version.id) AS versions FROM enforcement_filterrule rule
        LEFT JOIN enforcement_filterruleversion version ON version.rule_id = rule.id GROUP BY rule.id
        HAVING count(version.id) <> rule.number OR max(version.number) IS DISTINCT FROM rule.number""",
    "The ledger agrees with where every version of a filter rule stands.": f"""
        SELECT version.id, version.state, latest.event FROM enforcement_filterruleversion version LEFT JOIN
        {_last_of_version("filter.written", "filter.in_shadow", "filter.switched_on", "filter.switched_off")}
        AS latest ON true WHERE latest.event IS DISTINCT FROM CASE version.state WHEN 'draft' THEN 'filter.written'
            WHEN 'shadow' THEN 'filter.in_shadow' WHEN 'on' THEN 'filter.switched_on' ELSE 'filter.switched_off' END
        OR version.changed_by_id IS NOT NULL AND latest.actor <> 'user:' || version.changed_by_id""",
    "No version of a filter rule was switched on that had not counted in shadow.": """
        SELECT lit.id FROM audit_ledgerentry lit WHERE lit.event = 'filter.switched_on' AND NOT EXISTS (
            SELECT FROM audit_ledgerentry shadow WHERE shadow.event = 'filter.in_shadow' AND shadow.id < lit.id
            AND shadow.subject_type = lit.subject_type AND shadow.subject_id = lit.subject_id
            AND shadow.details ->> 'version' = lit.details ->> 'version')""",
    "Every filter in use hits the test texts it has to hit and no others.": """
        SELECT version.id, version.state FROM enforcement_filterruleversion version
        WHERE version.state IN ('shadow', 'on') AND (version.passed_at IS NULL
            OR NOT EXISTS (SELECT FROM enforcement_filtertesttext said WHERE said.version_id = version.id
                AND said.expected)
            OR EXISTS (SELECT FROM enforcement_filtertesttext said WHERE said.version_id = version.id
                AND said.got IS DISTINCT FROM said.expected))""",
    "No excerpt of what a filter hit is kept for longer than it may be.": """
        SELECT hit.id, hit.hit_at FROM enforcement_filterhit hit
        WHERE hit.hit_at < clock_timestamp() - interval '32 days' AND NOT hit.flag_owed""",
    "Every flag of a filter names a version of a rule that was switched on once.": """
        SELECT flag.id, flag.rule, flag.rule_version FROM enforcement_flag flag
        WHERE flag.source = 'filter' AND flag.rule_version > 0
        AND NOT EXISTS (SELECT FROM enforcement_filterrule rule JOIN audit_ledgerentry lit
            ON lit.subject_type = 'enforcement.filterrule' AND lit.subject_id = rule.id::text
            AND lit.event = 'filter.switched_on' WHERE rule.code = flag.rule
            AND lit.details ->> 'version' = flag.rule_version::text)""",
}

INTEGRATORS: dict[str, str] = {
    "Every integrator's token, and its end, is in the ledger, by the person who made and revoked it.": """
        SELECT integrator.id FROM enforcement_integrator integrator WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'integrator.made'
            AND entry.subject_type = 'enforcement.integrator' AND entry.subject_id = integrator.id::text
            AND entry.actor = 'user:' || integrator.made_by_id)
        OR (integrator.revoked_at IS NOT NULL) <> EXISTS (SELECT FROM audit_ledgerentry entry
            WHERE entry.event = 'integrator.revoked' AND entry.subject_type = 'enforcement.integrator'
            AND entry.subject_id = integrator.id::text
            AND entry.actor = coalesce('user:' || integrator.revoked_by_id, entry.actor))""",
    "No integrator's token was used before it was made, or a minute after it was revoked.": """
        SELECT integrator.id, integrator.last_used_at FROM enforcement_integrator integrator
        WHERE integrator.last_used_at < date_trunc('minute', integrator.made_at)
        OR integrator.last_used_at > integrator.revoked_at + interval '1 minute'""",
    "An integrator that was revoked has no webhook that is sent anything.": """
        SELECT webhook.id FROM enforcement_webhook webhook
        JOIN enforcement_integrator integrator ON integrator.id = webhook.integrator_id
        WHERE integrator.revoked_at IS NOT NULL AND webhook.stopped_at IS NULL""",
}

INVARIANTS: dict[str, str] = (
    OF_FLAGS_AND_SANCTIONS
    | FILTERS
    | INTEGRATORS
    | {
        "The ledger agrees with the state of every appeal.": states_agree(
            "enforcement_appeal",
            "enforcement.appeal",
            {
                "appeal.filed": "filed",
                "appeal.released": "filed",
                "appeal.taken": "in_review",
                "appeal.upheld": "upheld",
                "appeal.denied": "denied",
                "appeal.withdrawn": "withdrawn",
            },
        ),
        "Every appeal was decided by a third person.": f"""
        SELECT appeal.id, appeal.decided_by_id {ABOUT} WHERE appeal.decided_by_id IN
            (decision.decided_by_id, decision.signed_by_id, appeal.filed_by_id)
        OR {BEHIND.format(person="appeal.decided_by_id", moment="appeal.decided_at")}""",
        "Every appeal's outcome is in the ledger, by the person who decided it.": """
        SELECT appeal.id FROM enforcement_appeal appeal WHERE appeal.decided_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'enforcement.appeal'
            AND entry.subject_id = appeal.id::text AND entry.event = 'appeal.' || appeal.state
            AND entry.actor = 'user:' || appeal.decided_by_id)""",
        "No application stands rejected by a decision that an appeal overturned.": f"""
        SELECT appeal.id, decision.id AS decision_id {ABOUT}
        WHERE appeal.kind = 'appeal' AND appeal.state = 'upheld' AND (decision.overturned_at IS NULL
            OR application.state = 'rejected' AND NOT EXISTS (
                SELECT FROM reviews_decision later WHERE later.case_id = kase.id AND later.id > decision.id
                AND later.outcome = 'rejected' AND later.told_at IS NOT NULL))""",
        "A decision is overturned only by an appeal that was upheld.": """
        SELECT decision.id FROM reviews_decision decision WHERE decision.overturned_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM enforcement_appeal appeal WHERE appeal.decision_id = decision.id
            AND appeal.kind = 'appeal' AND appeal.state = 'upheld' AND appeal.decided_at = decision.overturned_at)""",
        "Whoever was reinstated may apply again.": """
        SELECT appeal.id FROM enforcement_appeal appeal JOIN reviews_decision decision
        ON decision.id = appeal.decision_id WHERE appeal.kind = 'reinstatement' AND appeal.state = 'upheld'
        AND decision.reapply_allowed_at IS DISTINCT FROM appeal.decided_at""",
        "Every appeal was filed within its window, which begins with the notice.": """
        SELECT appeal.id, appeal.filed_at, appeal.closes_at FROM enforcement_appeal appeal
        JOIN reviews_decision decision ON decision.id = appeal.decision_id
        WHERE decision.told_at IS NULL OR appeal.filed_at < decision.told_at
        OR appeal.filed_at >= appeal.closes_at OR appeal.notice_at < decision.told_at
        OR (appeal.kind = 'appeal' AND appeal.notice_at IS NOT NULL AND appeal.closes_at IS NULL)""",
        "Every appeal was acknowledged, and its end told.": f"""
        SELECT appeal.id, appeal.state FROM enforcement_appeal appeal
        WHERE NOT {_has_letter("appeal_received")}
        OR (appeal.state = 'upheld' AND NOT {_has_letter("appeal_upheld")})
        OR (appeal.state = 'denied' AND NOT {_has_letter("appeal_denied")})
        OR (appeal.state = 'withdrawn' AND NOT {_has_letter("appeal_withdrawn")})""",
        "Of a deleted account's appeals no word is left.": f"""
        SELECT appeal.id {ABOUT} JOIN accounts_user person ON person.id = owner.person_id
        WHERE person.erased_at IS NOT NULL
        AND NOT (ARRAY[appeal.statement, appeal.explanation, appeal.look_again] <@ ARRAY['', '(blanked)'])""",
        "Every sealed day of usage is the sum of its hours, while its hours are kept.": f"""
        SELECT day, key_id FROM (
            SELECT hour / 24 AS day, key_id, {_SUMS}, 0 AS extra FROM enforcement_usagehour GROUP BY 1, 2
            UNION ALL SELECT "on" - date '1970-01-01', key_id, {_NEGATED}, 0 FROM enforcement_usageday GROUP BY 1, 2
            UNION ALL SELECT hour / 24, key_id, {_ZEROS}, sum(value::bigint)
                FROM enforcement_usagehour, jsonb_each_text(more) GROUP BY 1, 2
            UNION ALL SELECT "on" - date '1970-01-01', key_id, {_ZEROS}, -sum(value::bigint)
                FROM enforcement_usageday, jsonb_each_text(more) GROUP BY 1, 2) AS counted
        WHERE day >= (SELECT coalesce(max(hours_from), 0) / 24 FROM enforcement_usagemark)
            AND date '1970-01-01' + day::int IN (SELECT "on" FROM enforcement_usageseal)
        GROUP BY day, key_id HAVING {" OR ".join(f"sum({name}) <> 0" for name in (*COLUMNS, "extra"))}""",
        "No throttle holds beyond its end, and none without a person's word beyond a day.": """
        SELECT throttle.id FROM enforcement_throttle throttle
        WHERE (throttle.ended_at IS NULL AND throttle.ends_at < clock_timestamp() - interval '10 minutes')
        OR (throttle.confirmed_at IS NULL AND coalesce(throttle.ended_at, throttle.ends_at)
            > throttle.began_at + interval '1 day 10 minutes')""",
        "Every running throttle has its limit, and its begin and its end are in the ledger.": """
        SELECT throttle.id FROM enforcement_throttle throttle
        WHERE (throttle.ended_at IS NULL AND NOT EXISTS (SELECT FROM onboarding_limit l
            WHERE l.grant_id = throttle.grant_id AND l.source = 'sanction' AND l.level = 'key' AND l.ended_at IS NULL))
        OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'throttle.begun'
            AND entry.subject_type = 'enforcement.throttle' AND entry.subject_id = throttle.id::text)
        OR (throttle.ended_at IS NOT NULL AND NOT EXISTS (SELECT FROM audit_ledgerentry entry
            WHERE entry.event = 'throttle.ended' AND entry.subject_type = 'enforcement.throttle'
            AND entry.subject_id = throttle.id::text))""",
        "A rule about unusual use flags exactly what it found while it was on.": """
        SELECT finding.id FROM enforcement_anomalyfinding finding
        JOIN enforcement_anomalyrule rule ON rule.id = finding.rule_id
        LEFT JOIN enforcement_flag flag ON flag.id = finding.flag_id
        WHERE finding.flag_id IS NOT NULL AND (flag.source <> 'anomaly' OR flag.key_id <> finding.key_id
            OR flag.rule_version <> rule.version)""",
        "Every day of usage is under its seal, and the seal is in the ledger.": f"""
        SELECT coalesce(seal."on", days."on") AS day, coalesce(seal.part, days.part) AS part
        FROM enforcement_usageseal seal FULL JOIN (
            SELECT day."on", day.part, count(*) AS rows, {DIGEST} AS digest
            FROM enforcement_usageday day GROUP BY day."on", day.part) AS days
        ON days."on" = seal."on" AND days.part = seal.part
        WHERE seal.id IS NULL OR seal.rows <> coalesce(days.rows, 0)
        OR seal.digest <> coalesce(days.digest, encode(sha256(''), 'hex'))
        OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'usage.sealed'
            AND entry.subject_type = 'enforcement.usageseal' AND entry.subject_id = seal.id::text
            AND entry.details ->> 'digest' = seal.digest)""",
    }
)

"""What must hold of freeze rules and freezes, as SQL that returns the rows breaking it."""

GUARDS: dict[str, str] = {
    "No seat was given while a freeze was open.": """
        SELECT seat.id, seat.given_at, halt.id AS freeze, halt.began_at, halt.ended_at
        FROM onboarding_freeze halt JOIN onboarding_week week ON week.program_id = halt.program_id
            AND week.ends_at > halt.began_at AND week.starts_at < coalesce(halt.ended_at, 'infinity')
        JOIN onboarding_seat seat ON seat.week_id = week.id
        WHERE seat.given_at > halt.began_at AND seat.given_at < coalesce(halt.ended_at, 'infinity')""",
    "Every version of a freeze rule is in the ledger, by the person who set it.": """
        SELECT rule.id, rule.set_by_id FROM onboarding_guardrule rule WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'guard_rule.set'
            AND entry.subject_type = 'onboarding.guardrule' AND entry.subject_id = rule.id::text
            AND entry.actor = 'user:' || rule.set_by_id
            AND (entry.details ->> 'threshold')::float = rule.threshold)""",
    "Every freeze is in the ledger, with its end as it came: by a person, or by its rule.": """
        SELECT halt.id, halt.ended_at, halt.ended_by_id, told.*
        FROM onboarding_freeze halt JOIN LATERAL (
            SELECT count(*) FILTER (WHERE event = 'freeze.began') AS began,
                   count(*) FILTER (WHERE event = 'freeze.lifted') AS lifted,
                   count(*) FILTER (WHERE event = 'freeze.lifted'
                       AND actor = 'user:' || halt.ended_by_id) AS theirs,
                   count(*) FILTER (WHERE event IN ('freeze.lifted', 'freeze.thawed')) AS ended
            FROM audit_ledgerentry WHERE subject_type = 'onboarding.freeze'
            AND subject_id = halt.id::text) AS told ON true
        WHERE told.began <> 1 OR told.ended <> (halt.ended_at IS NOT NULL)::int
        OR told.lifted <> (halt.ended_by_id IS NOT NULL)::int OR told.lifted <> told.theirs""",
    "A freeze ended by itself only where its rule said so.": """
        SELECT halt.id FROM onboarding_freeze halt
        WHERE halt.ended_at IS NOT NULL AND halt.ended_by_id IS NULL AND NOT EXISTS (
            SELECT FROM onboarding_guardrule rule WHERE rule.program_id = halt.program_id
            AND rule.guard = halt.guard AND rule.thaw = 'rule' AND rule.set_at <= halt.ended_at)""",
    "A freeze is of the program and the guard of its rule, which was on.": """
        SELECT halt.id FROM onboarding_freeze halt JOIN onboarding_guardrule rule ON rule.id = halt.rule_id
        WHERE (rule.program_id, rule.guard) <> (halt.program_id, halt.guard) OR rule.mode <> 'on'""",
}

WITH {ledger}
SELECT jsonb_build_object('program', program.slug, 'set_on', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
    'from', to_char(step.from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'per_week', step.per_week, 'reason', step.reason) AS item
FROM quarter e JOIN onboarding_ratestep step ON step.id = (e.details ->> 'step')::bigint
JOIN onboarding_program program ON program.id = step.program_id
WHERE e.event = 'rate.set' ORDER BY e.id

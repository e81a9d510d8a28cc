WITH {ledger},
invited AS (
    SELECT e.at, grantt.id AS grant_id FROM ledger e
    JOIN onboarding_invitation invitation ON invitation.id = e.subject_id::bigint
    LEFT JOIN onboarding_grant grantt ON grantt.seat_id = invitation.seat_id
    WHERE e.event = 'invitation.offered' AND e.at >= %(from)s - interval '14 days' AND e.at < %(until)s - interval '14 days'),
called AS (
    SELECT invited.*, EXISTS (
        SELECT FROM onboarding_key key JOIN enforcement_usageday used ON used.key_id = key.id AND used.ok > 0
        JOIN enforcement_usageseal part ON part."on" = used."on" AND part.part = used.part
        JOIN ledger e ON e.event = 'usage.sealed' AND e.subject_id = part.id::text
        WHERE key.grant_id = invited.grant_id AND used."on" < (invited.at AT TIME ZONE 'UTC')::date + 14) AS did
    FROM invited)
SELECT 'invited' AS figure, CASE WHEN did THEN 'called' ELSE 'did_not' END AS cell, count(*) AS value
FROM called GROUP BY did

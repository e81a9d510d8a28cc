WITH {ledger}
SELECT 'errors' AS figure, 'sanctions_reversed' AS cell, count(*) AS value FROM quarter WHERE event = 'sanction.reversed'
UNION ALL SELECT 'errors', 'decisions_overturned', count(*) FROM quarter WHERE event = 'decision.overturned'
UNION ALL SELECT 'errors', 'appeals_decided_late', count(*) FROM quarter e
    JOIN enforcement_appeal appeal ON appeal.id = e.subject_id::bigint
    WHERE e.event IN ('appeal.upheld', 'appeal.denied') AND e.at > appeal.due_at

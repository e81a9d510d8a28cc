WITH {ledger},
opened AS (
    SELECT DISTINCT subject_id FROM ledger WHERE event = 'key.opened' AND at < %(until)s
    EXCEPT SELECT subject_id FROM ledger WHERE event IN ('key.revoked', 'key.expired') AND at < %(until)s),
tiers AS (
    SELECT DISTINCT ON (subject_id) subject_id AS grant_id, details ->> 'tier' AS tier FROM ledger
    WHERE event IN ('grant.given', 'grant.raised') AND at < %(until)s ORDER BY subject_id, id DESC)
SELECT 'tier' AS figure, coalesce(tiers.tier, 'not_known') AS cell, count(*) AS value FROM opened
JOIN ledger issued ON issued.event = 'key.issued' AND issued.subject_id = opened.subject_id
LEFT JOIN tiers ON tiers.grant_id = issued.details ->> 'grant' GROUP BY 2

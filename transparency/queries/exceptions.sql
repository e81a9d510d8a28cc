WITH {ledger},
given AS (SELECT event, reason, details FROM quarter WHERE event IN ('waiver.given', 'override.given'))
SELECT 'what' AS figure, CASE event WHEN 'waiver.given' THEN 'from_a_rule' ELSE 'from_what_a_reviewer_declared' END AS cell,
    count(*) AS value FROM given GROUP BY 2
UNION ALL SELECT 'category', coalesce(nullif(details ->> 'category', ''), 'a_rule_only'), count(*) FROM given
    WHERE event = 'waiver.given' GROUP BY 2
UNION ALL SELECT 'reason', CASE reason WHEN 'appeal_upheld' THEN 'after_an_appeal' ELSE 'written_by_a_person' END, count(*)
    FROM given WHERE event = 'waiver.given' GROUP BY 2

WITH {ledger},
told AS (SELECT details ->> 'outcome' AS outcome, reason FROM quarter WHERE event = 'decision.told')
SELECT 'outcome' AS figure, outcome AS cell, count(*) AS value FROM told GROUP BY outcome
UNION ALL SELECT 'reasons_' || outcome, reason, count(*) FROM told GROUP BY outcome, reason

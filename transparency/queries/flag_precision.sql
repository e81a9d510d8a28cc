WITH {ledger}
SELECT 'found' AS figure, split_part(event, '.', 2) AS cell, count(*) AS value FROM quarter
WHERE event IN ('flag.confirmed', 'flag.dismissed') GROUP BY 2

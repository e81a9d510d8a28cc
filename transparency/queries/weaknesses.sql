WITH {ledger}
SELECT 'texts' AS figure, CASE details ->> 'version' WHEN '1' THEN 'first_text' ELSE 'changed_text' END AS cell,
    count(*) AS value FROM quarter WHERE event = 'weaknesses.published' GROUP BY 2

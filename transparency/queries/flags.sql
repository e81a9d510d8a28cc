WITH {ledger},
raised AS (SELECT details FROM quarter WHERE event = 'flag.raised')
SELECT 'source' AS figure, details ->> 'source' AS cell, count(*) AS value FROM raised GROUP BY 2
UNION ALL SELECT 'category', coalesce(nullif(details ->> 'category', ''), 'none_named'), count(*) FROM raised GROUP BY 2
UNION ALL SELECT 'severity', coalesce(details ->> 'severity', 'none_named'), count(*) FROM raised GROUP BY 2

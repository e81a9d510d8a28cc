WITH {ledger},
moved AS (
    SELECT e.event, e.at FROM ledger e
    WHERE e.event IN ('entry.joined', 'entry.seated', 'entry.admitted', 'entry.left') AND e.at < %(until)s)
SELECT 'line' AS figure, step.cell, (SELECT count(*) FROM moved WHERE event = step.event AND at >= %(from)s) AS value
FROM (VALUES ('joined', 'entry.joined'), ('invited', 'entry.seated'), ('admitted', 'entry.admitted'),
    ('left', 'entry.left')) AS step (cell, event)
UNION ALL SELECT 'end', 'waiting_about', round(sum(CASE event WHEN 'entry.joined' THEN 1 ELSE -1 END) / 10.0) * 10
FROM moved WHERE event <> 'entry.seated' HAVING count(*) > 0

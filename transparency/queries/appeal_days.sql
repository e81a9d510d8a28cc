WITH {ledger},
took AS (
    SELECT extract(epoch FROM e.at - filed.at)::float8 / 86400 AS days FROM quarter e
    JOIN ledger filed ON filed.event = 'appeal.filed' AND filed.subject_id = e.subject_id
    WHERE e.event IN ('appeal.upheld', 'appeal.denied'))
SELECT 'all' AS figure, cell.name AS cell, cell.value::numeric AS value FROM (
    SELECT count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS p50,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS p90 FROM took) AS found
CROSS JOIN LATERAL (VALUES ('n', n), ('p50', p50), ('p90', p90)) AS cell (name, value)

WITH {ledger},
sent AS (
    SELECT subject_id::bigint AS application, min(at) AS at, coalesce(min(details ->> 'lane'), 'not_known') AS lane
    FROM ledger
    WHERE event = 'application.submitted' AND at < %(until)s GROUP BY subject_id),
acted AS (
    SELECT kase.application_id AS application, e.at FROM ledger e
    JOIN reviews_case kase ON kase.id = e.subject_id::bigint WHERE e.event = 'case.claimed' AND e.at < %(until)s
    UNION ALL SELECT revision.application_id, e.at FROM ledger e
    JOIN reviews_decision decision ON decision.id = e.subject_id::bigint
    JOIN onboarding_revision revision ON revision.id = decision.revision_id
    WHERE e.event = 'decision.proposed' AND e.at < %(until)s),
answered AS (
    SELECT sent.lane, sent.at AS sent_at, min(acted.at) AS at FROM sent JOIN acted USING (application)
    WHERE acted.at >= sent.at GROUP BY sent.application, sent.lane, sent.at),
took AS (
    SELECT lane, ({working_days(at)} - {working_days(sent_at)})::float8 AS days FROM answered
    WHERE at >= %(from)s)
SELECT coalesce(lane, 'all') AS figure, cell.name AS cell, cell.value::numeric AS value FROM (
    SELECT lane, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS p50,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS p90
    FROM took GROUP BY GROUPING SETS ((), (lane))) AS found
CROSS JOIN LATERAL (VALUES ('n', n), ('p50', p50), ('p90', p90)) AS cell (name, value)

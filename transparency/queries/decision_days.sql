WITH {ledger},
sent AS (
    SELECT subject_id::bigint AS application, min(at) AS at, coalesce(min(details ->> 'lane'), 'not_known') AS lane
    FROM ledger
    WHERE event = 'application.submitted' AND at < %(until)s GROUP BY subject_id),
decided AS (
    SELECT revision.application_id AS application, min(e.at) AS at FROM quarter e
    JOIN reviews_decision decision ON decision.id = e.subject_id::bigint
    JOIN onboarding_revision revision ON revision.id = decision.revision_id
    WHERE e.event = 'decision.told' AND e.details ->> 'outcome' <> 'needs_information'
    GROUP BY revision.application_id),
asked AS (
    SELECT kase.application_id AS application, e.event, e.at,
        lead(e.at) OVER (PARTITION BY e.subject_id ORDER BY e.id) AS until FROM ledger e
    JOIN reviews_case kase ON kase.id = e.subject_id::bigint
    WHERE e.event IN ('case.awaits_applicant', 'case.answered', 'case.unanswered') AND e.at < %(until)s),
waited AS (
    SELECT application, sum({working_days(until)} - {working_days(at)}) AS days FROM asked
    WHERE event = 'case.awaits_applicant' AND until IS NOT NULL GROUP BY application),
took AS (
    SELECT sent.lane, greatest({working_days(decided.at)} - {working_days(sent.at)} - coalesce(waited.days, 0), 0)::float8
        AS days
    FROM decided JOIN sent USING (application) LEFT JOIN waited USING (application) WHERE decided.at >= sent.at)
SELECT coalesce(lane, 'all') AS figure, cell.name AS cell, cell.value::numeric AS value FROM (
    SELECT lane, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS p50,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS p90
    FROM took GROUP BY GROUPING SETS ((), (lane))) AS found
CROSS JOIN LATERAL (VALUES ('n', n), ('p50', p50), ('p90', p90)) AS cell (name, value)

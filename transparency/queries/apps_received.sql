WITH {ledger},
sent AS (
    SELECT coalesce(started.details ->> 'kind', 'access') AS kind,
        coalesce(e.details ->> 'lane', revision.lane, 'not_known') AS lane,
        coalesce(e.details -> 'domains', revision.domains, '[]') AS domains
    FROM quarter e
    LEFT JOIN ledger started ON started.event = 'application.started'
        AND started.subject_type = e.subject_type AND started.subject_id = e.subject_id
    LEFT JOIN onboarding_revision revision ON revision.application_id = e.subject_id::bigint
        AND revision.number = coalesce((e.details ->> 'revision')::int, 1)
    WHERE e.event IN ('application.submitted', 'application.imported')),
said AS (
    SELECT each.key AS figure, cell.key AS cell, cell.value::bigint AS value
    FROM transparency_dayfigures day
    JOIN ledger e ON e.event = 'figures.taken' AND e.subject_id = day.id::text
    CROSS JOIN jsonb_each(day.figures) AS each CROSS JOIN jsonb_each_text(each.value) AS cell
    WHERE day."on" >= %(first_day)s AND day."on" < %(day_after)s AND each.key IN ('type', 'country'))
SELECT 'kind' AS figure, kind AS cell, count(*) AS value FROM sent GROUP BY kind
UNION ALL SELECT 'lane', lane, count(*) FROM sent GROUP BY lane
UNION ALL SELECT 'domain', domain, count(*) FROM sent, jsonb_array_elements_text(domains) AS domain GROUP BY domain
UNION ALL SELECT figure, cell, sum(value) FROM said GROUP BY figure, cell
UNION ALL SELECT figure, 'not_known', (SELECT count(*) FROM sent) - coalesce(sum(value), 0)
    FROM (VALUES ('type'), ('country')) AS asked (figure) LEFT JOIN said USING (figure) GROUP BY figure

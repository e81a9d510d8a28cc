WITH {ledger},
pairs AS (
    SELECT decision.outcome AS first, given.details ->> 'outcome' AS second FROM quarter e
    JOIN reviews_secondreview review ON review.id = e.subject_id::bigint
    JOIN reviews_decision decision ON decision.id = review.decision_id
    JOIN ledger given ON given.event = 'opinion.given' AND given.subject_id = review.opinion_id::text
    WHERE e.event = 'second_review.done' AND review.kind IN ('sample', 'new_category', 'automatic')),
chance AS (
    SELECT sum(a.n * b.n)::float8 / nullif((SELECT count(*) FROM pairs) ^ 2, 0) AS share
    FROM (SELECT first AS outcome, count(*) AS n FROM pairs GROUP BY first) AS a
    JOIN (SELECT second AS outcome, count(*) AS n FROM pairs GROUP BY second) AS b USING (outcome))
SELECT 'pairs' AS figure, CASE WHEN first = second THEN 'agree' ELSE 'differ' END AS cell, count(*)::numeric AS value
FROM pairs GROUP BY 2
UNION ALL SELECT 'kappa', 'n', count(*) FROM pairs
UNION ALL SELECT 'kappa', 'kappa',
    ((avg((first = second)::int)::float8 - coalesce(chance.share, 0)) / nullif(1 - coalesce(chance.share, 0), 0))::numeric
    FROM pairs CROSS JOIN chance GROUP BY chance.share

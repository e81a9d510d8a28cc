WITH {ledger}
SELECT jsonb_build_object('version', e.details ->> 'version', 'step', split_part(e.event, '.', 2),
    'on', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'text', version.text_hash) AS item
FROM quarter e JOIN policies_guidelineversion version ON version.id = e.subject_id::bigint
WHERE e.event IN ('guidelines.published', 'guidelines.effective', 'guidelines.superseded') ORDER BY e.id

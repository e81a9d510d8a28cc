"""What must hold of what managers change by hand, as SQL that returns the rows breaking it: stages, bulks."""

BY_HAND: dict[str, str] = {
    "Every change of stage was planned, taken or cancelled as the ledger says.": """
        SELECT change.id, change.taken_at, change.cancelled_at FROM onboarding_stagechange change
        WHERE NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'stage.planned'
            AND entry.subject_type = 'onboarding.stagechange' AND entry.subject_id = change.id::text
            AND entry.actor = 'user:' || change.set_by_id AND entry.details->>'to' = change.to)
        OR (change.cancelled_at IS NOT NULL) <> EXISTS (SELECT FROM audit_ledgerentry entry
            WHERE entry.event = 'stage.cancelled' AND entry.subject_type = 'onboarding.stagechange'
            AND entry.subject_id = change.id::text AND entry.actor = 'user:' || change.cancelled_by_id)
        OR (change.taken_at IS NOT NULL)::int <> (SELECT count(*) FROM audit_ledgerentry entry
            WHERE entry.event = 'program.stage_changed' AND entry.subject_type = 'onboarding.program'
            AND entry.subject_id = change.program_id::text AND (entry.details->>'change')::bigint = change.id
            AND entry.details->>'now' = change.to AND entry.actor = 'user:' || change.set_by_id)""",
    "A bulk changed the places it counts, each with its ledger row, and none of its manager's own.": """
        SELECT bulk.id, bulk.changed FROM onboarding_linebulk bulk
        WHERE bulk.changed <> (SELECT count(*) FROM onboarding_linebulkitem item WHERE item.bulk_id = bulk.id)
        OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'line_bulk.asked'
            AND entry.subject_type = 'onboarding.linebulk' AND entry.subject_id = bulk.id::text
            AND entry.actor = 'user:' || bulk.asked_by_id)
        OR EXISTS (SELECT FROM onboarding_linebulkitem item
            JOIN onboarding_waitlistentry place ON place.id = item.entry_id
            JOIN onboarding_application application ON application.id = place.application_id
            JOIN accounts_owner owner ON owner.id = place.owner_id
            WHERE item.bulk_id = bulk.id AND (bulk.asked_by_id IN (owner.person_id, application.applicant_id)
                OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.subject_id = place.id::text
                    AND entry.subject_type = 'onboarding.waitlistentry'
                    AND entry.event = CASE bulk.verb WHEN 'hold' THEN 'entry.held' ELSE 'entry.unheld' END
                    AND (entry.details->>'bulk')::bigint = bulk.id)))""",
}

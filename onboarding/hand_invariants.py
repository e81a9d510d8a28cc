"""What must hold of what managers do by hand, as SQL that returns the rows breaking it: stages, bulks, picks."""

from audit.invariants import states_agree

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
                    AND entry.event = CASE bulk.verb WHEN 'hold' THEN 'entry.held' WHEN 'unhold' THEN 'entry.unheld'
                        ELSE 'entry.moved' END
                    AND (entry.details->>'bulk')::bigint = bulk.id)))""",
    "The ledger agrees with the state of everybody who was asked by hand.": states_agree(
        "onboarding_pick",
        "onboarding.pick",
        {
            "pick.asked": "asked",
            "pick.taken": "taken",
            "pick.withdrawn": "withdrawn",
            "pick.expired": "expired",
        },
    ),
    "A list was handed in by whom it says, and asked the people it counts, for its own program.": """
        SELECT listed.id, listed.made FROM onboarding_picklist listed
        WHERE listed.made <> (SELECT count(*) FROM onboarding_pick pick WHERE pick.pick_list_id = listed.id
            AND pick.program_id = listed.program_id AND pick.asked_by_id = listed.asked_by_id)
        OR listed.made > listed.found
        OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'pick_list.asked'
            AND entry.subject_type = 'onboarding.picklist' AND entry.subject_id = listed.id::text
            AND entry.actor = 'user:' || listed.asked_by_id)""",
    "Whoever applied as asked by hand had taken that up themselves, for that program.": """
        SELECT sent.id, sent.pick_id FROM onboarding_application sent
        JOIN onboarding_pick pick ON pick.id = sent.pick_id
        WHERE pick.state <> 'taken' OR pick.program_id <> sent.program_id
        OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'pick.taken'
            AND entry.subject_type = 'onboarding.pick' AND entry.subject_id = pick.id::text
            AND entry.actor = 'user:' || pick.taken_by_id)
        OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'application.started'
            AND entry.subject_type = 'onboarding.application' AND entry.subject_id = sent.id::text
            AND entry.actor = 'user:' || pick.taken_by_id)""",
}

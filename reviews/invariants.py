"""What must hold of cases and decisions, as SQL that returns the rows breaking it."""

from audit.invariants import states_agree

# The people behind an application at the moment of a decision: applicant, owner, members of the owning organisation.
BEHIND = """(application.applicant_id = {person} OR owner.person_id = {person} OR EXISTS (
    SELECT FROM accounts_membership member WHERE member.organisation_id = owner.organisation_id
    AND member.user_id = {person} AND member.since_at <= {moment}))"""

ABOUT = """FROM reviews_decision decision JOIN reviews_case kase ON kase.id = decision.case_id
        JOIN onboarding_application application ON application.id = kase.application_id
        JOIN accounts_owner owner ON owner.id = application.owner_id"""

LATEST_TOLD = """JOIN LATERAL (SELECT outcome, overturned_at FROM reviews_decision told
            WHERE told.case_id = kase.id AND told.told_at IS NOT NULL
            ORDER BY told.id DESC LIMIT 1) AS latest ON true"""

CASES: dict[str, str] = {
    "The ledger agrees with the state of every case.": states_agree(
        "reviews_case",
        "reviews.case",
        {
            "case.opened": "open",
            "case.released": "open",
            "case.reopened": "open",
            "case.answered": "open",
            "case.unanswered": "open",
            "case.followed": "open",
            "case.claimed": "claimed",
            "case.held": "claimed",
            "case.resumed": "claimed",
            "case.handed_over": "claimed",
            "case.awaits_second": "awaiting_second",
            "case.awaits_applicant": "awaiting_applicant",
            "case.decided": "decided",
            "case.closed": "closed",
        },
    ),
    "Every claimed case has one unreleased claim, and no other case has one.": """
        SELECT kase.id, kase.state, count(claim.id) AS claims FROM reviews_case kase
        LEFT JOIN reviews_claim claim ON claim.case_id = kase.id AND claim.released_at IS NULL
        WHERE kase.state <> 'awaiting_second' GROUP BY kase.id
        HAVING count(claim.id) <> (kase.state = 'claimed')::int""",
    "Nobody works on more than three cases at once.": """
        SELECT reviewer_id, count(*) AS claims FROM reviews_claim
        WHERE released_at IS NULL AND held_at IS NULL AND expires_at > now() GROUP BY reviewer_id
        HAVING count(*) > 3""",
    "A decision made in bulk says what the bulk says, by whom it was made, on its item's case.": """
        SELECT item.id, item.decision_id FROM reviews_bulkitem item JOIN reviews_bulk bulk ON bulk.id = item.bulk_id
        JOIN reviews_decision decision ON decision.id = item.decision_id
        WHERE (decision.case_id, decision.outcome, decision.reason_code, decision.decided_by_id)
            <> (item.case_id, bulk.outcome, bulk.reason_code, bulk.made_by_id)""",
    "The ledger agrees with the state of every export of the queue.": states_agree(
        "reviews_queueexport",
        "reviews.queueexport",
        {
            "export.asked": "waiting",
            "export.started": "running",
            "export.finished": "done",
            "export.failed": "failed",
            "export.dropped": "dropped",
        },
    ),
    "The ledger tells of every bulk once.": """
        SELECT bulk.id FROM reviews_bulk bulk WHERE (SELECT count(*) FROM audit_ledgerentry entry
            WHERE entry.subject_type = 'reviews.bulk' AND entry.subject_id = bulk.id::text
            AND entry.event = 'bulk.decided') <> 1""",
    "Every application under review has a case.": """
        SELECT application.id, application.state FROM onboarding_application application
        WHERE application.state IN ('in_review', 'information_requested', 'approved', 'rejected')
        AND NOT EXISTS (SELECT FROM reviews_case kase WHERE kase.application_id = application.id)""",
    "A submitted application has a case, or one is owed.": """
        SELECT application.id FROM onboarding_application application
        WHERE application.state = 'submitted' AND NOT application.case_owed
        AND NOT EXISTS (SELECT FROM reviews_case kase WHERE kase.application_id = application.id)""",
    "Every case is about the latest revision of its application, or owed to follow it.": """
        SELECT kase.id, kase.revision_id FROM reviews_case kase
        JOIN onboarding_application application ON application.id = kase.application_id
        JOIN LATERAL (SELECT id FROM onboarding_revision revision
            WHERE revision.application_id = application.id ORDER BY number DESC LIMIT 1) AS latest ON true
        WHERE kase.revision_id <> latest.id AND kase.state <> 'closed' AND application.state <> 'withdrawn'
        AND NOT (application.case_owed AND kase.state = 'open')""",
    "Every finding is on a revision of its own case's application.": """
        SELECT finding.id FROM reviews_finding finding JOIN reviews_case kase ON kase.id = finding.case_id
        JOIN onboarding_revision revision ON revision.id = finding.revision_id
        WHERE revision.application_id <> kase.application_id""",
    "Every quoted passage stands in the answer it names, until that is blanked.": """
        SELECT finding.id, finding.quoted_in FROM reviews_finding finding
        JOIN onboarding_revision revision ON revision.id = finding.revision_id
        WHERE finding.quote NOT IN ('', '(blanked)') AND revision.erased_at IS NULL
        AND finding.quote IS DISTINCT FROM substring(revision.answers ->> finding.quoted_in
            FROM finding.quote_start + 1 FOR finding.quote_end - finding.quote_start)""",
}

PEOPLE: dict[str, str] = {
    "Nobody decided their own or their organisation's case.": f"""
        SELECT decision.id, decision.decided_by_id {ABOUT}
        WHERE {BEHIND.format(person="decision.decided_by_id", moment="decision.decided_at")}""",
    "Nobody signed a decision on their own or their organisation's case.": f"""
        SELECT decision.id, decision.signed_by_id {ABOUT} WHERE decision.signed_by_id IS NOT NULL
        AND {BEHIND.format(person="decision.signed_by_id", moment="decision.signed_at")}""",
    "Nobody signed their own decision.": """
        SELECT id, decided_by_id FROM reviews_decision WHERE signed_by_id = decided_by_id""",
    "A decision that needed a second person was told only after one signed.": """
        SELECT id, second FROM reviews_decision
        WHERE second <> 'nobody' AND told_at IS NOT NULL AND signed_at IS NULL""",
    "A domain, the refuse lane, or risk level III or more asks for a second person, IV for a senior one.": """
        SELECT decision.id, decision.second, revision.risk_level, revision.domains FROM reviews_decision decision
        JOIN onboarding_revision revision ON revision.id = decision.revision_id
        WHERE decision.outcome <> 'needs_information' AND (
            decision.second = 'nobody' AND (revision.risk_level >= 3 OR revision.lane = 'refuse'
                OR jsonb_array_length(revision.domains) > 0)
            OR decision.second <> 'senior' AND revision.risk_level >= 4)""",
}

TELLING: dict[str, str] = {
    "Every decision is in the ledger, by the person who made it.": """
        SELECT decision.id FROM reviews_decision decision WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event = 'decision.proposed'
            AND entry.actor = 'user:' || decision.decided_by_id)""",
    "Every signature is in the ledger, by the person who signed.": """
        SELECT decision.id FROM reviews_decision decision WHERE decision.signed_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event = 'decision.signed'
            AND entry.actor = 'user:' || decision.signed_by_id)""",
    "A decision is told when the ledger says so.": """
        SELECT decision.id, decision.told_at FROM reviews_decision decision
        WHERE (decision.told_at IS NOT NULL) <> EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event = 'decision.told')""",
    "Nothing is told before its time, or after it was given back or taken back.": """
        SELECT id, tell_at, told_at FROM reviews_decision
        WHERE told_at < tell_at OR (told_at IS NOT NULL
            AND (tell_at IS NULL OR returned_at IS NOT NULL OR recalled_at IS NOT NULL))""",
    "A decision was taken back when the ledger says so, by the same person, and was never told.": """
        SELECT decision.id, decision.recalled_by_id FROM reviews_decision decision
        WHERE (decision.recalled_at IS NOT NULL) <> EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event IN ('decision.recalled', 'decision.cancelled')
            AND entry.actor = coalesce('user:' || decision.recalled_by_id, entry.actor))""",
    "Nobody was rejected for silence before a reminder had been sent for a week.": """
        SELECT decision.id FROM reviews_decision decision WHERE decision.reason_code = 'R8_no_reply' AND NOT EXISTS (
            SELECT FROM reviews_informationrequest asked
            JOIN reviews_decision ask ON ask.id = asked.decision_id
            JOIN outbox_letter reminder ON reminder.about_type = 'reviews.informationrequest'
                AND reminder.about_id = asked.id::text
            WHERE ask.case_id = decision.case_id AND asked.overdue_at IS NOT NULL
            AND reminder.kind IN ('reviews/question_reminder', 'reviews/question_due')
            AND reminder.sent_at <= decision.decided_at - interval '7 days')""",
    "The letter a decision was told with is about that decision.": """
        SELECT decision.id FROM reviews_decision decision JOIN outbox_letter letter ON letter.id = decision.letter_id
        WHERE letter.about_type <> 'reviews.decision' OR letter.about_id <> decision.id::text
        OR decision.told_at IS NULL OR decision.template_version = ''""",
    "Every ask is made of questions.": """
        SELECT asked.id FROM reviews_informationrequest asked WHERE NOT EXISTS (
            SELECT FROM reviews_question question WHERE question.request_id = asked.id)""",
    "An application is what the latest decision that was told says.": f"""
        SELECT application.id, application.state, latest.outcome FROM reviews_case kase
        JOIN onboarding_application application ON application.id = kase.application_id {LATEST_TOLD}
        WHERE NOT CASE latest.outcome
            WHEN 'rejected' THEN CASE WHEN latest.overturned_at IS NULL THEN application.state = 'rejected'
                ELSE application.state IN ('in_review', 'withdrawn') END
            WHEN 'needs_information' THEN application.state IN ('information_requested', 'in_review', 'withdrawn')
            ELSE application.state IN ('approved', 'lapsed') END""",
    "Nothing was approved or rejected without a decision that was told.": """
        SELECT application.id, application.state FROM onboarding_application application
        WHERE application.state IN ('approved', 'lapsed', 'rejected') AND NOT EXISTS (
            SELECT FROM reviews_case kase JOIN reviews_decision decision ON decision.case_id = kase.id
            WHERE kase.application_id = application.id AND decision.told_at IS NOT NULL
            AND decision.overturned_at IS NULL
            AND CASE WHEN application.state = 'rejected' THEN decision.outcome = 'rejected'
                ELSE decision.outcome IN ('approved', 'approved_with_conditions') END)""",
    "Everybody whose decision was told was written a letter.": """
        SELECT decision.id FROM reviews_decision decision JOIN reviews_case kase ON kase.id = decision.case_id
        JOIN onboarding_application application ON application.id = kase.application_id
        WHERE decision.told_at IS NOT NULL AND application.applicant_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM outbox_letter letter WHERE letter.about_type = 'reviews.decision'
            AND letter.about_id = decision.id::text)""",
    "A file came with an answer on its own application, by somebody on its side.": """
        SELECT link.id FROM reviews_informationrequest_attachments link
        JOIN onboarding_attachment file ON file.id = link.attachment_id
        JOIN reviews_informationrequest asked ON asked.id = link.informationrequest_id
        JOIN reviews_decision decision ON decision.id = asked.decision_id
        JOIN reviews_case kase ON kase.id = decision.case_id
        WHERE file.application_id <> kase.application_id OR asked.answered_by_id IS DISTINCT FROM file.added_by_id""",
    "A case went back without an answer only after its last reminder.": """
        SELECT id, overdue_at, reminded_last_at FROM reviews_informationrequest
        WHERE overdue_at IS NOT NULL AND (reminded_last_at IS NULL OR reminded_last_at >= overdue_at)""",
    "Every request for information carries its question.": """
        SELECT decision.id FROM reviews_decision decision LEFT JOIN reviews_informationrequest asked
        ON asked.decision_id = decision.id
        WHERE (decision.outcome = 'needs_information') <> (asked.id IS NOT NULL)""",
}

REVERSALS: dict[str, str] = {
    "A decision is overturned when the ledger says so, by the same person.": """
        SELECT decision.id, decision.overturned_by_id FROM reviews_decision decision
        WHERE (decision.overturned_at IS NOT NULL) <> EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event = 'decision.overturned'
            AND entry.actor = coalesce('user:' || decision.overturned_by_id, entry.actor))""",
    "Applying again early is allowed when the ledger says so.": """
        SELECT decision.id FROM reviews_decision decision
        WHERE (decision.reapply_allowed_at IS NOT NULL) <> EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event = 'decision.reapply_allowed')""",
    "Nobody who made an overturned decision made the next one.": """
        SELECT later.id, later.decided_by_id, later.signed_by_id FROM reviews_decision later
        JOIN reviews_decision earlier ON earlier.case_id = later.case_id AND earlier.id <> later.id
            AND earlier.overturned_at <= later.decided_at
        WHERE later.decided_by_id IN (earlier.decided_by_id, earlier.signed_by_id)
        OR later.signed_by_id IN (earlier.decided_by_id, earlier.signed_by_id)""",
}

AGAIN: dict[str, str] = {
    "Nobody looked a second time at what they had decided or signed themselves.": """
        SELECT review.id, review.reviewer_id FROM reviews_secondreview review
        JOIN reviews_decision decision ON decision.id = review.decision_id
        WHERE review.reviewer_id IN (decision.decided_by_id, decision.signed_by_id)""",
    "The opinion of a second review is its reviewer's own, blind, and on the revision that was decided.": """
        SELECT review.id FROM reviews_secondreview review
        JOIN reviews_decision decision ON decision.id = review.decision_id
        JOIN reviews_opinion opinion ON opinion.id = review.opinion_id
        WHERE NOT opinion.blind OR opinion.reviewer_id <> review.reviewer_id
        OR opinion.revision_id <> decision.revision_id OR review.revision_id <> decision.revision_id""",
    "Only what was told is looked at again.": """
        SELECT review.id FROM reviews_secondreview review
        JOIN reviews_decision decision ON decision.id = review.decision_id
        WHERE decision.told_at IS NULL OR decision.told_at > review.drawn_at""",
    "A card is open where two views differ, and was closed by neither of the two.": """
        SELECT review.id FROM reviews_secondreview review
        JOIN reviews_decision decision ON decision.id = review.decision_id
        JOIN reviews_opinion opinion ON opinion.id = review.opinion_id
        LEFT JOIN reviews_reconciliation card ON card.review_id = review.id
        WHERE (card.id IS NOT NULL) <> (review.golden_id IS NULL AND opinion.outcome <> decision.outcome)
        OR card.closed_by_id IN (decision.decided_by_id, decision.signed_by_id, review.reviewer_id)""",
}

ERASED: dict[str, str] = {
    "Of what was written about a deleted account no word is left.": f"""
        SELECT decision.id {ABOUT} JOIN accounts_user person ON person.id = owner.person_id
        LEFT JOIN reviews_informationrequest asked ON asked.decision_id = decision.id
        WHERE person.erased_at IS NOT NULL AND (
            NOT (ARRAY[decision.explanation, decision.facts, decision.what_would_change, decision.return_reason,
                decision.why_different,
                decision.recall_reason, decision.emergency_reason,
                coalesce(asked.question, ''), coalesce(asked.answer, '')] <@ ARRAY['', '(blanked)'])
            OR EXISTS (SELECT FROM reviews_question question WHERE question.request_id = asked.id
                AND question.question NOT IN ('', '(blanked)'))
            OR EXISTS (SELECT FROM reviews_opinion opinion WHERE opinion.case_id = kase.id
                AND opinion.note NOT IN ('', '(blanked)'))
            OR EXISTS (SELECT FROM reviews_reconciliation card
                JOIN reviews_secondreview review ON review.id = card.review_id
                WHERE review.case_id = kase.id AND card.remark NOT IN ('', '(blanked)'))
            OR EXISTS (SELECT FROM reviews_finding finding WHERE finding.case_id = kase.id
                AND NOT (ARRAY[finding.note::text, finding.quote::text] <@ ARRAY['', '(blanked)']))
            OR EXISTS (SELECT FROM reviews_likeness likeness WHERE likeness.case_id = kase.id)
            OR EXISTS (SELECT FROM reviews_unsent unsent WHERE unsent.case_id = kase.id)
            OR EXISTS (SELECT FROM reviews_note note WHERE note.case_id = kase.id AND note.text <> '(blanked)'))""",
}

INVARIANTS: dict[str, str] = {**CASES, **PEOPLE, **TELLING, **REVERSALS, **AGAIN, **ERASED}

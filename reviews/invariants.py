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
    "What a rule decided alone is an approval in the notify lane, below level III, without a domain.": """
        SELECT decision.id, decision.by_rule_id FROM reviews_decision decision
        JOIN onboarding_revision revision ON revision.id = decision.revision_id
        WHERE decision.decided_by_id IS NULL AND (decision.by_rule_id IS NULL OR decision.outcome <> 'approved'
            OR revision.lane <> 'notify' OR revision.risk_level >= 3 OR jsonb_array_length(revision.domains) > 0)""",
    "A domain, the refuse lane, or risk level III or more asks for a second person, IV for a senior one.": """
        SELECT decision.id, decision.second, revision.risk_level, revision.domains FROM reviews_decision decision
        JOIN onboarding_revision revision ON revision.id = decision.revision_id
        WHERE decision.outcome <> 'needs_information' AND (
            decision.second = 'nobody' AND (revision.risk_level >= 3 OR revision.lane = 'refuse'
                OR jsonb_array_length(revision.domains) > 0)
            OR decision.second <> 'senior' AND revision.risk_level >= 4)""",
}

TELLING: dict[str, str] = {
    "Every decision is in the ledger, by the person or the rule that made it.": """
        SELECT decision.id FROM reviews_decision decision WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.decision'
            AND entry.subject_id = decision.id::text AND entry.event = 'decision.proposed'
            AND entry.actor = coalesce('user:' || decision.decided_by_id, 'system:triage'))""",
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
    "A second review was drawn, and done by its reviewer, when the ledger says so.": """
        SELECT review.id, review.done_at FROM reviews_secondreview review
        WHERE NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.secondreview'
            AND entry.subject_id = review.id::text AND entry.event = 'second_review.drawn')
        OR (review.done_at IS NOT NULL) <> EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.secondreview'
            AND entry.subject_id = review.id::text AND entry.event = 'second_review.done'
            AND entry.actor = 'user:' || review.reviewer_id)""",
    "A card was closed when the ledger says so, by the same person.": """
        SELECT card.id, card.closed_by_id FROM reviews_reconciliation card
        WHERE (card.closed_at IS NOT NULL) <> EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.reconciliation'
            AND entry.subject_id = card.id::text AND entry.event = 'reconciliation.closed'
            AND entry.actor = coalesce('user:' || card.closed_by_id, entry.actor))""",
    "A card is open where two views differ, and was closed by neither of the two.": """
        SELECT review.id FROM reviews_secondreview review
        JOIN reviews_decision decision ON decision.id = review.decision_id
        JOIN reviews_opinion opinion ON opinion.id = review.opinion_id
        LEFT JOIN reviews_reconciliation card ON card.review_id = review.id
        WHERE (card.id IS NOT NULL) <> (review.golden_id IS NULL AND opinion.outcome <> decision.outcome)
        OR card.closed_by_id IN (decision.decided_by_id, decision.signed_by_id, review.reviewer_id)""",
}

CARE: dict[str, str] = {
    "Nobody on a break has a case that was given to them since it began, unless it is owed back.": """
        SELECT claim.id, claim.claimed_at, care.paused_at FROM reviews_claim claim
        JOIN reviews_care care ON care.reviewer_id = claim.reviewer_id
        WHERE claim.released_at IS NULL AND claim.claimed_at > care.paused_at AND NOT care.reroute_owed""",
    "No severe text was open for more than a quarter of an hour at once.": """
        SELECT id, opened_at, ends_by FROM reviews_exposure WHERE ends_by - opened_at > interval '15 minutes'""",
    # Days are the reviewers' own, and one of UTC touches two of those: what is certain is no more than twice the most.
    "Nobody had severe text of one kind open in a day for longer than two days of the most any rule lets one set.": """
        SELECT exposure.reviewer_id, kind.code, sum(ended_at - opened_at) AS open FROM reviews_exposure exposure
        CROSS JOIN LATERAL jsonb_object_keys(exposure.severe) AS kind (code) WHERE exposure.ended_at IS NOT NULL
        GROUP BY exposure.reviewer_id, kind.code, (exposure.opened_at AT TIME ZONE 'UTC')::date
        HAVING sum(ended_at - opened_at) > 2 * interval '1 minute'
            * greatest(120, (SELECT max(most_minutes) FROM reviews_carerule))""",
    "Every rule of what reviewers are spared is in the ledger, by the person who set it.": """
        SELECT rule.id FROM reviews_carerule rule WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.carerule'
            AND entry.subject_id = rule.id::text AND entry.event = 'care_rule.set'
            AND entry.actor = 'user:' || rule.set_by_id)""",
    "Whoever was let into a case whatever they declared was so by another, once, as the ledger says.": """
        SELECT given.id, given.reviewer_id, given.given_by_id FROM reviews_interestoverride given
        WHERE given.given_by_id = given.reviewer_id OR (
            SELECT count(*) FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.interestoverride'
            AND entry.subject_id = given.id::text AND entry.event = 'override.given'
            AND entry.actor = 'user:' || given.given_by_id
            AND entry.details ->> 'case' = given.case_id::text
            AND entry.details ->> 'reviewer' = 'user:' || given.reviewer_id) <> 1""",
}

TRIAGE: dict[str, str] = {
    "The ledger agrees with the state of every triage rule.": states_agree(
        "reviews_triagerule",
        "reviews.triagerule",
        {
            "rule.written": "draft",
            "rule.switched_on": "on",
            "rule.switched_off": "draft",
            "rule.fell_silent": "silent",
        },
    ),
    "Versions of a triage rule are numbered without a gap, and the last one counts.": """
        SELECT rule.id, rule.number, count(version.id) AS versions FROM reviews_triagerule rule
        LEFT JOIN reviews_ruleversion version ON version.rule_id = rule.id GROUP BY rule.id
        HAVING count(version.id) <> rule.number OR max(version.number) IS DISTINCT FROM rule.number""",
    "Every version of a triage rule is in the ledger once, by the person who wrote it.": """
        SELECT version.id, version.number FROM reviews_ruleversion version WHERE (
            SELECT count(*) FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.triagerule'
            AND entry.subject_id = version.rule_id::text AND entry.event = 'rule.written'
            AND entry.details ->> 'version' = version.number::text
            AND entry.actor = 'user:' || version.written_by_id) <> 1""",
    "No triage rule is on, or fell silent, in a version that nobody switched on.": """
        SELECT rule.id, rule.number FROM reviews_triagerule rule WHERE rule.state <> 'draft' AND NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'reviews.triagerule'
            AND entry.subject_id = rule.id::text AND entry.event = 'rule.switched_on'
            AND entry.details ->> 'version' = rule.number::text)""",
    "Every match is on a revision of its own case, by a rule of its program or of all.": """
        SELECT match.id, match.case_id FROM reviews_rulematch match
        JOIN reviews_case kase ON kase.id = match.case_id
        JOIN onboarding_revision revision ON revision.id = match.revision_id
        JOIN reviews_ruleversion version ON version.id = match.version_id
        JOIN reviews_triagerule rule ON rule.id = version.rule_id
        WHERE revision.application_id <> kase.application_id OR rule.program_id <> kase.program_id""",
    "Every match that is settled rests on a decision on its own case that was told, or on a second look at it.": """
        SELECT match.id, match.decision_id FROM reviews_rulematch match
        LEFT JOIN reviews_decision decision ON decision.id = match.decision_id
        WHERE match.settled_at IS NOT NULL AND (decision.case_id <> match.case_id OR decision.told_at IS NULL
            OR decision.outcome = 'needs_information') IS NOT FALSE
        AND NOT (match.decision_id IS NULL AND EXISTS (SELECT FROM reviews_decision made
            JOIN reviews_secondreview review ON review.decision_id = made.id
            WHERE made.case_id = match.case_id AND made.by_rule_id = match.version_id
            AND review.done_at IS NOT NULL AND review.golden_id IS NULL))""",
}

READ: dict[str, str] = {
    "Nobody opened a file of their own or their organisation's application as its reviewer.": f"""
        SELECT opening.id, opening.reviewer_id FROM reviews_fileopening opening
        JOIN onboarding_attachment file ON file.id = opening.attachment_id
        JOIN onboarding_application application ON application.id = file.application_id
        JOIN accounts_owner owner ON owner.id = application.owner_id
        WHERE {BEHIND.format(person="opening.reviewer_id", moment="opening.opened_at")}""",
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

INVARIANTS: dict[str, str] = {
    **CASES,
    **PEOPLE,
    **TELLING,
    **REVERSALS,
    **AGAIN,
    **READ,
    **CARE,
    **TRIAGE,
    **ERASED,
}

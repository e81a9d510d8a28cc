"""What must hold of applications, the line, seats, grants and keys, as SQL that returns the rows breaking it."""

from audit.invariants import states_agree
from onboarding.counted import COUNTS
from onboarding.guard_invariants import GUARDS
from onboarding.hand_invariants import BY_HAND
from onboarding.plan_invariants import PLANS

STATES: dict[str, str] = {
    "The ledger agrees with the state of every application.": states_agree(
        "onboarding_application",
        "onboarding.application",
        {
            "application.started": "draft",
            "application.imported": "draft|submitted",
            "application.submitted": "submitted",
            "application.amended": "submitted",
            "application.in_review": "in_review",
            "application.information_requested": "information_requested",
            "application.approved": "approved",
            "application.rejected": "rejected",
            "application.withdrawn": "withdrawn",
            "application.lapsed": "lapsed",
        },
    ),
    "The ledger agrees with the state of every place in line.": states_agree(
        "onboarding_waitlistentry",
        "onboarding.waitlistentry",
        {
            "entry.joined": "waiting",
            "entry.returned": "waiting",
            "entry.held": "held",
            "entry.unheld": "waiting",
            "entry.seated": "seated",
            "entry.admitted": "admitted",
            "entry.left": "left",
        },
    ),
    "The ledger agrees with the state of every invitation.": states_agree(
        "onboarding_invitation",
        "onboarding.invitation",
        {f"invitation.{state}": state for state in ("offered", "accepted", "declined", "expired")},
    ),
    "The ledger agrees with the state of every grant.": states_agree(
        "onboarding_grant",
        "onboarding.grant",
        {
            "grant.given": "active",
            "grant.resumed": "active",
            "grant.suspended": "suspended",
            "grant.revoked": "revoked",
            "grant.expired": "expired",
        },
    ),
    "The ledger agrees with the state of every import.": states_agree(
        "onboarding_importjob",
        "onboarding.importjob",
        {
            "import.asked": "waiting",
            "import.started": "running",
            "import.finished": "done",
            "import.failed": "failed",
        },
    ),
    "The ledger agrees with the state of every key.": states_agree(
        "onboarding_key",
        "onboarding.key",
        {
            "key.issued": "issued",
            "key.opened": "active",
            "key.resumed": "active",
            "key.suspended": "suspended",
            "key.revoked": "revoked",
            "key.expired": "expired",
        },
    ),
    "The ledger agrees with the stage of every program.": """
        SELECT program.id, program.stage, latest.said FROM onboarding_program program LEFT JOIN LATERAL (
            SELECT coalesce(details->>'now', details->>'stage') AS said FROM audit_ledgerentry
            WHERE subject_type = 'onboarding.program' AND subject_id = program.id::text
            AND event IN ('program.opened', 'program.stage_changed') ORDER BY id DESC LIMIT 1) AS latest ON true
        WHERE latest.said IS DISTINCT FROM program.stage""",
    "The ledger agrees with whether a program is paused.": """
        SELECT program.id, program.paused_at, latest.event FROM onboarding_program program LEFT JOIN LATERAL (
            SELECT event FROM audit_ledgerentry
            WHERE subject_type = 'onboarding.program' AND subject_id = program.id::text
            AND event IN ('program.paused', 'program.resumed') ORDER BY id DESC LIMIT 1) AS latest ON true
        WHERE (program.paused_at IS NOT NULL) <> coalesce(latest.event = 'program.paused', false)""",
    "Every rate step is in the ledger.": """
        SELECT step.id, step.program_id FROM onboarding_ratestep step WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'onboarding.program'
            AND entry.subject_id = step.program_id::text AND entry.event = 'rate.set'
            AND (entry.details->>'step')::bigint = step.id)""",
    "Every week is in the ledger.": """
        SELECT week.id FROM onboarding_week week WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'onboarding.week'
            AND entry.subject_id = week.id::text AND entry.event = 'week.opened')""",
}

APPLICATIONS: dict[str, str] = {
    "Every submitted application has a revision.": """
        SELECT application.id, application.state FROM onboarding_application application
        WHERE application.submitted_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM onboarding_revision revision WHERE revision.application_id = application.id)""",
    "Revisions are numbered without a gap.": """
        SELECT application_id, max(number) AS last, count(*) AS revisions FROM onboarding_revision
        GROUP BY application_id HAVING max(number) <> count(*)""",
    "An application shows lane and risk of its latest revision.": """
        SELECT application.id, application.lane, latest.lane AS revision_lane FROM onboarding_application application
        JOIN LATERAL (SELECT lane, risk_score, risk_level FROM onboarding_revision revision
            WHERE revision.application_id = application.id ORDER BY number DESC LIMIT 1) AS latest ON true
        WHERE (application.lane, application.risk_score, application.risk_level)
            IS DISTINCT FROM (latest.lane, latest.risk_score, latest.risk_level)""",
    "Everybody who submitted an application was written a receipt.": """
        SELECT application.id, application.applicant_id FROM onboarding_application application
        WHERE application.submitted_at IS NOT NULL AND application.external_id = ''
        AND application.applicant_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM outbox_letter letter WHERE letter.kind = 'onboarding/receipt'
            AND letter.about_id = application.id::text AND letter.about_type = 'onboarding.application')""",
    "Only applications that were approved have a place in line.": """
        SELECT entry.id, entry.state, application.state AS application_state FROM onboarding_waitlistentry entry
        JOIN onboarding_application application ON application.id = entry.application_id
        WHERE application.state NOT IN ('approved', 'lapsed') OR application.kind <> 'access'""",
    "A lapsed application is not in line any more.": """
        SELECT entry.id, entry.state FROM onboarding_waitlistentry entry
        JOIN onboarding_application application ON application.id = entry.application_id
        WHERE application.state = 'lapsed' AND entry.state <> 'left'""",
    "A place in line has the program and the owner of its application.": """
        SELECT entry.id FROM onboarding_waitlistentry entry
        JOIN onboarding_application application ON application.id = entry.application_id
        WHERE (entry.program_id, entry.owner_id) IS DISTINCT FROM (application.program_id, application.owner_id)""",
    "Nobody has two live places in one line.": """
        SELECT program_id, owner_id, count(*) AS places FROM onboarding_waitlistentry
        WHERE state IN ('waiting', 'held', 'seated') GROUP BY program_id, owner_id HAVING count(*) > 1""",
}

OF_A_DELETED_ACCOUNT = """JOIN accounts_owner owner ON owner.id = {of}.owner_id
        JOIN accounts_user person ON person.id = owner.person_id AND person.erased_at IS NOT NULL"""

ERASED: dict[str, str] = {
    "Of a deleted account's applications nothing is left but a fingerprint of each answer sheet.": f"""
        SELECT application.id FROM onboarding_application application {OF_A_DELETED_ACCOUNT.format(of="application")}
        WHERE application.answers <> '{{}}' OR application.facts <> '{{}}' OR application.title <> ''
        OR EXISTS (SELECT FROM onboarding_revision revision WHERE revision.application_id = application.id
            AND (revision.erased_at IS NULL OR revision.answers - 'erased' - 'digest' <> '{{}}'))
        OR EXISTS (SELECT FROM onboarding_sealedanswer sealed WHERE sealed.application_id = application.id
            AND sealed.wiped_at IS NULL)
        OR EXISTS (SELECT FROM onboarding_waitlistentry entry JOIN onboarding_move move ON move.entry_id = entry.id
            WHERE entry.application_id = application.id AND move.note NOT IN ('', '(blanked)'))
        OR EXISTS (SELECT FROM onboarding_waitlistentry entry JOIN onboarding_seat seat ON seat.entry_id = entry.id
            JOIN onboarding_invitation invitation ON invitation.seat_id = seat.id
            WHERE entry.application_id = application.id AND invitation.decline_reason NOT IN ('', '(blanked)'))
        OR EXISTS (SELECT FROM outbox_letter letter WHERE letter.about_type = 'onboarding.application'
            AND letter.about_id = application.id::text AND letter.recipient <> 'erased@erased.invalid')""",
    "A deleted account has nothing under way, no place in line and no access.": f"""
        SELECT application.id, application.state FROM onboarding_application application
        {OF_A_DELETED_ACCOUNT.format(of="application")}
        WHERE application.state IN ('draft', 'submitted', 'in_review', 'information_requested')
        OR EXISTS (SELECT FROM onboarding_waitlistentry entry WHERE entry.application_id = application.id
            AND entry.state IN ('waiting', 'held', 'seated'))
        OR EXISTS (SELECT FROM onboarding_grant given WHERE given.application_id = application.id
            AND given.state IN ('active', 'suspended'))""",
}

SEATS: dict[str, str] = {
    "No week has given more seats than its limit.": """
        SELECT week.id, week."limit", count(seat.id) AS seats FROM onboarding_week week
        JOIN onboarding_seat seat ON seat.week_id = week.id GROUP BY week.id HAVING count(seat.id) > week."limit\"""",
    "Every week counts the seats it gave.": """
        SELECT week.id, week.admitted, count(seat.id) AS seats FROM onboarding_week week
        LEFT JOIN onboarding_seat seat ON seat.week_id = week.id GROUP BY week.id
        HAVING count(seat.id) <> week.admitted""",
    "No two weeks of a program overlap.": """
        SELECT one.id, other.id AS other FROM onboarding_week one JOIN onboarding_week other
        ON one.program_id = other.program_id AND one.id < other.id
        AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at""",
    "Every seat was given within its week.": """
        SELECT seat.id, seat.given_at, week.starts_at, week.ends_at FROM onboarding_seat seat
        JOIN onboarding_week week ON week.id = seat.week_id
        WHERE seat.given_at < week.starts_at OR seat.given_at >= week.ends_at""",
    "A seat's week and place in line are of one program.": """
        SELECT seat.id FROM onboarding_seat seat JOIN onboarding_week week ON week.id = seat.week_id
        JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id WHERE week.program_id <> entry.program_id""",
    "No entry has two seats in one week.": """
        SELECT week_id, entry_id, count(*) AS seats FROM onboarding_seat
        GROUP BY week_id, entry_id HAVING count(*) > 1""",
    "Every seat has its invitation.": """
        SELECT seat.id FROM onboarding_seat seat WHERE NOT EXISTS (
            SELECT FROM onboarding_invitation invitation WHERE invitation.seat_id = seat.id)""",
    "A place in line agrees with its invitations.": """
        SELECT entry.id, entry.state, entry.returned, counted.* FROM onboarding_waitlistentry entry JOIN LATERAL (
            SELECT count(*) FILTER (WHERE invitation.state = 'offered') AS offered,
                   count(*) FILTER (WHERE invitation.state = 'accepted') AS accepted,
                   count(*) FILTER (WHERE invitation.state = 'expired') AS expired
            FROM onboarding_seat seat JOIN onboarding_invitation invitation ON invitation.seat_id = seat.id
            WHERE seat.entry_id = entry.id) AS counted ON true
        WHERE counted.offered <> (entry.state = 'seated')::int OR counted.accepted <> (entry.state = 'admitted')::int
        OR entry.returned <> (counted.expired > 0)""",
    "The clock of an invitation runs from the moment its letter was sent.": """
        SELECT invitation.id, invitation.delivered_at, letter.sent_at FROM onboarding_invitation invitation
        LEFT JOIN outbox_letter letter ON letter.once = 'invitation:' || invitation.id
        WHERE invitation.remind_at IS NOT NULL AND invitation.delivered_at IS DISTINCT FROM letter.sent_at""",
    "No invitation ran out before its promised days, or within a day of its reminder.": """
        SELECT invitation.id, invitation.delivered_at, invitation.expires_at FROM onboarding_invitation invitation
        JOIN onboarding_seat seat ON seat.id = invitation.seat_id
        WHERE invitation.state = 'expired' AND (invitation.delivered_at IS NULL
            OR invitation.expires_at <= invitation.delivered_at
            OR invitation.remind_at IS NOT NULL AND invitation.reminder_delivered_at IS NULL
            OR invitation.expires_at < invitation.reminder_delivered_at + interval '24 hours')""",
    "Every change of the order has a written reason, and the line shows the last one.": """
        SELECT entry.id, entry.priority, latest.now FROM onboarding_waitlistentry entry LEFT JOIN LATERAL (
            SELECT move.now, move.reason FROM onboarding_move move WHERE move.entry_id = entry.id
            ORDER BY move.id DESC LIMIT 1) AS latest ON true
        WHERE entry.priority <> coalesce(latest.now, 0)
        OR (latest.now IS NOT NULL AND entry.priority_reason NOT IN (latest.reason, '(blanked)'))""",
    "Nobody moved their own place in line, or their organisation's.": """
        SELECT move.id, move.moved_by_id FROM onboarding_move move
        JOIN onboarding_waitlistentry entry ON entry.id = move.entry_id
        JOIN onboarding_application application ON application.id = entry.application_id
        JOIN accounts_owner owner ON owner.id = entry.owner_id
        WHERE move.moved_by_id IN (owner.person_id, application.applicant_id)
        OR EXISTS (SELECT FROM accounts_membership member
            WHERE member.organisation_id = owner.organisation_id AND member.user_id = move.moved_by_id
            AND member.since_at <= move.moved_at)""",
    "Every invitation that was told has its letter.": """
        SELECT invitation.id FROM onboarding_invitation invitation WHERE invitation.told_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM outbox_letter letter WHERE letter.once = 'invitation:' || invitation.id)""",
}

ACCESS: dict[str, str] = {
    "Every accepted invitation has one grant.": """
        SELECT invitation.id, count(given.id) AS grants FROM onboarding_invitation invitation
        LEFT JOIN onboarding_grant given ON given.seat_id = invitation.seat_id
        WHERE invitation.state = 'accepted' GROUP BY invitation.id HAVING count(given.id) <> 1""",
    "Every grant has an accepted invitation.": """
        SELECT given.id, invitation.state FROM onboarding_grant given
        LEFT JOIN onboarding_invitation invitation ON invitation.seat_id = given.seat_id
        WHERE invitation.state IS DISTINCT FROM 'accepted'""",
    "A grant has program, owner and application of the place it was given for.": """
        SELECT given.id FROM onboarding_grant given JOIN onboarding_seat seat ON seat.id = given.seat_id
        JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id
        WHERE (given.program_id, given.owner_id, given.application_id)
            IS DISTINCT FROM (entry.program_id, entry.owner_id, entry.application_id)""",
    "Nobody has two live grants of one program.": """
        SELECT program_id, owner_id, count(*) AS grants FROM onboarding_grant
        WHERE state IN ('active', 'suspended') GROUP BY program_id, owner_id HAVING count(*) > 1""",
    "Every request for a key is owed or paid, never both and never twice.": """
        SELECT given.id, given.state, given.key_owed, given.key_request, count(issued.id) AS keys
        FROM onboarding_grant given LEFT JOIN onboarding_key issued
        ON issued.grant_id = given.id AND issued.request = given.key_request
        GROUP BY given.id HAVING count(issued.id) <> (given.key_request > 0 AND NOT given.key_owed)::int
        OR given.key_owed AND given.state IN ('revoked', 'expired') AND count(issued.id) > 0""",
    "No key answers a request that was never made.": """
        SELECT issued.id, issued.request, given.key_request FROM onboarding_key issued
        JOIN onboarding_grant given ON given.id = issued.grant_id
        WHERE issued.request < 1 OR issued.request > given.key_request""",
    "No grant has more than ten live keys, and no two of one name.": """
        SELECT grant_id, count(*) AS keys FROM onboarding_key WHERE state IN ('issued', 'active', 'suspended')
        GROUP BY grant_id HAVING count(*) > 10 OR count(DISTINCT name) < count(*)""",
    "A live key belongs to a grant of the live tier.": """
        SELECT issued.id FROM onboarding_key issued JOIN onboarding_grant given ON given.id = issued.grant_id
        JOIN onboarding_tier tier ON tier.id = given.tier_id
        WHERE issued.environment = 'live' AND tier.environment <> 'live'""",
    "A grant that ended has no live key.": """
        SELECT issued.id, issued.state, given.state AS grant_state FROM onboarding_key issued
        JOIN onboarding_grant given ON given.id = issued.grant_id
        WHERE given.state IN ('revoked', 'expired') AND issued.state IN ('issued', 'active', 'suspended')""",
    "Exactly the keys that were opened have secrets, and of those only hashes, each another.": """
        SELECT issued.id, issued.state FROM onboarding_key issued WHERE (issued.opened_at IS NOT NULL) <> EXISTS (
            SELECT FROM onboarding_secret secret WHERE secret.key_id = issued.id)
        OR (issued.state = 'issued' AND issued.opened_at IS NOT NULL)
        UNION ALL SELECT key_id, digest FROM onboarding_secret secret WHERE digest !~ '^[0-9a-f]{64}$' OR EXISTS (
            SELECT FROM onboarding_secret other WHERE other.digest = secret.digest AND other.id <> secret.id)""",
    "A key that works has one current secret, and at most one more that has its end.": """
        SELECT issued.id, issued.state, counted.* FROM onboarding_key issued JOIN LATERAL (
            SELECT count(*) FILTER (WHERE expires_at IS NULL) AS current,
                   count(*) FILTER (WHERE expires_at IS NOT NULL) AS old,
                   count(*) FILTER (WHERE expires_at > issued.expires_at) AS outliving
            FROM onboarding_secret secret WHERE secret.key_id = issued.id AND ended_at IS NULL) AS counted ON true
        WHERE counted.current <> (issued.state IN ('active', 'suspended'))::int OR counted.old > 1
        OR counted.outliving > 0 OR (counted.old > 0 AND issued.state NOT IN ('active', 'suspended'))""",
    "Secrets are numbered without a gap, and each but the first came by a rotation in the ledger.": """
        SELECT key_id, max(number) AS last, count(*) AS secrets FROM onboarding_secret GROUP BY key_id
        HAVING max(number) <> count(*) OR count(*) - 1 <> (SELECT count(*) FROM audit_ledgerentry entry
            WHERE entry.subject_type = 'onboarding.key' AND entry.subject_id = key_id::text
            AND entry.event = 'key.rotated')""",
    "No key was used before it was opened, or in the future.": """
        SELECT id, opened_at, last_used_at FROM onboarding_key WHERE last_used_at IS NOT NULL
        AND (opened_at IS NULL OR last_used_at > clock_timestamp()
            OR last_used_at < date_trunc('minute', opened_at))""",
    "Every key was opened by somebody who may act for its owner.": """
        SELECT issued.id, issued.opened_by_id FROM onboarding_key issued
        JOIN onboarding_grant given ON given.id = issued.grant_id
        JOIN accounts_owner owner ON owner.id = given.owner_id
        WHERE issued.opened_by_id IS NOT NULL AND owner.person_id IS DISTINCT FROM issued.opened_by_id
        AND NOT EXISTS (SELECT FROM accounts_membership member
            WHERE member.organisation_id = owner.organisation_id AND member.user_id = issued.opened_by_id)
        AND NOT EXISTS (SELECT FROM audit_ledgerentry gone WHERE gone.event IN ('member.left', 'member.removed')
            AND (gone.details ->> 'organisation')::bigint = owner.organisation_id
            AND (gone.details ->> 'user')::bigint = issued.opened_by_id)""",
    "Every issued key has its letter.": """
        SELECT issued.id FROM onboarding_key issued WHERE NOT EXISTS (
            SELECT FROM outbox_letter letter WHERE letter.once = 'key_ready:' || issued.id)""",
    "No key is issued before its grant, or outlives it.": """
        SELECT issued.id FROM onboarding_key issued JOIN onboarding_grant given ON given.id = issued.grant_id
        WHERE issued.issued_at < given.given_at OR issued.expires_at > given.expires_at""",
}

# A change that a request made is told once; `reviews` proves that nothing is approved without a told decision.
REQUESTS: dict[str, str] = {
    "A request about a grant has the grant's program and owner.": """
        SELECT application.id, application.kind FROM onboarding_application application
        LEFT JOIN onboarding_grant given ON given.id = application.grant_id
        WHERE application.kind <> 'access' AND (application.program_id, application.owner_id)
            IS DISTINCT FROM (given.program_id, given.owner_id)""",
    "No grant has two open requests of one kind.": """
        SELECT grant_id, kind, count(*) AS requests FROM onboarding_application
        WHERE grant_id IS NOT NULL AND state IN ('draft', 'submitted', 'in_review', 'information_requested')
        GROUP BY grant_id, kind HAVING count(*) > 1""",
    "A grant that was raised has an approved production review.": """
        SELECT entry.subject_id FROM audit_ledgerentry entry WHERE entry.event = 'grant.raised' AND NOT EXISTS (
            SELECT FROM onboarding_application application WHERE application.grant_id::text = entry.subject_id
            AND application.kind = 'production' AND application.state IN ('approved', 'lapsed'))""",
    "A grant given in the trial tier has the live one only since it was raised.": """
        SELECT given.id FROM onboarding_grant given JOIN onboarding_tier tier ON tier.id = given.tier_id
        JOIN audit_ledgerentry entry ON entry.subject_type = 'onboarding.grant'
            AND entry.subject_id = given.id::text AND entry.event = 'grant.given'
        JOIN onboarding_tier first ON first.program_id = given.program_id AND first.name = entry.details->>'tier'
        WHERE first.environment = 'test' AND tier.environment = 'live' AND NOT EXISTS (
            SELECT FROM audit_ledgerentry raised WHERE raised.event = 'grant.raised'
            AND raised.subject_type = 'onboarding.grant' AND raised.subject_id = given.id::text)""",
    "Every approved request changed its grant once, and nothing else did.": """
        SELECT application.id, application.kind, count(entry.id) AS changes FROM onboarding_application application
        LEFT JOIN audit_ledgerentry entry ON entry.subject_type = 'onboarding.grant'
            AND entry.subject_id = application.grant_id::text AND entry.details->>'request' = application.number
            AND entry.event = CASE application.kind WHEN 'production' THEN 'grant.raised'
                WHEN 'amendment' THEN 'grant.amended' ELSE 'grant.renewed' END
        WHERE application.kind <> 'access' GROUP BY application.id
        HAVING count(entry.id) <> (application.state = 'approved')::int""",
    "The use in force was submitted for its grant, and was approved.": """
        SELECT given.id, given.revision_id FROM onboarding_grant given
        LEFT JOIN onboarding_revision revision ON revision.id = given.revision_id
        LEFT JOIN onboarding_application application ON application.id = revision.application_id
        WHERE revision.id IS NULL OR NOT (application.id = given.application_id
            OR application.grant_id = given.id AND application.state = 'approved')""",
    "Access goes on past its end only for a renewal that is under review.": """
        SELECT given.id, given.held_over_from FROM onboarding_grant given
        WHERE given.state IN ('active', 'suspended') AND given.held_over_from IS NOT NULL AND NOT EXISTS (
            SELECT FROM onboarding_application application WHERE application.grant_id = given.id
            AND application.kind = 'renewal'
            AND application.state IN ('submitted', 'in_review', 'information_requested'))""",
    "A grant is limited when the ledger says so.": """
        SELECT given.id, given.limited_since, latest.event FROM onboarding_grant given LEFT JOIN LATERAL (
            SELECT event FROM audit_ledgerentry
            WHERE subject_type = 'onboarding.grant' AND subject_id = given.id::text
            AND event IN ('grant.limited', 'grant.unlimited') ORDER BY id DESC LIMIT 1) AS latest ON true
        WHERE (given.limited_since IS NOT NULL) <> coalesce(latest.event = 'grant.limited', false)""",
    "No sealed answer outlives the telling of its decision unnoticed.": """
        SELECT sealed.id, application.state FROM onboarding_sealedanswer sealed
        JOIN onboarding_application application ON application.id = sealed.application_id
        WHERE application.state IN ('approved', 'rejected', 'withdrawn', 'lapsed')
        AND sealed.wiped_at IS NULL AND NOT sealed.wipe_owed""",
}

LIMITS: dict[str, str] = {
    "Every limit, and its end, is in the ledger, by the person who set it.": """
        SELECT held.id, held.set_by_id FROM onboarding_limit held WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.event = 'limit.set'
            AND entry.subject_type = 'onboarding.limit' AND entry.subject_id = held.id::text
            AND entry.details ->> 'most' = held.most::text
            AND (held.set_by_id IS NULL OR entry.actor = 'user:' || held.set_by_id))
        OR (held.ended_at IS NOT NULL) <> EXISTS (SELECT FROM audit_ledgerentry entry
            WHERE entry.event = 'limit.ended' AND entry.subject_type = 'onboarding.limit'
            AND entry.subject_id = held.id::text)""",
    "No two limits of one sort were in force at once.": """
        SELECT one.id, other.id AS other FROM onboarding_limit one JOIN onboarding_limit other
        ON one.id < other.id AND one.program_id = other.program_id
        AND (one.level, one.environment, one.kind, one.per, one.source, one.is_shadow)
            = (other.level, other.environment, other.kind, other.per, other.source, other.is_shadow)
        AND (one.key_id, one.grant_id) IS NOT DISTINCT FROM (other.key_id, other.grant_id)
        AND greatest(one.set_at, other.set_at)
            < least(coalesce(one.ended_at, 'infinity'), coalesce(other.ended_at, 'infinity'))""",
    "A limit of an access or a key is of its own program.": """
        SELECT held.id FROM onboarding_limit held LEFT JOIN onboarding_key k ON k.id = held.key_id
        JOIN onboarding_grant given ON given.id = coalesce(held.grant_id, k.grant_id)
        WHERE given.program_id <> held.program_id""",
    "Only sanctions are set by a machine, and nobody set a limit of access they have a part in.": """
        SELECT held.id, held.set_by_id FROM onboarding_limit held LEFT JOIN onboarding_key k ON k.id = held.key_id
        LEFT JOIN onboarding_grant given ON given.id = coalesce(held.grant_id, k.grant_id)
        LEFT JOIN onboarding_application application ON application.id = given.application_id
        LEFT JOIN accounts_owner owner ON owner.id = given.owner_id
        WHERE (held.set_by_id IS NULL AND held.source <> 'sanction') OR (held.source = 'staff'
            AND (held.set_by_id IN (owner.person_id, application.applicant_id) OR EXISTS (
                SELECT FROM accounts_membership member WHERE member.organisation_id = owner.organisation_id
                AND member.user_id = held.set_by_id AND member.since_at <= held.set_at)))""",
}

INVARIANTS: dict[str, str] = {
    **STATES, **APPLICATIONS, **SEATS, **PLANS, **ACCESS, **ERASED, **REQUESTS, **LIMITS, **COUNTS, **GUARDS, **BY_HAND,
}  # fmt: skip

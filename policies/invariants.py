"""What must hold of guidelines and acceptances, as SQL that returns the rows breaking it."""

from audit.invariants import states_agree

INVARIANTS: dict[str, str] = {
    "The ledger agrees with the state of every guideline version.": states_agree(
        "policies_guidelineversion",
        "policies.guidelineversion",
        {
            "guidelines.loaded": "draft",
            "guidelines.consulted": "consultation",
            "guidelines.redrafted": "draft",
            "guidelines.published": "published",
            "guidelines.effective": "effective",
            "guidelines.superseded": "superseded",
        },
    ),
    "At most one guideline version is in force.": """
        SELECT count(*) AS in_force FROM policies_guidelineversion WHERE state = 'effective' HAVING count(*) > 1""",
    "Every guideline version has prohibited uses, and every category of it a lane.": """
        SELECT version.id, version.version FROM policies_guidelineversion version WHERE NOT EXISTS (
            SELECT FROM policies_category part WHERE part.guidelines_id = version.id AND part.kind = 'prohibited')""",
    "Every category says what the kept text of its guidelines says, and none is missing.": """
        WITH said AS (
            SELECT version.id, part->>'id' AS code, part->>'lane' AS lane, part->>'definition' AS definition
            FROM policies_guidelineversion version, jsonb_array_elements((version.source->'prohibited')
                || coalesce(version.source->'extra_scrutiny', '[]'::jsonb)) AS part)
        SELECT coalesce(said.id, part.guidelines_id) AS id, coalesce(said.code, part.code) AS code
        FROM said FULL JOIN policies_category part ON part.guidelines_id = said.id AND part.code = said.code
        WHERE said.id IS NULL OR part.id IS NULL OR part.lane <> said.lane
            OR strpos(said.definition, part.definition) = 0""",
    "Guidelines were published by one person and approved by another, but for the first of a fresh site.": """
        SELECT version.id, version.version FROM policies_guidelineversion version
        WHERE version.published_at IS NOT NULL AND version.published_by_id IS NOT DISTINCT FROM version.approved_by_id
        AND version.published_at >= (SELECT min(at) FROM audit_ledgerentry WHERE event = 'guidelines.approved')""",
    "The ledger agrees with the state of every consultation.": states_agree(
        "policies_consultation",
        "policies.consultation",
        {
            "consultation.prepared": "prepared",
            "consultation.opened": "opened",
            "consultation.summarised": "summarised",
        },
    ),
    "The ledger agrees with the state of every comment on a consultation.": states_agree(
        "policies_comment",
        "policies.comment",
        {
            "comment.sent": "unconfirmed",
            "comment.received": "waiting",
            "comment.corrected": "waiting",
            "comment.taken": "taken",
            "comment.released": "waiting",
            "comment.shown": "shown",
            "comment.unnamed": "unnamed",
            "comment.withheld": "withheld",
            "comment.objected": "waiting",
            "comment.withdrawn": "withdrawn",
            "comment.dropped": "withdrawn",
        },
    ),
    "No comment is public, or kept back, without a person who is in the ledger with it.": """
        SELECT kept.id, kept.number FROM policies_comment kept WHERE kept.state IN ('shown', 'unnamed', 'withheld')
        AND NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'policies.comment'
            AND entry.subject_id = kept.id::text AND entry.event = 'comment.' || kept.state
            AND entry.actor = 'user:' || kept.decided_by_id)""",
    "Nobody decided about their own comment, and another person than withheld it answered an objection.": """
        SELECT id, number FROM policies_comment
        WHERE decided_by_id = user_id OR taken_by_id = user_id OR decided_by_id = withheld_by_id""",
    "Every comment came while its consultation was open.": """
        SELECT said.id FROM policies_commentrevision said JOIN policies_comment kept ON kept.id = said.comment_id
        JOIN policies_consultation asked ON asked.id = kept.consultation_id
        WHERE said.sent_at < asked.opens_at OR said.sent_at >= asked.closes_at""",
    "The text of an announced or open consultation is the one it was opened with.": """
        SELECT asked.id FROM policies_consultation asked JOIN policies_guidelineversion version
            ON version.id = asked.guidelines_id
        WHERE asked.state = 'opened' AND asked.closes_at > now() AND asked.text_hash <> version.text_hash""",
    "A summary was published by somebody who wrote none of it.": """
        SELECT asked.id FROM policies_consultation asked WHERE asked.state = 'summarised' AND (
            asked.summarised_by_id = asked.summary_edited_by_id OR EXISTS (SELECT FROM policies_theme theme
                WHERE theme.consultation_id = asked.id AND theme.written_by_id = asked.summarised_by_id)
            OR EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'policies.consultation'
                AND entry.subject_id = asked.id::text AND entry.event = 'consultation.themes_written'
                AND entry.actor = 'user:' || asked.summarised_by_id AND entry.details ?| array['theme', 'summary']))""",
    "Every acceptance is in the ledger, by the person who accepted.": """
        SELECT kept.id, kept.user_id, kept.document FROM policies_acceptance kept WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'policies.acceptance'
            AND entry.subject_id = kept.id::text AND entry.event = 'terms.accepted'
            AND entry.actor = 'user:' || kept.user_id)""",
    "Every acceptance of the guidelines is of a text that was loaded.": """
        SELECT kept.id, kept.version FROM policies_acceptance kept WHERE kept.document = 'guidelines' AND NOT EXISTS (
            SELECT FROM policies_guidelineversion version
            WHERE version.version = kept.version AND version.text_hash = kept.text_hash)""",
    "Every rule of a program is in the ledger, and so is its end, by the person who did it.": """
        SELECT rule.id, rule.program, rule.number FROM policies_programrule rule WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'policies.programrule'
            AND entry.subject_id = rule.id::text AND entry.event = 'program_rule.published'
            AND entry.actor = 'user:' || rule.published_by_id)
        OR (rule.ended_at IS NOT NULL) IS DISTINCT FROM EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'policies.programrule'
            AND entry.subject_id = rule.id::text AND entry.event = 'program_rule.ended'
            AND (rule.ended_by_id IS NULL OR entry.actor = 'user:' || rule.ended_by_id))""",
    "Revisions of a record of a weakness are numbered without a gap, each in the ledger.": """
        SELECT program, code, max(revision) AS last, count(*) AS revisions FROM policies_weaknessrecord record
        GROUP BY program, code HAVING max(revision) <> count(*) OR count(*) <> (
            SELECT count(*) FROM audit_ledgerentry entry WHERE entry.event = 'weakness.recorded'
            AND entry.details->>'program' = program AND entry.details->>'code' = code)""",
    "The ledger agrees with the state of every result of an evaluation.": states_agree(
        "policies_evaluation",
        "policies.evaluation",
        {
            "evaluation.proposed": "proposed",
            "evaluation.published": "published",
            "evaluation.dropped": "dropped",
        },
    ),
    "Nobody published a result of an evaluation alone, and its revisions are numbered without a gap.": """
        SELECT program, code, max(revision) AS last, count(*) AS revisions FROM policies_evaluation
        WHERE state = 'published' GROUP BY program, code
        HAVING max(revision) <> count(*) OR bool_or(proposed_by_id = published_by_id)""",
    "Versions of a safety practice are numbered without a gap, each in the ledger.": """
        SELECT program, domain, max(version) AS last, count(*) AS versions FROM policies_practice practice
        GROUP BY program, domain HAVING max(version) <> count(*) OR count(*) <> (
            SELECT count(*) FROM audit_ledgerentry entry WHERE entry.event = 'practice.published'
            AND entry.details->>'program' = program AND entry.details->>'domain' = domain)""",
    "Known weaknesses are numbered without a gap.": """
        SELECT program, max(version) AS last, count(*) AS texts FROM policies_knownweakness
        GROUP BY program HAVING max(version) <> count(*)""",
}

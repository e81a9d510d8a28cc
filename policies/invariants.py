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
    "Known weaknesses are numbered without a gap.": """
        SELECT program, max(version) AS last, count(*) AS texts FROM policies_knownweakness
        GROUP BY program HAVING max(version) <> count(*)""",
}

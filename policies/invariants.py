"""What must hold of guidelines and acceptances, as SQL that returns the rows breaking it."""

from audit.invariants import states_agree

INVARIANTS: dict[str, str] = {
    "The ledger agrees with the state of every guideline version.": states_agree(
        "policies_guidelineversion",
        "policies.guidelineversion",
        {
            "guidelines.loaded": "draft|consultation",
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
    "Every acceptance is in the ledger, by the person who accepted.": """
        SELECT kept.id, kept.user_id, kept.document FROM policies_acceptance kept WHERE NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'policies.acceptance'
            AND entry.subject_id = kept.id::text AND entry.event = 'terms.accepted'
            AND entry.actor = 'user:' || kept.user_id)""",
    "Every acceptance of the guidelines is of a text that was loaded.": """
        SELECT kept.id, kept.version FROM policies_acceptance kept WHERE kept.document = 'guidelines' AND NOT EXISTS (
            SELECT FROM policies_guidelineversion version
            WHERE version.version = kept.version AND version.text_hash = kept.text_hash)""",
    "Known weaknesses are numbered without a gap.": """
        SELECT program, max(version) AS last, count(*) AS texts FROM policies_knownweakness
        GROUP BY program HAVING max(version) <> count(*)""",
}

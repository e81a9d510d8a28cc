"""What must hold of appeals, as SQL that returns the rows breaking it."""

from audit.invariants import states_agree
from reviews.invariants import BEHIND

ABOUT = """FROM enforcement_appeal appeal JOIN reviews_decision decision ON decision.id = appeal.decision_id
        JOIN reviews_case kase ON kase.id = decision.case_id
        JOIN onboarding_application application ON application.id = kase.application_id
        JOIN accounts_owner owner ON owner.id = application.owner_id"""


def _has_letter(kind: str) -> str:
    return f"""EXISTS (SELECT FROM outbox_letter letter WHERE letter.about_type = 'enforcement.appeal'
            AND letter.about_id = appeal.id::text AND letter.kind = 'enforcement/{kind}')"""


INVARIANTS: dict[str, str] = {
    "The ledger agrees with the state of every appeal.": states_agree(
        "enforcement_appeal",
        "enforcement.appeal",
        {
            "appeal.filed": "filed",
            "appeal.released": "filed",
            "appeal.taken": "in_review",
            "appeal.upheld": "upheld",
            "appeal.denied": "denied",
            "appeal.withdrawn": "withdrawn",
        },
    ),
    "Every appeal was decided by a third person.": f"""
        SELECT appeal.id, appeal.decided_by_id {ABOUT} WHERE appeal.decided_by_id IN
            (decision.decided_by_id, decision.signed_by_id, appeal.filed_by_id)
        OR {BEHIND.format(person="appeal.decided_by_id", moment="appeal.decided_at")}""",
    "Every appeal's outcome is in the ledger, by the person who decided it.": """
        SELECT appeal.id FROM enforcement_appeal appeal WHERE appeal.decided_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM audit_ledgerentry entry WHERE entry.subject_type = 'enforcement.appeal'
            AND entry.subject_id = appeal.id::text AND entry.event = 'appeal.' || appeal.state
            AND entry.actor = 'user:' || appeal.decided_by_id)""",
    "No application stands rejected by a decision that an appeal overturned.": f"""
        SELECT appeal.id, decision.id AS decision_id {ABOUT}
        WHERE appeal.kind = 'appeal' AND appeal.state = 'upheld' AND (decision.overturned_at IS NULL
            OR application.state = 'rejected' AND NOT EXISTS (
                SELECT FROM reviews_decision later WHERE later.case_id = kase.id AND later.id > decision.id
                AND later.outcome = 'rejected' AND later.told_at IS NOT NULL))""",
    "A decision is overturned only by an appeal that was upheld.": """
        SELECT decision.id FROM reviews_decision decision WHERE decision.overturned_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM enforcement_appeal appeal WHERE appeal.decision_id = decision.id
            AND appeal.kind = 'appeal' AND appeal.state = 'upheld' AND appeal.decided_at = decision.overturned_at)""",
    "Whoever was reinstated may apply again.": """
        SELECT appeal.id FROM enforcement_appeal appeal JOIN reviews_decision decision
        ON decision.id = appeal.decision_id WHERE appeal.kind = 'reinstatement' AND appeal.state = 'upheld'
        AND decision.reapply_allowed_at IS DISTINCT FROM appeal.decided_at""",
    "Every appeal was filed within its window, which begins with the notice.": """
        SELECT appeal.id, appeal.filed_at, appeal.closes_at FROM enforcement_appeal appeal
        JOIN reviews_decision decision ON decision.id = appeal.decision_id
        WHERE decision.told_at IS NULL OR appeal.filed_at < decision.told_at
        OR appeal.filed_at >= appeal.closes_at OR appeal.notice_at < decision.told_at
        OR (appeal.kind = 'appeal' AND appeal.notice_at IS NOT NULL AND appeal.closes_at IS NULL)""",
    "Every appeal was acknowledged, and its end told.": f"""
        SELECT appeal.id, appeal.state FROM enforcement_appeal appeal
        WHERE NOT {_has_letter("appeal_received")}
        OR (appeal.state = 'upheld' AND NOT {_has_letter("appeal_upheld")})
        OR (appeal.state = 'denied' AND NOT {_has_letter("appeal_denied")})
        OR (appeal.state = 'withdrawn' AND NOT {_has_letter("appeal_withdrawn")})""",
    "Of a deleted account's appeals no word is left.": f"""
        SELECT appeal.id {ABOUT} JOIN accounts_user person ON person.id = owner.person_id
        WHERE person.erased_at IS NOT NULL
        AND NOT (ARRAY[appeal.statement, appeal.explanation, appeal.look_again] <@ ARRAY['', '(blanked)'])""",
}

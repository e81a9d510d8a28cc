"""What must hold of organisations, as SQL that returns the rows breaking it (`check_invariants` runs all of them)."""

from audit.invariants import states_agree

INVARIANTS: dict[str, str] = {
    "The ledger agrees with the state of every invitation into an organisation.": states_agree(
        "accounts_organisationinvitation",
        "accounts.organisationinvitation",
        {
            "joining.invited": "invited",
            "joining.accepted": "accepted",
            "joining.declined": "declined",
            "joining.revoked": "revoked",
            "joining.expired": "expired",
        },
    ),
    "The ledger agrees with the state of every offer of ownership.": states_agree(
        "accounts_ownershipoffer",
        "accounts.ownershipoffer",
        {f"ownership.{state}": state for state in ("offered", "taken", "declined", "withdrawn", "expired")},
    ),
    "Every organisation that has members has an owner.": """
        SELECT organisation_id, count(*) AS members FROM accounts_membership
        GROUP BY organisation_id HAVING count(*) FILTER (WHERE role = 'owner') = 0""",
    "An invitation was accepted by a person whom it let in.": """
        SELECT invitation.id FROM accounts_organisationinvitation invitation
        WHERE state = 'accepted' AND NOT EXISTS (
            SELECT FROM audit_ledgerentry added WHERE added.event = 'member.added'
            AND added.actor = 'user:' || invitation.answered_by_id
            AND (added.details ->> 'organisation')::bigint = invitation.organisation_id)""",
}

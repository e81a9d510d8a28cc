"""What must hold of organisations, as SQL that returns the rows breaking it (`check_invariants` runs all of them)."""

from accounts.models import Part
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
        SELECT place.organisation_id, count(*) AS members FROM accounts_membership place
        JOIN accounts_user person ON person.id = place.user_id
        GROUP BY place.organisation_id HAVING count(*) FILTER (WHERE place.role = 'owner') = 0
        OR (bool_or(person.erasure_asked_at IS NULL)  -- where people stay, an owner stays with them
            AND count(*) FILTER (WHERE place.role = 'owner' AND person.erasure_asked_at IS NULL) = 0)""",
    "An invitation was accepted by a person whom it let in.": """
        SELECT invitation.id FROM accounts_organisationinvitation invitation
        WHERE state = 'accepted' AND NOT EXISTS (
            SELECT FROM audit_ledgerentry added WHERE added.event = 'member.added'
            AND added.actor = 'user:' || invitation.answered_by_id
            AND (added.details ->> 'organisation')::bigint = invitation.organisation_id)""",
    "Everybody who deletes their account is owed each part of that once.": f"""
        SELECT person.id FROM accounts_user person WHERE person.erasure_asked_at IS NOT NULL
        AND (SELECT count(*) FROM accounts_erasure part WHERE part.user_id = person.id) <> {len(Part)}""",
    "A part of a deleted account is in the ledger once it is blanked, and only once.": """
        SELECT part.id, part.user_id, part.part FROM accounts_erasure part WHERE (part.paid_at IS NOT NULL)::int <> (
            SELECT count(*) FROM audit_ledgerentry entry WHERE entry.event = 'user.part_erased'
            AND entry.subject_type = 'accounts.erasure' AND entry.subject_id = part.id::text)""",
    "A deleted account is blank, after every part of it.": """
        SELECT person.id FROM accounts_user person WHERE person.erased_at IS NOT NULL AND (
            person.email <> 'erased-' || person.id || '@erased.invalid' OR person.full_name <> ''
            OR person.last_login IS NOT NULL
            OR EXISTS (SELECT FROM account_emailaddress kept WHERE kept.user_id = person.id)
            OR EXISTS (SELECT FROM mfa_authenticator kept WHERE kept.user_id = person.id)
            OR EXISTS (SELECT FROM accounts_membership kept WHERE kept.user_id = person.id)
            OR EXISTS (SELECT FROM accounts_token kept WHERE kept.user_id = person.id AND kept.name <> '(blanked)')
            OR EXISTS (SELECT FROM accounts_erasure part WHERE part.user_id = person.id AND part.paid_at IS NULL)
            OR EXISTS (SELECT FROM outbox_letter letter WHERE letter.about_type = 'accounts.user'
                AND letter.about_id = person.id::text AND letter.recipient <> 'erased@erased.invalid')
            OR NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.event = 'user.erased'
                AND entry.subject_type = 'accounts.user' AND entry.subject_id = person.id::text))""",
}

"""What must hold of the ledger, as SQL that returns the rows breaking it (`check_invariants` runs all of them)."""

# Each of these can happen to one thing only once: twice means that a change was made or recorded twice.
ONCE = [
    "user.joined",
    "user.erasure_asked",
    "user.part_erased",
    "user.erased",
    "organisation.founded",
    "member.added",
    "member.removed",
    "member.left",
    "joining.invited",
    "joining.accepted",
    "joining.declined",
    "joining.revoked",
    "joining.expired",
    "ownership.offered",
    "ownership.taken",
    "ownership.declined",
    "ownership.withdrawn",
    "ownership.expired",
    "domain.verified",
    "domain.ended",
    "token.made",
    "token.revoked",
    "terms.accepted",
    "weaknesses.published",
    "guidelines.loaded",
    "guidelines.published",
    "guidelines.effective",
    "guidelines.superseded",
    "weakness.recorded",
    "program_rule.published",
    "program_rule.ended",
    "subscription.confirmed",
    "subscription.ended",
    "question_draft.started",
    "question_draft.published",
    "question_draft.discarded",
    "program.opened",
    "application.started",
    "application.imported",
    "application.withdrawn",
    "application.lapsed",
    "attachment.added",
    "attachment.erased",
    "entry.joined",
    "entry.admitted",
    "entry.left",
    "week.opened",
    "invitation.offered",
    "invitation.delivered",
    "invitation.reminded",
    "invitation.accepted",
    "invitation.declined",
    "invitation.expired",
    "grant.given",
    "grant.raised",
    "grant.revoked",
    "grant.expired",
    "key.issued",
    "key.opened",
    "key.revoked",
    "key.expired",
    "case.opened",
    "case.closed",
    "decision.proposed",
    "decision.signed",
    "decision.returned",
    "decision.told",
    "question.answered_late",
    "decision.overturned",
    "decision.reapply_allowed",
    "appeal.filed",
    "appeal.upheld",
    "appeal.denied",
    "appeal.withdrawn",
    "flag.raised",
    "flag_case.opened",
    "import.finished",
]


def states_agree(table: str, kind: str, states: dict[str, str], *, field: str = "state") -> str:
    """Return SQL for the rows whose state is not what their latest event of `states` says.

    `states` maps events to the state (or states, with `|` between them) a row has after it.
    """
    events = ", ".join(f"'{event}'" for event in states)
    agree = " OR ".join(
        f"(latest.event = '{event}' AND kept.{field} IN ({', '.join(repr(s) for s in said.split('|'))}))"
        for event, said in states.items()
    )
    return f"""
        SELECT kept.id, kept.{field} AS has, latest.event AS ledger_says FROM {table} kept LEFT JOIN LATERAL (
            SELECT event FROM audit_ledgerentry WHERE subject_type = '{kind}' AND subject_id = kept.id::text
            AND event IN ({events}) ORDER BY id DESC LIMIT 1) AS latest ON true
        WHERE latest.event IS NULL OR NOT ({agree})"""


INVARIANTS: dict[str, str] = {
    "Every ledger row names an actor of the form user:<id> or system:<name>.": """
        SELECT id, event, actor FROM audit_ledgerentry WHERE actor !~ '^(user:[0-9]+|system:[a-z0-9_.-]+)$'""",
    "Every ledger row's reason is a code or a digest, never what somebody typed.": """
        SELECT id, event, reason FROM audit_ledgerentry
        WHERE reason !~ '^([A-Za-z0-9_.:-]*|[0-9a-f]{16}:[0-9a-f]{32})$'""",
    "Seals are numbered without a gap and each names the one before it.": """
        SELECT number, previous_hash FROM (
            SELECT number, previous_hash, row_number() OVER (ORDER BY number) AS expected,
                   coalesce(lag(hash) OVER (ORDER BY number), '') AS before FROM audit_seal) AS chain
        WHERE number <> expected OR previous_hash <> before""",
    "Every seal covers as many entries as it says.": """
        SELECT seal.number, seal.entries, count(member.entry_id) FROM audit_seal seal
        LEFT JOIN audit_sealedentry member ON member.seal_id = seal.id
        GROUP BY seal.id HAVING seal.entries <> count(member.entry_id)""",
    "Every sealed entry is in the ledger.": """
        SELECT member.entry_id, member.seal_id FROM audit_sealedentry member
        WHERE NOT EXISTS (SELECT FROM audit_ledgerentry entry WHERE entry.id = member.entry_id)""",
    "What can happen to a thing only once is in the ledger only once.": f"""
        SELECT subject_type, subject_id, event, count(*) AS times FROM audit_ledgerentry
        WHERE event IN ({", ".join(repr(event) for event in ONCE)})
        GROUP BY subject_type, subject_id, event HAVING count(*) > 1""",
}

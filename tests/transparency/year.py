"""A year of a site, written set-based: one of each thing is made by the product's verbs and copied, with its events.

Used by the test that counts it slowly, small, and by bench/report.py, large. Every figure of a report has something in
it; the remainders below are what makes the shares differ. Nothing is random: the same year each time.
"""

from datetime import datetime, timedelta

from django.db import connection, models

from audit import seals
from audit.models import LedgerEntry, Seal
from enforcement.models.usage import UsageDay, UsageSeal
from tests.enforcement.flagging import make_sanction, make_sanction_appeal
from tests.factories import make_key, make_program, make_rate
from tests.reviews.making import make_decision
from transparency.models import DayFigures

FIRST = 1_000_000  # ids of copies are counted from here
LANES = "(ARRAY['monitor', 'notify', 'notify', 'hold', 'refuse'])[1 + n % 5]"
OUTCOMES = (
    "CASE WHEN n % 50 = 0 THEN 'rejected' WHEN n % 5 = 1 THEN 'approved_with_conditions' ELSE 'approved' END"
)
REASONS = (
    "CASE WHEN n % 50 = 0 THEN 'R' || (1 + n / 50 % 7) || '_code' WHEN n % 5 = 1 THEN 'C' || (1 + n % 3) || '_code' "
    "ELSE 'A' || (1 + n % 2) || '_code' END"
)
APPROVED, REJECTED = "n % 50 <> 0", "n % 50 = 0"
AN_APPLICATION = 15.5  # events, as `write` comes to; a flag and what follows has its own


def make(applications: int, *, start: datetime, days: int = 365) -> Seal:
    """Write a year that began at `start`; return the seal that covers it."""
    ones = _ones(start)
    span = f"interval '1 second' * ({days * 86_400 - 40 * 86_400}::float8 * n / {applications})"
    began = f"timestamptz '{start.isoformat()}' + {span}"
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # a copy of what is right needs no trigger
    _rows(ones, applications, began)
    _events(applications, began)
    _days(ones["key"], start, days)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
    sealed = seals.seal(at=start + timedelta(days=days + 2))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return sealed


def entries() -> int:
    return LedgerEntry.objects.count()


def _ones(start: datetime) -> dict[str, models.Model]:
    program = make_program("year", recall_minutes=0)
    make_rate(program, 1000, from_at=start)
    decision = make_decision(program=program, at=start)
    key = make_key(program, at=start)
    sanction = make_sanction(at=start)
    return {
        "application": decision.case.application, "revision": decision.revision, "case": decision.case,
        "decision": decision, "key": key, "grant": key.grant, "invitation": key.grant.seat.invitation,
        "sanction": sanction, "appeal": make_sanction_appeal(sanction, at=start + timedelta(days=1)),
    }  # fmt: skip


def _rows(ones: dict[str, models.Model], applications: int, began: str) -> None:
    """Copy what the queries join: ids are FIRST + n throughout."""
    _copy(
        ones["application"], applications, number="'Y' || n", owner_id=f"{FIRST} + n", case_owed="false",
        applicant_id="NULL",
    )  # fmt: skip
    _copy(ones["revision"], applications, application_id=f"{FIRST} + n", lane=LANES)
    _copy(ones["case"], applications, application_id=f"{FIRST} + n", revision_id=f"{FIRST} + n")
    _copy(
        ones["decision"], applications, case_id=f"{FIRST} + n", revision_id=f"{FIRST} + n", letter_id="NULL",
        told_at=began, token="''", second="'nobody'",
    )  # fmt: skip
    _copy(ones["invitation"], applications, seat_id=f"{FIRST} + n")
    _copy(ones["grant"], applications, seat_id=f"{FIRST} + n", owner_id=f"{FIRST} + n")
    _copy(ones["key"], applications, grant_id=f"{FIRST} + n", key_id="'y' || n")
    _copy(
        ones["sanction"], applications, number="'SY' || n",
        category="(ARRAY['cyber_abuse', 'fraud_spam', 'mass_content'])[1 + n / 10 % 3]",
        ends_at=f"CASE n / 10 % 4 WHEN 0 THEN NULL WHEN 1 THEN {began} ELSE {began} + interval '5 days' END",
        proposed_by_id="CASE WHEN n % 20 = 0 THEN NULL ELSE old.proposed_by_id END", needs_second="false",
        kind="'suspend'", target="'grant'", key_id="NULL", detected_automatically="true",
        flag_id="CASE WHEN n % 20 = 0 THEN (SELECT max(id) FROM enforcement_flag) END", signed_by_id="NULL",
        signed_at="NULL",
    )  # fmt: skip
    _copy(
        ones["appeal"], applications, sanction_id=f"{FIRST} + n", state="'withdrawn'",
        due_at=f"{began} + interval '14 days'", withdrawn_at="now()", withdrawn_by_id="old.filed_by_id",
        closes_at="NULL", notice_at="NULL",
    )  # fmt: skip


def _events(applications: int, began: str) -> None:
    tell = _Teller(applications, began)
    tell("application.started", "onboarding.application", "0 hours", details="'{}'")
    tell(
        "application.submitted", "onboarding.application", "1 hour",
        details=f"""jsonb_build_object('lane', {LANES}, 'revision', 1, 'domains',
            CASE WHEN n % 7 = 0 THEN '["health"]'::jsonb WHEN n % 301 = 0 THEN '["legal", "health"]' ELSE '[]' END)""",
    )  # fmt: skip
    tell("case.opened", "reviews.case", "1 hour")
    tell(
        "case.claimed",
        "reviews.case",
        "1 hour",
        more="interval '1 hour' * (n % 90)",
        actor="'user:' || (1 + n % 9)",
    )
    tell("case.awaits_applicant", "reviews.case", "92 hours", where="n % 9 = 0")
    tell("case.answered", "reviews.case", "120 hours", where="n % 9 = 0")
    tell("decision.proposed", "reviews.decision", "130 hours", actor="'user:' || (1 + n % 9)")
    tell(
        "decision.told", "reviews.decision", "131 hours", reason=REASONS,
        details=f"jsonb_build_object('outcome', {OUTCOMES})",
    )  # fmt: skip
    tell("application.approved", "onboarding.application", "131 hours", where=APPROVED)
    tell("application.rejected", "onboarding.application", "131 hours", where=REJECTED)
    tell("entry.joined", "onboarding.waitlistentry", "131 hours", where=APPROVED)
    tell("entry.seated", "onboarding.waitlistentry", "200 hours", where=APPROVED)
    tell("invitation.offered", "onboarding.invitation", "200 hours", where=APPROVED)
    tell("entry.admitted", "onboarding.waitlistentry", "220 hours", where=f"{APPROVED} AND n % 11 <> 0")
    tell("entry.left", "onboarding.waitlistentry", "220 hours", where=f"{APPROVED} AND n % 22 = 0")
    tell(
        "grant.given",
        "onboarding.grant",
        "220 hours",
        where=APPROVED,
        details="jsonb_build_object('tier', 'trial')",
    )
    tell("grant.raised", "onboarding.grant", "400 hours", where=f"{APPROVED} AND n % 3 = 0",
         details="jsonb_build_object('tier', 'standard')")  # fmt: skip
    tell(
        "key.issued",
        "onboarding.key",
        "220 hours",
        where=APPROVED,
        details=f"jsonb_build_object('grant', {FIRST} + n)",
    )
    tell("key.opened", "onboarding.key", "230 hours", where=f"{APPROVED} AND n % 13 <> 0")
    tell("key.revoked", "onboarding.key", "700 hours", where=f"{APPROVED} AND n % 17 = 0")
    tell(
        "flag.raised", "enforcement.flag", "300 hours", where="n % 2 = 0",
        details="""jsonb_build_object('source', (ARRAY['filter', 'anomaly', 'public'])[1 + n % 3],
            'category', (ARRAY['cyber_abuse', '', 'fraud_spam'])[1 + n % 3], 'severity', n % 4)""",
    )  # fmt: skip
    tell("flag.confirmed", "enforcement.flag", "310 hours", where="n % 6 = 0")
    tell("flag.dismissed", "enforcement.flag", "310 hours", where="n % 2 = 0 AND n % 6 <> 0")
    few = "n % 10 = 0"
    tell(
        "sanction.imposed", "enforcement.sanction", "0 hours", where=few,
        details="jsonb_build_object('kind', 'suspend', 'target', 'grant', 'code', 'E' || (1 + n / 10 % 3) || '_x')",
    )  # fmt: skip
    tell("sanction.lifted", "enforcement.sanction", "30 hours", where="n % 60 = 0")
    tell("sanction.ended", "enforcement.sanction", "120 hours", where="n % 60 = 20")
    some = "n % 40 = 0"
    tell("appeal.filed", "enforcement.appeal", "240 hours", where=some,
         details="jsonb_build_object('kind', 'appeal', 'sanction', n)")  # fmt: skip
    tell("appeal.upheld", "enforcement.appeal", "400 hours", where="n % 120 = 0")
    tell("appeal.denied", "enforcement.appeal", "500 hours", where="n % 120 = 40")
    tell("waiver.given", "enforcement.waiver", "1 hour", where="n % 97 = 0", reason="'appeal_upheld'",
         details="jsonb_build_object('category', 'fraud_spam')")  # fmt: skip


class _Teller:
    """Writes one event for each n that fits, at its time after n's beginning."""

    def __init__(self, most: int, began: str):
        self.most, self.began = most, began

    def __call__(
        self, event: str, subject: str, after: str, *, where: str = "true", details: str = "'{}'",
        reason: str = "''", actor: str = "'system:year'", more: str = "interval '0'",
    ) -> None:  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                f"""INSERT INTO audit_ledgerentry
                    (at, recorded_at, event, subject_type, subject_id, actor, reason, details)
                SELECT {self.began} + interval '{after}' + {more}, {self.began} + interval '{after}' + {more},
                    '{event}', '{subject}', ({FIRST} + n)::text, {actor}, {reason}, ({details})::jsonb
                FROM generate_series(1, {self.most}) AS n WHERE {where}"""
            )


def _days(key: models.Model, start: datetime, days: int) -> None:
    """Write figures and usage of each day: of the one real key, and of the first copies."""
    for number in range(days):
        on = (start + timedelta(days=number)).date()
        figures = {
            "type": {"company": 3 + number % 4, "individual": number % 3},
            "country": {"ES": 1, "US": number % 2},
            "language": {"en": 2 + number % 2, "es": 1},
            "filtered": {"fraud_spam": number % 5},
            "team": {"severe_minutes": 40 + number % 7, "caps_reached": number % 2},
        }
        made = DayFigures.objects.create(on=on, figures=figures, digest="d", taken_at=start)
        sealed = UsageSeal.objects.create(on=on, rows=1, digest="u", sealed_at=start)
        UsageDay.objects.create(
            key=key, on=on, ok=900 + number, rate_limited=number % 30, suspended=number % 2
        )
        at = start + timedelta(days=number + 1, hours=1)
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO audit_ledgerentry
                    (at, recorded_at, event, subject_type, subject_id, actor, reason, details)
                VALUES (%s, %s, 'figures.taken', 'transparency.dayfigures', %s, 'system:year', '', '{}'),
                    (%s, %s, 'usage.sealed', 'enforcement.usageseal', %s, 'system:year', '', '{}')""",
                [at, at, str(made.pk), at, at, str(sealed.pk)],
            )
    with connection.cursor() as cursor:  # each of the first copies called once, ten days after it was invited
        cursor.execute(
            f"""INSERT INTO enforcement_usageday (key_id, "on", part, ok, rate_limited, suspended, outside_scope,
                    terms_not_accepted, revoked_key, expired_key, tokens_in, tokens_out, more)
                SELECT e.subject_id::bigint, (e.at AT TIME ZONE 'UTC')::date + mod(e.id, 20)::int, 1,
                    1, 0, 0, 0, 0, 0, 0, 0, 0, '{{}}'
                FROM audit_ledgerentry e WHERE e.event = 'invitation.offered' AND e.subject_id::bigint > {FIRST}
                AND (e.at AT TIME ZONE 'UTC')::date + mod(e.id, 20)::int < %s""",
            [(start + timedelta(days=days)).date()],
        )


def _copy(row: models.Model, times: int, /, **columns: str) -> None:
    """Copy a row so many times in one statement; `columns` are SQL, in which `n` counts and `old` is the row."""
    fields = [field for field in row._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
    fresh = {field.column: "gen_random_uuid()" for field in fields if isinstance(field, models.UUIDField)}
    columns = {"id": f"{FIRST} + n"} | fresh | columns
    values = [columns.get(field.column, f'old."{field.column}"') for field in fields]
    listed, table = ", ".join(f'"{field.column}"' for field in fields), row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {', '.join(values).replace('%', '%%')} "
            f"FROM {table} old, generate_series(1, %s) n WHERE old.id = %s",
            [times, row.pk],
        )

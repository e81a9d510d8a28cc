"""The projection: what the gateway must know of each opened key, kept in Redis under the secret's digest.

PostgreSQL is the truth and Redis a copy of it with a version and a bounded life. The writer keeps the highest
version, so a slow writer never undoes a newer one. A denial is written like everything else, never deleted: after
a deletion a reader that still held the old row would put the key back as active.

Only SQL and Redis are used here, no model: the gateway imports this module without Django's app registry.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PROJECTION_LIFE = 3600  # seconds; then PostgreSQL is read again, and no older copy of Redis can be believed
SHORT_LIFE = 30  # seconds; of what may change without the key: unknown secrets, guidelines not yet accepted
CHUNK = 500  # keys a write: Redis serves nobody else meanwhile
TIMEOUT = 2.0  # seconds the payer waits for Redis, each time
DENIED = ("suspended", "revoked", "expired")
UNKNOWN = "unknown"

NAME = "gh:p:"  # + digest: one projection
BY_KEY_ID = "gh:k:"  # + key: the digest of a secret of it, to find the projection where only the key is named
COUNTED = "gh:l:"  # + level:subject: what each limit of a key, owner, program or end user has counted
USAGE = "gh:u:"  # + key:hour: answers of that hour, by code
END_USERS = "gh:e:"  # + key:hour: about how many end users that key had in that hour (HyperLogLog)
NETWORKS = "gh:n:"  # + key:hour: about how many networks it was used from (HyperLogLog of keyed hashes)
TOUCHED = USAGE + "touched"  # key:hour of the hours above that PostgreSQL has not seen yet, by the last touch
LAST_USED = USAGE + "last"  # the minute of each key's last use, until it is copied to PostgreSQL

CHANNEL = "gatehouse_access"  # of PostgreSQL's NOTIFY: the gateways look again at once, instead of at their next poll
LOOK_AGAIN = (
    f"NOTIFY {CHANNEL}; RETURN NULL;"  # body of the triggers that say so, when their transaction commits
)

# The strictest of key, grant and secret. One statement reads it with the version, so that both are of one moment.
STATE = """CASE
    WHEN 'revoked' IN (k.state, g.state) THEN 'revoked'
    WHEN 'expired' IN (k.state, g.state) THEN 'expired'
    WHEN s.ended_at >= s.expires_at THEN 'expired'
    WHEN s.ended_at IS NOT NULL THEN 'revoked'
    WHEN 'suspended' IN (k.state, g.state) THEN 'suspended'
    WHEN coalesce(g.sanctioned_since, k.sanctioned_since) IS NOT NULL THEN 'suspended'
    ELSE 'active' END"""
# Of a key's secrets the newest, and those some copy of the projection may still call active.
REMEMBERED = f"""(s.ended_at IS NULL OR s.ended_at > clock_timestamp() - make_interval(secs => {2 * PROJECTION_LIFE})
    OR NOT EXISTS (SELECT FROM onboarding_secret n WHERE n.key_id = s.key_id AND n.number > s.number))"""
PROJECTED = f"""
    SELECT k.id, s.digest, k.access_version, {STATE}, k.key_id, g.public_id::text, o.public_id::text, p.slug,
        a.number, k.environment, g.models_allowed,
        (SELECT jsonb_agg(code || ' ' || most) FROM (
            SELECT code, min(most) AS most FROM (
                SELECT left(l.level, 1) || left(l.kind, 1) || left(l.per, 1)
                    || CASE WHEN l.is_shadow THEN 's' ELSE '' END, l.most
                FROM onboarding_limit l WHERE l.program_id = g.program_id AND l.ended_at IS NULL
                    AND l.environment IN ('', t.environment)
                    AND coalesce(l.key_id, k.id) = k.id AND coalesce(l.grant_id, g.id) = g.id
                UNION ALL VALUES ('orm', least(t.requests_per_minute, g.most_per_minute)),
                    ('ord', least(t.requests_per_day, g.most_per_day))
                UNION ALL SELECT 'erm', (said ->> 'per_end_user')::bigint FROM jsonb_array_elements(g.conditions) said
            ) every(code, most) WHERE most IS NOT NULL GROUP BY code
        ) least_of_each),
        floor(extract(epoch FROM least(k.expires_at, g.expires_at, s.expires_at)))::bigint,
        EXISTS (SELECT FROM policies_acceptance x WHERE x.document = 'guidelines' AND (
            x.user_id IN (o.person_id, a.applicant_id) OR x.user_id IN (
                SELECT m.user_id FROM accounts_membership m WHERE m.organisation_id = o.organisation_id
                UNION ALL SELECT r.submitted_by_id FROM onboarding_revision r WHERE r.application_id = a.id))),
        t.environment,
        (SELECT coalesce(jsonb_agg(DISTINCT said ->> 'kind'), '[]'::jsonb) FROM jsonb_array_elements(g.conditions) said
            WHERE said ->> 'kind' IN ('human_review', 'disclosure')),
        (SELECT coalesce(min((said ->> 'most_output_tokens')::bigint), 0) FROM jsonb_array_elements(g.conditions) said),
        g.end_users_kept_out
    FROM onboarding_secret s
        JOIN onboarding_key k ON k.id = s.key_id
        JOIN onboarding_grant g ON g.id = k.grant_id
        JOIN LATERAL (SELECT * FROM onboarding_tier tier WHERE tier.program_id = g.program_id AND tier.environment
            IN (k.environment, CASE WHEN g.limited_since IS NOT NULL THEN 'test' END)
            ORDER BY tier.requests_per_day, tier.environment DESC LIMIT 1) t ON TRUE
        JOIN onboarding_program p ON p.id = g.program_id
        JOIN onboarding_application a ON a.id = g.application_id
        JOIN accounts_owner o ON o.id = g.owner_id
    WHERE"""
BY_DIGEST = f"{PROJECTED} s.digest = ANY(%s)"
BY_ID = f"{PROJECTED} k.key_id = %s AND {REMEMBERED} ORDER BY s.number DESC LIMIT 1"
BY_KEY = f"{PROJECTED} s.key_id = ANY(%s) AND {REMEMBERED} ORDER BY s.key_id, s.number"

# KEYS: names of projections. ARGV: how many fields one has, the prefix of BY_KEY_ID; then for each its life in seconds
# and its fields as name, value, name, value …: version, digest, state, key first. An equal version is written again and
# begins a new life.
WRITE = """
local width, at = tonumber(ARGV[1]) * 2, 3
for _, name in ipairs(KEYS) do
    local held = tonumber(redis.call('HGET', name, 'version') or '-1')
    if tonumber(ARGV[at + 2]) >= held then
        redis.call('HSET', name, unpack(ARGV, at + 1, at + width))
        redis.call('EXPIRE', name, ARGV[at])
        if ARGV[at + 8] ~= '' then
            redis.call('SET', ARGV[2] .. ARGV[at + 8], ARGV[at + 4], 'EX', ARGV[at])
        end
    end
    at = at + width + 1
end
"""


# Limits by the first letters of level, kind and per (`onboarding.states`), `s` behind those in shadow; in this order
# they are counted and told. The requests of an owner come first: every key has those.
SORTS = tuple(
    level + kind + per + shadow
    for shadow in ("", "s") for level in "okpe" for kind in "rt" for per in "md"
)  # fmt: skip


@dataclass(frozen=True)
class Projection:
    """What the gateway knows of one secret: state, names, scope, limits."""

    version: int
    digest: str
    state: str  # active, suspended, revoked, expired; unknown for a secret nobody has
    key: str = ""
    grant: str = ""
    owner: str = ""
    program: str = ""
    application: str = ""
    environment: str = ""
    models: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()  # the least of each sort, such as `orm 60`: see SORTS
    expires: int = 0  # seconds since 1970, UTC: of key, grant or secret, whichever is first
    accepted: bool = False  # whoever is of the owner, or sent its application, accepted some guidelines
    counted: str = ""  # the environment whose allowance it uses: its own, or test while the grant is limited
    conditions: tuple[str, ...] = ()  # kinds that only the caller can see kept: human_review, disclosure
    most_output: int = 0  # tokens of one answer; 0: as many as the model gives
    kept_out: tuple[str, ...] = ()  # end users, as the caller hashes them

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> "Projection":
        """Return the projection of one row of PROJECTED."""
        _, digest, version, state, key, grant, owner, program, application, *rest = row
        environment, models, limits, expires, accepted, counted, conditions, most_output, kept_out = rest
        return cls(
            version, digest, state, key, grant, owner, program, application, environment, _listed(models),
            tuple(sorted(_listed(limits), key=_place)), expires, accepted, counted, _listed(conditions), most_output,
            _listed(kept_out),
        )  # fmt: skip

    @property
    def life(self) -> int:
        """Seconds it may stay in Redis."""
        return PROJECTION_LIFE if self.accepted else SHORT_LIFE


FIELDS = tuple(field.name for field in fields(Projection))


def name_of(digest: str) -> str:
    """Return the name its projection has in Redis."""
    return NAME + digest


def unknown(digest: str) -> Projection:
    """Return the projection of a secret nobody has; any real one replaces it."""
    return Projection(0, digest, UNKNOWN)


def arguments(projections: Sequence[Projection]) -> tuple[list[str], list[str | int]]:
    """Return KEYS and ARGV of WRITE."""
    argv: list[str | int] = [len(FIELDS), BY_KEY_ID]
    for each in projections:
        argv.append(each.life)
        for name, value in zip(FIELDS, astuple(each), strict=True):
            argv += [name, _plain(value)]
    return [name_of(each.digest) for each in projections], argv


def _place(limit: str) -> int:
    return SORTS.index(limit.partition(" ")[0])


def _listed(value: Any) -> tuple[str, ...]:
    """Return a list of jsonb, which Django's own connections leave as text."""
    return tuple(json.loads(value) if isinstance(value, str) else value)


def _plain(value: Any) -> str | int:
    """Return a field as Redis keeps it; a list has a line break on both sides of each item, for Lua to find it."""
    if isinstance(value, tuple):
        return "\n" + "".join(f"{item}\n" for item in value)
    return int(value) if isinstance(value, bool) else value


def state_of(keys: Iterable[int]) -> dict[int, Projection]:
    """Return what PostgreSQL says now of the newest secret of each of these opened keys, by the key's primary key."""
    return {key: secrets[-1] for key, secrets in _read(list(keys)).items()}


def write_owed(*, at: datetime | None = None) -> int:
    """Bring Redis up to date with every change that is owed; return how many keys. Safe to run twice, and in pairs.

    No row is locked while Redis is asked: a frozen Redis must not hold up a suspension. A debt is taken back only
    for the version that was written; a crash before that repeats a write and never loses one. Redis away: the debts
    stay, and the gateways learn of denials from PostgreSQL themselves. `at` is every payer's argument; versions,
    not times, decide here.
    """
    written, last = 0, 0
    while chunk := _owed_after(last):
        if not _write(chunk):
            return written
        written += _settle(chunk)
        last = max(chunk)
    return written


def rebuild() -> int:
    """Write every key that still matters, owed or not: the living, and the denials of the last lifetime.

    Returns how many; raises RedisError where Redis is away.
    """
    written, last = 0, 0
    while pks := _pks(
        """SELECT id FROM onboarding_key
           WHERE id > %s AND opened_at IS NOT NULL AND (state IN ('active', 'suspended')
               OR access_changed_at > clock_timestamp() - make_interval(secs => %s))
           ORDER BY id LIMIT %s""",
        [last, 2 * PROJECTION_LIFE, CHUNK],
    ):
        chunk = _read(pks)
        _put(chunk)
        _settle(chunk)
        written, last = written + len(chunk), pks[-1]
    return written


def _owed_after(last: int) -> dict[int, list[Projection]]:
    return _read(
        _pks(
            """SELECT id FROM onboarding_key WHERE projection_owed AND opened_at IS NOT NULL AND id > %s
               ORDER BY id LIMIT %s""",
            [last, CHUNK],
        )
    )


def _settle(chunk: dict[int, list[Projection]]) -> int:
    """Take back the debts of the versions written; a key that changed meanwhile, or is just changing, stays owed.

    So it waits for nobody: whoever changes many keys at once locks them in an order this knows nothing of.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE onboarding_key SET projection_owed = false WHERE id IN (
                   SELECT k.id FROM onboarding_key k
                   JOIN unnest(%s::bigint[], %s::bigint[]) AS written(id, version)
                       ON k.id = written.id AND k.access_version = written.version
                   WHERE k.projection_owed FOR NO KEY UPDATE OF k SKIP LOCKED)""",
            [list(chunk), [secrets[0].version for secrets in chunk.values()]],
        )
        return cursor.rowcount


def _write(chunk: dict[int, list[Projection]]) -> bool:
    try:
        _put(chunk)
    except (RedisError, OSError) as error:
        log.warning(
            "Redis is away (%s): the projection of %d keys stays owed.", type(error).__name__, len(chunk)
        )
        return False
    return True


def _put(chunk: dict[int, list[Projection]]) -> None:
    keys, argv = arguments([each for secrets in chunk.values() for each in secrets])
    redis().eval(WRITE, len(keys), *keys, *argv)


def _pks(sql: str, parameters: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [pk for (pk,) in cursor.fetchall()]


def _read(pks: list[int]) -> dict[int, list[Projection]]:
    """Return what is projected of each of these keys: its secrets, the newest last."""
    found: dict[int, list[Projection]] = {}
    if pks:
        with connection.cursor() as cursor:
            cursor.execute(BY_KEY, [pks])
            for row in cursor.fetchall():
                found.setdefault(row[0], []).append(Projection.of_row(row))
    return found


@cache
def redis() -> Redis:
    """Return this process's client. Every wait is bounded; a connection that Redis dropped is opened once again."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )

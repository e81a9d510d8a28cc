"""What each kind of anomaly rule asks, as one statement over the copied hours of usage, and the sentence it says.

Every statement looks at the day (24 hours) that ends with the hour asked about, keeps what reaches the threshold in a
sample of at least the minimum, and returns the numbers it went by. A key is compared with its own history and with
what was declared for its use; never with other people.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from enforcement.models.usage import REFUSED
from enforcement.states import AnomalyKind

HISTORY_DAYS = 14
HISTORY = HISTORY_DAYS * 24  # hours
LEAST_HISTORY = 24  # hours with calls in the history; fewer say nothing about what is usual
NIGHT = (0, 5)  # first and last hour of the night, on the owner's wall; of an organisation UTC
SCALE = 1.4826  # makes the median absolute deviation comparable to a standard deviation (Hampel 1974)
LEAST_SPREAD = 0.1  # of the median: a key that calls like clockwork is not unusual for one call more

ASKED = "u.ok + u.rate_limited"
OF_DAY = "u.hour > %(hour)s - 24 AND u.hour <= %(hour)s"
BEFORE = f"u.hour > %(hour)s - 24 - {HISTORY} AND u.hour <= %(hour)s - 24"
DECLARED = """SELECT g.id AS grant_id, greatest(
        CASE WHEN jsonb_typeof(r.answers -> 'requests_now') = 'number'
            THEN (r.answers ->> 'requests_now')::numeric END,
        CASE WHEN jsonb_typeof(r.answers -> 'requests_in_6_months') = 'number'
            THEN (r.answers ->> 'requests_in_6_months')::numeric END) AS declared, r.answers ->> 'audience' AS audience
    FROM onboarding_grant g JOIN onboarding_revision r ON r.id = coalesce(g.revision_id, (
        SELECT max(sent.id) FROM onboarding_revision sent WHERE sent.application_id = g.application_id))"""
WALL = "extract(hour FROM to_timestamp(u.hour::bigint * 3600) AT TIME ZONE lives.zone)"
NIGHT_HOURS = f"{WALL} BETWEEN {NIGHT[0]} AND {NIGHT[1]}"


# Most rows hold none, and taking each apart to see that is what costs.
HITS = """CASE WHEN u.more::text LIKE '%%"hit:%%' THEN (
        SELECT sum(value::bigint) FROM jsonb_each_text(u.more) WHERE key LIKE 'hit:%%') ELSE 0 END"""


def _named(name: str) -> str:
    return f"coalesce((u.more ->> '{name}')::bigint, 0)"


def _share(part: str, whole: str) -> str:
    """Return the statement about a share of a day's answers."""
    return f"""WITH day AS (SELECT u.key_id, sum({part}) AS part, sum({whole}) AS whole
        FROM enforcement_usagehour u WHERE {OF_DAY} GROUP BY u.key_id)
        SELECT key_id, part, whole, round(part / whole, 3) AS share FROM day
        WHERE whole >= %(minimum)s AND part >= %(threshold)s * whole"""


@dataclass(frozen=True)
class Question:
    """`asks` is SQL with hour, threshold and minimum; `says` the sentence made of the columns it returns."""

    asks: str
    says: str
    threshold: str | Promise  # what it means, for whoever sets it
    sample: str | Promise  # what the minimum counts


QUESTIONS: dict[str, Question] = {
    AnomalyKind.VOLUME: Question(
        f"""WITH of_key AS (SELECT k.grant_id, u.key_id, sum({ASKED}) AS asked FROM enforcement_usagehour u
                JOIN onboarding_key k ON k.id = u.key_id WHERE {OF_DAY} GROUP BY k.grant_id, u.key_id),
            of_grant AS (SELECT grant_id, sum(asked) AS requests, (array_agg(key_id ORDER BY asked DESC))[1] AS key_id
                FROM of_key GROUP BY grant_id HAVING sum(asked) >= %(minimum)s)
        SELECT of_grant.key_id, requests, declared, round(requests / declared, 1) AS times
        FROM of_grant JOIN ({DECLARED}) AS said ON said.grant_id = of_grant.grant_id
        WHERE declared > 0 AND requests >= %(threshold)s * declared""",
        gettext_noop(
            "{requests:,} requests in 24 hours with the keys of this access; {declared:,} a day were declared: "
            "{times:,} times as many."
        ),
        _("times what was declared"),
        _("requests in 24 hours"),
    ),
    AnomalyKind.GROWTH: Question(
        f"""WITH latest AS (SELECT u.key_id, sum({ASKED}) AS requests FROM enforcement_usagehour u
                WHERE u.hour = %(hour)s GROUP BY u.key_id HAVING sum({ASKED}) >= %(minimum)s),
            past AS (SELECT u.key_id, u.hour, sum({ASKED}) AS many FROM enforcement_usagehour u
                JOIN latest ON latest.key_id = u.key_id
                WHERE u.hour >= %(hour)s - {HISTORY} AND u.hour < %(hour)s
                GROUP BY u.key_id, u.hour HAVING sum({ASKED}) > 0),
            middle AS (SELECT key_id, count(*) AS hours, percentile_cont(0.5) WITHIN GROUP (ORDER BY many) AS median
                FROM past GROUP BY key_id HAVING count(*) >= {LEAST_HISTORY}),
            spread AS (SELECT past.key_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(many - median)) AS mad
                FROM past JOIN middle ON middle.key_id = past.key_id GROUP BY past.key_id),
            scored AS (SELECT latest.key_id, requests, hours, median, mad,
                (requests - median) / greatest({SCALE} * mad, {LEAST_SPREAD} * median, 1) AS z
                FROM latest JOIN middle ON middle.key_id = latest.key_id JOIN spread ON spread.key_id = latest.key_id)
        SELECT key_id, requests, hours, median, mad, round(z::numeric, 1) AS z FROM scored WHERE z >= %(threshold)s""",
        gettext_noop(
            "{requests:,} requests in one hour; in the {hours:,} hours with requests of the 14 days "
            "before, half had "
            "{median:,g} or fewer (median absolute deviation {mad:,g}): robust z-score {z:,}."
        ),
        _("robust z-score of the hour"),
        _("requests in the hour"),
    ),
    AnomalyKind.REFUSALS: Question(
        _share(
            " + ".join(f"u.{name}" for name in REFUSED),
            f"{ASKED} + {' + '.join(f'u.{name}' for name in REFUSED)}",
        ),
        gettext_noop(
            "{part:,} of {whole:,} calls in 24 hours were refused for another reason than a limit: a "
            "share of {share}."
        ),
        _("share of all calls"),
        _("calls in 24 hours"),
    ),
    AnomalyKind.FILTER_HITS: Question(
        _share(HITS, "u.ok"),
        gettext_noop("{part:,} filter hits on {whole:,} allowed calls in 24 hours: a share of {share}."),
        _("hits for each allowed call"),
        _("allowed calls in 24 hours"),
    ),
    AnomalyKind.ERRORS: Question(
        _share(_named("upstream_error"), f"{_named('upstream_ok')} + {_named('upstream_error')}"),
        gettext_noop(
            "{part:,} of {whole:,} reported calls in 24 hours ended in an error of the model's side: a "
            "share of {share}."
        ),
        _("share of the reported calls"),
        _("reported calls in 24 hours"),
    ),
    AnomalyKind.NIGHT: Question(
        f"""WITH day AS (SELECT u.key_id, sum({ASKED}) AS whole FROM enforcement_usagehour u WHERE {OF_DAY}
                GROUP BY u.key_id HAVING sum({ASKED}) >= %(minimum)s),
            lives AS (SELECT day.*, coalesce(person.time_zone, 'UTC') AS zone FROM day
                JOIN onboarding_key k ON k.id = day.key_id JOIN onboarding_grant g ON g.id = k.grant_id
                JOIN accounts_owner o ON o.id = g.owner_id LEFT JOIN accounts_user person ON person.id = o.person_id),
            candidate AS (SELECT lives.key_id, lives.whole, lives.zone, sum({ASKED}) AS night FROM lives
                JOIN enforcement_usagehour u ON u.key_id = lives.key_id WHERE {OF_DAY} AND {NIGHT_HOURS}
                GROUP BY 1, 2, 3 HAVING sum({ASKED}) >= %(threshold)s * lives.whole),
            held AS (SELECT lives.key_id, lives.night, lives.whole, sum({ASKED}) AS usual_whole,
                coalesce(sum({ASKED}) FILTER (WHERE {NIGHT_HOURS}), 0) AS usual_night FROM candidate lives
                JOIN enforcement_usagehour u ON u.key_id = lives.key_id WHERE {BEFORE}
                GROUP BY 1, 2, 3 HAVING sum({ASKED}) >= %(minimum)s)
        SELECT key_id, night, whole, round(night / whole, 3) AS share, usual_night, usual_whole,
            round(usual_night / usual_whole, 3) AS usual_share FROM held
        WHERE night / whole - usual_night / usual_whole >= %(threshold)s""",
        gettext_noop(
            "{night:,} of {whole:,} requests in 24 hours came between 0 and 6 h where its owner lives "
            "(share {share}); "
            "in the 14 days before it was {usual_night:,} of {usual_whole:,} ({usual_share})."
        ),
        _("by how much the share of the night grew"),
        _("requests in 24 hours, and in the 14 days before"),
    ),
    AnomalyKind.END_USERS: Question(
        f"""WITH day AS (SELECT u.key_id, max(u.end_users) AS people, sum(u.ok) AS requests
                FROM enforcement_usagehour u WHERE {OF_DAY} GROUP BY u.key_id)
        SELECT day.key_id, people, requests, audience FROM day JOIN onboarding_key k ON k.id = day.key_id
        JOIN ({DECLARED}) AS said ON said.grant_id = k.grant_id
        WHERE audience IN ('only_me', 'colleagues') AND requests >= %(minimum)s AND people >= %(threshold)s""",
        gettext_noop(
            "About {people:,} different end users in one of the last 24 hours, in {requests:,} "
            "requests; declared was that "
            "only the developer or colleagues see what the model writes ({audience})."
        ),
        _("end users in one hour"),
        _("allowed calls in 24 hours"),
    ),
    AnomalyKind.NETWORKS: Question(
        f"""WITH day AS (SELECT u.key_id, max(u.networks) AS networks, sum(u.ok) AS requests
                FROM enforcement_usagehour u WHERE {OF_DAY}
                GROUP BY u.key_id HAVING max(u.networks) >= %(minimum)s),
            held AS (SELECT day.*, before.* FROM day JOIN LATERAL (
                SELECT count(DISTINCT u.hour) AS hours, max(u.networks) AS usual FROM enforcement_usagehour u
                WHERE u.key_id = day.key_id AND {BEFORE} AND u.networks > 0) AS before ON hours >= {LEAST_HISTORY})
        SELECT key_id, networks, requests, usual, hours, round(networks::numeric / usual, 1) AS times FROM held
        WHERE networks >= %(threshold)s * usual""",
        gettext_noop(
            "Used from about {networks:,} networks in one of the last 24 hours ({requests:,} requests "
            "in all); in the "
            "{hours:,} hours with requests of the 14 days before it was {usual:,} at most: {times:,} "
            "times as many."
        ),
        _("times the most networks in an hour of the 14 days before"),
        _("networks in one hour"),
    ),
}


@dataclass(frozen=True)
class Hit:
    """What was unusual about one key in one hour."""

    key: int
    figures: dict[str, Any]
    says: str


def robust_z(value: float, *, median: float, mad: float) -> float:
    """Return how far a value lies above the median, in robust standard deviations, as the statement of GROWTH does.

    (x - median) / (1.4826 · MAD), as in Iglewicz and Hoaglin (1993); the spread is at least a tenth of the median,
    and one.
    """
    return (value - median) / max(SCALE * mad, LEAST_SPREAD * median, 1.0)


def hits(kind: str, *, hour: int, threshold: float, minimum: int) -> Iterator[Hit]:
    """Yield what a rule of this kind and these numbers finds about the day that ends with this hour."""
    question = QUESTIONS[kind]
    with connection.cursor() as cursor:
        cursor.execute(question.asks, {"hour": hour, "threshold": threshold, "minimum": minimum})
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    for row in rows:
        figures = {name: _plain(value) for name, value in zip(names, row, strict=True)}
        key = figures.pop("key_id")
        yield Hit(key, figures, question.says.format(**figures))


def read(kind: str, figures: Mapping[str, Any], kept: str) -> str:
    """Return a kept sentence in the language of whoever reads it; one of an older wording stands as it is."""
    says = QUESTIONS[kind].says
    try:
        return gettext(says).format(**figures) if says.format(**figures) == kept else kept
    except (KeyError, ValueError, TypeError):
        return kept


def _plain(value: Any) -> Any:
    """Return a number as JSON keeps it, whole where it is."""
    if value is None or isinstance(value, str | int):
        return value
    return int(value) if value == int(value) else float(value)

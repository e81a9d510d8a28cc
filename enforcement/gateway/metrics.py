"""What the gateway counts of itself, for Prometheus.

Each process counts for itself. Where several share a port, PROMETHEUS_MULTIPROC_DIR (an empty directory at the start)
makes /metrics of any of them tell the sum; without it each answers for itself.
"""

import os
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

KIND = "text/plain; version=0.0.4; charset=utf-8"

requests = Counter(
    "gatehouse_gateway_requests", "Requests by answer, and by what decided them.", ["code", "path"]
)
hinted = Counter(
    "gatehouse_gateway_hints", "Times PostgreSQL said that access changed, before the next poll was due."
)
turned_away = Counter(
    "gatehouse_gateway_turned_away", "Requests refused at once because too many others were in work."
)
script_seconds = Histogram(
    "gatehouse_gateway_script_seconds",
    "Seconds one call of the Redis script took, the way there and back included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
redis_away = Gauge(
    "gatehouse_gateway_redis_away", "1 while this process decides without Redis.", multiprocess_mode="livemax"
)
postgres_away = Gauge(
    "gatehouse_gateway_postgres_away", "1 while PostgreSQL does not answer.", multiprocess_mode="livemax"
)
polled_at = Gauge(
    "gatehouse_gateway_denials_polled_at",
    "When denials were last read from PostgreSQL, seconds since 1970.",
    multiprocess_mode="livemin",
)
denials_held = Gauge(
    "gatehouse_gateway_denials_held", "Denied keys held in memory.", multiprocess_mode="livemax"
)

filters_version = Gauge(
    "gatehouse_gateway_filters_version",
    "Which filter rules are in use: when a rule was last switched, seconds since 1970.",
    multiprocess_mode="livemin",
)
filters_held = Gauge(
    "gatehouse_gateway_filters", "Filter rules in use.", ["state"], multiprocess_mode="livemin"
)
filters_broken = Gauge(
    "gatehouse_gateway_filters_broken", "Filter rules that do not work here.", multiprocess_mode="livemax"
)
filter_circuit = Gauge(
    "gatehouse_gateway_filter_circuit",
    "Circuit of each moderation endpoint: 0 closed, 1 half open, 2 open.",
    ["endpoint"],
    multiprocess_mode="livemax",
)
filter_seconds = Histogram(
    "gatehouse_gateway_filter_seconds",
    "Seconds the filters took for one request, other endpoints included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
filter_hits = Counter("gatehouse_gateway_filter_hits", "Hits of rules, by whether they act.", ["kind"])
filter_hits_lost = Counter(
    "gatehouse_gateway_filter_hits_lost", "Hits no row was kept of: PostgreSQL was away too long."
)


@cache  # answers and what decides them are few and fixed
def requests_of(code: str, path: str) -> Counter:
    """Return the counter of requests with this answer that were decided so."""
    return requests.labels(code, path)


def text() -> bytes:
    """Return every figure in Prometheus' text form."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)

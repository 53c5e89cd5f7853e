"""What this process counts of itself, under the names that Prometheus scrapes.

Labels are words of the platform's own, of which there are few: never an id, a name or an address;
but figures of branches (`services.operating.branches`) say which branch they are of.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
"""All that is counted here; nothing that a library counts by itself."""

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MOST_LEVELS = 30

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BATCH_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_REQUESTS = Counter(
    "touchstone_requests",
    "Requests answered, by route as it is declared.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
_REQUEST_SECONDS = Histogram(
    "touchstone_request_seconds",
    "Seconds until the answer to a request begins.",
    ["route", "method"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
_EVENTS = Counter(
    "touchstone_events",
    "Events that were answered: accepted, duplicate or refused.",
    ["outcome"],
    registry=REGISTRY,
)
_REFUSED = Counter(
    "touchstone_events_refused", "Events refused, by reason.", ["reason"], registry=REGISTRY
)
_HOOKS = Counter(
    "touchstone_hooks",
    "Messages of other systems by webhook: taken, kept, repeated, ignored, refused or forged.",
    ["format", "outcome"],
    registry=REGISTRY,
)
_COMMANDS = Counter(
    "touchstone_commands", "Commands, by word and outcome.", ["word", "outcome"], registry=REGISTRY
)
_BATCH = Histogram(
    "touchstone_batch_seconds",
    "Seconds in which a projecting process took a batch in, or did a piece of due work.",
    ["work"],
    buckets=_BATCH_SECONDS,
    registry=REGISTRY,
)
_PROJECTED = Counter(
    "touchstone_projected_events", "Events taken in by this process.", registry=REGISTRY
)
_ALERTS = Counter(
    "touchstone_alerts_raised",
    "Alerts raised by this process, by kind and level.",
    ["kind", "level"],
    registry=REGISTRY,
)

TLS_NOT_AFTER = Gauge(
    "touchstone_tls_not_after_timestamp_seconds",
    "When the certificate of the doors ends to be valid; nought where they speak no TLS.",
    registry=REGISTRY,
)

_levels: defaultdict[str, set[int]] = defaultdict(set)

# Known from the start: a rate over what never happened is nought, and not nothing.
for _outcome in ("accepted", "duplicate", "refused"):
    _EVENTS.labels(_outcome)
for _work in ("events", "due"):
    _BATCH.labels(_work)


def answered_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; `route` is a template such as /api/v1/cases/{case_id}."""
    _REQUESTS.labels(route, method, str(status)).inc()
    _REQUEST_SECONDS.labels(route, method).observe(seconds)


def answered_events(accepted: int, duplicate: int) -> None:
    """Count events that are durable."""
    _EVENTS.labels("accepted").inc(accepted)
    _EVENTS.labels("duplicate").inc(duplicate)


def refused_event(reason: str) -> None:
    """Count an event that was refused for one of the few reasons there are."""
    _EVENTS.labels("refused").inc()
    _REFUSED.labels(reason).inc()


def answered_command(word: str, outcome: str) -> None:
    """Count a command; `word` is the name of its class, such as HandOff, told as hand-off."""
    _COMMANDS.labels(_WORDS.sub("-", word).lower(), outcome).inc()


def hook_answered(format_: str, outcome: str) -> None:
    """Count a webhook's message by what became of it."""
    _HOOKS.labels(format_, outcome).inc()


def raised_alert(kind: str, level: int) -> None:
    """Count an alert; levels are a policy's numbers: beyond the first few all are `other`."""
    known = _levels[kind]
    if len(known) < _MOST_LEVELS:
        known.add(level)
    _ALERTS.labels(kind, str(level) if level in known else "other").inc()


@contextmanager
def timed_batch(work: str, events: int = 0) -> Iterator[None]:
    """Time a batch that takes so many events in; one that fails is not counted."""
    begun = perf_counter()
    yield
    _BATCH.labels(work).observe(perf_counter() - begun)
    _PROJECTED.inc(events)

"""What is measured of rivals, and what was to be reached."""

from __future__ import annotations

from msgspec import Struct

from tests.bench.rivals.oracle import Found

MOST_P95_RATIO = 4.0
"""Of a command, by that of a bare transaction."""

LEAST_SHARE = 0.5
"""Of the mean, for the client that won least."""


class Side(Struct, frozen=True, kw_only=True):
    """What one side's clients reached."""

    commands: int
    conflicts: int
    per_s: float
    p50_ms: float
    p95_ms: float
    own_ms: float  # processor time of a command, of the process that does it
    postgres_ms: float
    slowest_share: float  # what the slowest client won, by the mean of all


class Figures(Struct, frozen=True, kw_only=True):
    """Rivals on one log."""

    log: str
    clients: int
    cases: int
    seconds: float  # of each side
    commands: Side
    bare: Side
    library: Side  # the same commands through the eventsourcing library
    served: Side  # commands over HTTP, to a gateway
    bare_served: Side  # a bare transaction behind the same server
    p95_ratio: float
    served_p95_ratio: float
    found: Found

"""What `make bench-console` says on its last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tests.bench.console.cold import Cold

GOAL_MS = 100.0
GOAL_WAIT_S = 1.0
GOAL_MB = 0.3
GOAL_PAINT_MS = 300.0
GOAL_KB = 60.0


class Options(Struct, frozen=True, kw_only=True):
    """How much to measure."""

    customers: int = 1_000_000
    base: int = 1_000  # customers of the company that is multiplied
    with_events: int = 10_000  # customers who have all their events, not their rows alone
    rounds: int = 3
    viewers: int = 50
    rate: int = 200  # events a second
    per_page: int = 20  # requests of each page in a round
    pace: float = 15.0  # requests a second, of all viewers together
    visits: int = 5  # of a browser


QUICK = Options(
    customers=400, base=20, with_events=20, rounds=1, viewers=3, rate=20, per_page=2, pace=20.0,
    visits=1,
)  # fmt: skip
"""A look in some seconds: whether it runs, not what it says."""


class Times(Struct, frozen=True, kw_only=True):
    """To the first byte, in milliseconds; the medians of the rounds, and of p95 the extremes."""

    p50: float
    p95: float
    least_p95: float
    most_p95: float
    cpu_ms: float | None = None  # of console and PostgreSQL, for each request, nothing else asked
    kb: float | None = None


class PageFigures(Struct, frozen=True, kw_only=True):
    """A page, or a filter of it, on each side that has it; and the bare query of its rows."""

    name: str
    path: str
    sides: Mapping[str, Times]
    bare: Times | None
    ratio_p50: float | None = None  # this build to the earlier one: below 1 it is faster
    ratio_p95: float | None = None
    least_ratio: float | None = None  # of p95, in a round
    most_ratio: float | None = None
    ratio_cpu: float | None = None


class Waited(Struct, frozen=True, kw_only=True):
    """How long events took from their answer to an open page, in seconds."""

    events: int
    p50: float
    p99: float


class Figures(Struct, frozen=True, kw_only=True):
    """What the last line says."""

    options: Options
    customers: int
    rows: int
    events: int
    loads: Sequence[float]  # of the machine, as each round began
    pages: Sequence[PageFigures]
    waited: Waited | None
    cold: Mapping[str, Cold]
    mb_per_viewer: Mapping[str, float]
    left_out: Mapping[str, str]

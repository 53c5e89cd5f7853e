"""What `make bench` says on its last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tests.bench.dossiers import Curve


class SideFigures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The medians of a side's rounds, and between which the rounds lay."""

    side: str
    us_per_event: float  # without what starting costs
    least_us: float
    most_us: float
    client_us: float
    postgres_us: float
    whole_us: float  # by event, starting included
    events_per_s: int  # by the clock, starting included
    peak_mb: int  # of the largest process
    ratio: float | None = None  # of the earlier build's cost to this, round by round
    least_ratio: float | None = None
    most_ratio: float | None = None
    whole_ratio: float | None = None  # starting included
    target: float | None = None
    reached: bool | None = None


class WorkFigures(Struct, frozen=True):
    """A work, and what an event of it cost each side."""

    work: str
    events: int
    sides: Sequence[SideFigures]


class Figures(Struct, frozen=True, kw_only=True):
    """What was measured; `left_out` names what was not, each with the reason."""

    customers: int
    events: int
    rounds: int
    left_out: Mapping[str, str]
    works: Sequence[WorkFigures]
    dossiers: Curve | None

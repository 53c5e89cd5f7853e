"""What `make bench-large` says on its last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tests.bench.large.company import Large
from tests.bench.large.reading import Read

YEAR_EVENTS = 600_000_000
CORES = 4
ASSUMED = (
    "an event costs what it costs here, however many there are",
    "one process reads; this disk, and neither more nor fewer readers of it",
    "rebuild and verify: processor time of command and PostgreSQL divided by four such cores",
)


class Options(Struct, frozen=True, kw_only=True):
    """How much to measure."""

    events: int = 20_000_000
    base: int = 1_000  # customers of the company that is multiplied
    parts: int = 40  # of the walk, that are read in each order


class Work(Struct, frozen=True, kw_only=True):
    """What a command cost, per event; memory is that of the largest process."""

    command: str
    wall_s: float
    client_us: float
    postgres_us: float
    peak_mb: float
    year_hours: float


class Figures(Struct, frozen=True, kw_only=True):
    """What the last line says."""

    options: Options
    made: Large
    processes: int
    orders: Sequence[Read]
    year_hours_reading: Mapping[str, float]  # by order, making it included
    works: Sequence[Work]
    assumed: Sequence[str] = ASSUMED

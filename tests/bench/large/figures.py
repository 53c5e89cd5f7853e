"""What the large benchmark's last line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

YEAR_EVENTS = 600_000_000
CORES = 4
ASSUMED = (
    "an event costs what it costs here, however many there are",
    "one process reads; this disk, and neither more nor fewer readers of it",
    "rebuild and verify: processor time of command and PostgreSQL divided by four such cores",
)


class Large(Struct, frozen=True):
    """What was made."""

    customers: int
    events: int
    table_bytes: int
    index_bytes: int


class Read(Struct, frozen=True, kw_only=True):
    """What reading in one order cost, per event, and what making that order cost before."""

    order: str
    sampled_events: int
    wall_us: float
    client_us: float
    postgres_us: float
    read_bytes: float  # from the disk
    making_wall_us: float = 0.0  # of each event of the table
    making_postgres_us: float = 0.0
    bytes_besides: int = 0  # on disk, of the whole copy


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

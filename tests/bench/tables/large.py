"""Many events on a disk: the orders in which they may be read, a rebuild, verify."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tests.bench.large.figures import CORES, YEAR_EVENTS, Figures
from tests.bench.large.reading import Read
from tests.bench.tables.rows import table


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    found = msgspec.json.decode(figures, type=Figures)
    made = found.made
    return [
        f"{made.events:,} events of {made.customers:,} customers in the order in which they came: "
        f"{made.table_bytes / 1e9:.1f} GB, and {made.index_bytes / 1e9:.1f} GB of indexes. Each "
        "order is read from a cold disk by one process; microseconds by event.",
        "",
        *table(
            [
                "order of reading", "by the clock", "processor: ours, PostgreSQL",
                "bytes from the disk", "made before, by the clock",
            ],
            (_order(one) for one in found.orders),
        ),
        "",
        *table(
            [
                f"with {found.processes} processes", "us/event: command, PostgreSQL",
                "by the clock", "largest process",
            ],
            (
                [
                    one.command,
                    f"{one.client_us:.1f}, {one.postgres_us:.1f}",
                    f"{one.wall_s / 60:,.0f} minutes",
                    f"{one.peak_mb:,.0f} MB",
                ]
                for one in found.works
            ),
        ),
        "",
        f"Extrapolated, not measured, to {YEAR_EVENTS / 1e6:.0f} million events: reading takes "
        f"{_hours(found.year_hours_reading)}; on "
        f"{CORES} cores like these it takes "
        f"{_hours({one.command: one.year_hours for one in found.works})}. "
        f"Assumed: {'; '.join(found.assumed)}.",
    ]  # fmt: skip


def _order(one: Read) -> list[str]:
    made = f"{one.making_wall_us:.1f}" if one.making_wall_us else ""
    return [
        one.order,
        f"{one.wall_us:.1f}",
        f"{one.client_us:.1f}, {one.postgres_us:.1f}",
        f"{one.read_bytes:,.0f}",
        made,
    ]


def _hours(hours: Mapping[str, float]) -> str:
    return ", ".join(f"{each:,.1f} h ({name})" for name, each in hours.items())

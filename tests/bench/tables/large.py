"""A large company: in which order its events are read, and what walking all of them costs."""

from __future__ import annotations

import msgspec

from tests.bench.large.figures import CORES, YEAR_EVENTS, Figures, Read, Work
from tests.bench.tables.rows import table


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    found = msgspec.json.decode(figures, type=Figures)
    made = found.made
    year = f"{YEAR_EVENTS / 1e6:.0f} million events"
    return [
        f"{made.events:,} events of {made.customers:,} customers in the order of arrival: "
        f"{_gb(made.table_bytes)} and {_gb(made.index_bytes)} of indexes. A sample of the walk's "
        "parts, read and decoded by one process, the table's files dropped from the page cache:",
        "",
        *table(
            ["order", "by the clock, us/event", "command, PostgreSQL", "from disk", "made before",
             f"{year}, extrapolated"],
            (_order(one, found.year_hours_reading[one.order]) for one in found.orders),
        ),
        "",
        f"All events, by {found.processes} processes:",
        "",
        *table(
            ["command", "us/event: command, PostgreSQL", "by the clock", "largest process",
             f"{year} on {CORES} cores, extrapolated"],
            map(_work, found.works),
        ),
        "",
        f"The extrapolations assume: {'; '.join(found.assumed)}.",
    ]  # fmt: skip


def _order(one: Read, hours: float) -> list[str]:
    made = f"{one.making_wall_us:.1f} us" if one.making_wall_us else ""
    if one.bytes_besides:
        made += f", {_gb(one.bytes_besides)} beside"
    costs = f"{one.client_us:.1f}, {one.postgres_us:.1f}"
    disk = f"{one.read_bytes:,.0f} bytes"
    return [one.order, f"{one.wall_us:.0f}", costs, disk, made, f"{hours:.1f} h"]


def _work(one: Work) -> list[str]:
    costs = f"{one.client_us:.1f}, {one.postgres_us:.1f}"
    clock, memory = f"{one.wall_s:,.0f} s", f"{one.peak_mb:,.0f} MB"
    return [one.command, costs, clock, memory, f"{one.year_hours:.1f} h"]


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"

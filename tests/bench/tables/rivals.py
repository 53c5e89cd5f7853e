"""Rivals on the same cases, beside a bare transaction."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tests.bench.rivals.figures import LEAST_SHARE, MOST_P95_RATIO, Figures, Side
from tests.bench.tables.rows import table


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    logs = msgspec.json.decode(figures, type=Sequence[Figures])
    first = logs[0]
    return [
        f"{first.clients} clients want the next version of one of {first.cases} cases, "
        f"{first.seconds:g} seconds of each side, in turns.",
        "",
        *table(
            [
                "log", "side", "commands/s", "p50, p95 ms", "conflicts",
                "processor time of a command: own, PostgreSQL, ms", "slowest client, of the mean",
            ],
            (row for one in logs for row in _rows(one)),
        ),
        "",
        *(_verdict(one) for one in logs),
    ]  # fmt: skip


def _rows(one: Figures) -> list[list[str]]:
    sides = {
        "command": one.commands,
        "bare transaction": one.bare,
        "command, by the library": one.library,
        "command, over HTTP": one.served,
        "bare transaction, over HTTP": one.bare_served,
    }
    return [[one.log, name, *_cells(side)] for name, side in sides.items()]


def _cells(side: Side) -> list[str]:
    return [
        f"{side.per_s:,.0f}",
        f"{side.p50_ms:.1f}, {side.p95_ms:.1f}",
        f"{side.conflicts:,}",
        f"{side.own_ms:.2f}, {side.postgres_ms:.2f}",
        f"{side.slowest_share:.0%}",
    ]


def _verdict(one: Figures) -> str:
    found = one.found
    slow = ": missed" if one.p95_ratio > MOST_P95_RATIO else ""
    unfair = ": missed" if one.commands.slowest_share < LEAST_SHARE else ""
    return (
        f"{one.log}: p95 is {one.p95_ratio:.2f} times that of the bare transaction, "
        f"{MOST_P95_RATIO:g} was allowed{slow}; the slowest client was to win {LEAST_SHARE:.0%} of "
        f"the mean{unfair}. Over HTTP p95 is {one.served_p95_ratio:.2f} times that of a bare "
        f"transaction behind the same server. {found.lost} lost, {found.doubled} doubled, "
        f"{found.gaps} gaps, {found.torn} torn units, {found.strange} that nobody was told of."
    )

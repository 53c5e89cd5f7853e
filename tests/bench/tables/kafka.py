"""The same fold over Kafka, beside others."""

from __future__ import annotations

import msgspec

from services.wording import counted
from tests.bench.kafka.figures import OURS, TARGETS, Entry, Figures
from tests.bench.tables.rows import table


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    found = msgspec.json.decode(figures, type=Figures)
    seen = found.latency
    left_out = [f"Left out: {name}, since {why}." for name, why in found.skipped.items()]
    return [
        f"Medians of {counted(found.options.rounds, 'round')} over {found.options.events:,} events "
        f"({found.options.fewer:,} for who is much slower) on {found.cores} cores.",
        "",
        *table(
            [
                "who", "events/s", "us/event: own, PostgreSQL, broker", f"{OURS}: times as fast",
                "by processor time",
            ],
            ([*_cells(one), *_beside(found, one)] for one in found.contestants),
        ),
        *(["", *left_out] if left_out else []),
        "",
        f"At {seen.events_per_s:,.0f} events/s a publisher was answered after "
        f"{seen.acknowledged_p50:.0f} ms (p99 {seen.acknowledged_p99:.0f}), and a row showed the "
        f"event {seen.visible_p50:.0f} ms later (p99 {seen.visible_p99:.0f}).",
    ]  # fmt: skip


def _cells(one: Entry) -> list[str]:
    sides = f"{one.own_us:.0f}, {one.postgres_us:.0f}, {one.broker_us:.0f}"
    return [one.name, f"{one.events_per_s:,}", sides]


def _beside(found: Figures, one: Entry) -> list[str]:
    ratio = found.ratios.get(one.name)
    if ratio is None:
        return ["", ""]
    target = TARGETS.get(one.name)
    if target is None:
        reached = ""
    else:
        missed = "" if ratio >= target else ": missed"
        reached = f", {target:.1f} was to be reached{missed}"
    return [f"{ratio:.2f}{reached}", f"{found.cpu_ratios[one.name]:.2f}"]

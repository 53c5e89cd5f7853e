"""What the console's viewers wait for, beside an earlier build and bare queries."""

from __future__ import annotations

import msgspec

from tests.bench.console.figures import (
    GOAL_KB,
    GOAL_MB,
    GOAL_MS,
    GOAL_PAINT_MS,
    GOAL_WAIT_S,
    Figures,
    PageFigures,
    Times,
)
from tests.bench.tables.rows import table


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    found = msgspec.json.decode(figures, type=Figures)
    options = found.options
    loads = ", ".join(f"{load:g}" for load in found.loads)
    lines = [
        f"{found.customers:,} customers, {found.rows:,} rows, {found.events:,} events; "
        f"{options.viewers} viewers keep the overview open and ask for {options.pace:g} pages a "
        f"second, {options.rate} events flow in a second; {options.rounds} rounds (load {loads} as "
        "they began). Milliseconds to the first byte, the median of the rounds; processor time of "
        "console and PostgreSQL by request, asked alone; ratios to the earlier build.",
        "",
        *table(
            ["page", "p50, p95", "earlier", "bare query", "ratio p50, p95 (least-most)",
             "processor: now, earlier (ratio)"],
            (_row(one) for one in found.pages),
        ),
        "",
    ]  # fmt: skip
    late = [one.name for one in found.pages if one.sides["this"].p95 > GOAL_MS]
    lines.append(
        f"Goal: p95 in {GOAL_MS:g} ms; missed by {len(late)} of {len(found.pages)} pages and "
        "filters."
    )
    lines += _rest(found)
    return lines


def _row(one: PageFigures) -> list[str]:
    this, earlier = one.sides["this"], one.sides.get("earlier")
    ratio = cpu = ""
    if one.ratio_p95 is not None:
        ratio = f"{one.ratio_p50}, {one.ratio_p95} ({one.least_ratio}-{one.most_ratio})"
    if this.cpu_ms is not None:
        cpu = f"{this.cpu_ms:.1f}"
        if earlier is not None and earlier.cpu_ms is not None:
            cpu += f", {earlier.cpu_ms:.1f} ({one.ratio_cpu})"
    return [one.name, _ms(this), _ms(earlier), _ms(one.bare), ratio, cpu]


def _ms(one: Times | None) -> str:
    return "" if one is None else f"{one.p50:.1f}, {one.p95:.1f}"


def _rest(found: Figures) -> list[str]:
    lines = []
    if found.waited is not None:
        lines.append(
            f"An event is on an open page {found.waited.p50} s after its answer at the median, "
            f"{found.waited.p99} s at p99 of {found.waited.events:,} (goal {GOAL_WAIT_S:g} s)."
        )
    for name, one in found.cold.items():
        lines.append(
            f"The overview cold, {name}: first paint {one.first_paint_ms:.0f} ms "
            f"({one.least_ms:.0f}-{one.most_ms:.0f}; goal {GOAL_PAINT_MS:g}), {one.kb:g} kB in "
            f"{one.requests} requests (goal {GOAL_KB:g})."
        )
    for name, mb in found.mb_per_viewer.items():
        lines.append(f"One more viewer, {name}: {mb:g} MB (goal {GOAL_MB:g}).")
    lines += [
        f"Target, by {one.by}: {one.name}, {one.goal:g}; worst {one.worst}; {one.result}."
        for one in found.targets
    ]
    lines += [f"Left out: {what}: {why}." for what, why in found.left_out.items()]
    return lines

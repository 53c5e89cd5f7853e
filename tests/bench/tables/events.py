"""What an event costs, beside an earlier build; and a long dossier's next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from services.wording import counted
from tests.bench.dossiers import Curve
from tests.bench.figures import Figures, SideFigures, WorkFigures
from tests.bench.tables.rows import table

EXTRAPOLATED_EVENTS = 600_000_000
"""The events of the company for which a rebuild's hours are extrapolated."""

_CORES = 4


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    found = msgspec.json.decode(figures, type=Figures)
    return [
        f"A company of {found.customers:,} customers and {found.events:,} events; medians of "
        f"{counted(found.rounds, 'round')}, and the least and the most. Microseconds of processor "
        "time, the command's and PostgreSQL's, by event, without what starting costs.",
        "",
        *_costs(found.works),
        "",
        *_clock(found.works),
        *_extrapolated(found.works),
        *_left_out(found),
        *([] if found.dossiers is None else ["", *_dossiers(found.dossiers)]),
    ]


def _costs(works: Sequence[WorkFigures]) -> list[str]:
    names = _sides(works)
    compared = any(side.ratio is not None for work in works for side in work.sides)
    heads = ["what", *(f"{name}, us/event" for name in names)]
    if compared:
        heads += [f"{name}: times as cheap" for name in names[1:]]

    def row(work: WorkFigures) -> Iterator[str]:
        by_name = {side.side: side for side in work.sides}
        yield work.work
        for name in names:
            side = by_name.get(name)
            yield "" if side is None else _us(side)
        for name in names[1:] if compared else []:
            yield _ratio(by_name[name]) if name in by_name else ""

    return table(heads, (list(row(work)) for work in works))


def _us(side: SideFigures) -> str:
    return f"{_round(side.us_per_event)} ({_round(side.least_us)} to {_round(side.most_us)})"


def _ratio(side: SideFigures) -> str:
    if side.ratio is None:
        return ""
    cell = f"{side.ratio:.1f} ({side.least_ratio:.1f} to {side.most_ratio:.1f})"
    if side.target is None:
        return cell
    return f"{cell}, {side.target:.1f} was to be reached{'' if side.reached else ': missed'}"


def _round(us: float) -> str:
    return f"{us:,.0f}" if us >= 20 else f"{us:.1f}"


def _clock(works: Sequence[WorkFigures]) -> list[str]:
    """Return what the clock and the memory say, of the same runs."""
    names = _sides(works)

    def row(work: WorkFigures) -> Iterator[str]:
        by_name = {side.side: side for side in work.sides}
        yield work.work
        for name in names:
            side = by_name.get(name)
            yield "" if side is None else f"{side.events_per_s:,}, {side.peak_mb:,} MB"

    return [
        "By the clock, starting included, and the largest process:",
        "",
        *table(["what", *(f"{name}, events/s" for name in names)], (list(row(w)) for w in works)),
    ]


def _extrapolated(works: Sequence[WorkFigures]) -> list[str]:
    rebuild = next((work for work in works if work.work == "rebuild"), None)
    if rebuild is None:
        return []
    hours = [
        f"{EXTRAPOLATED_EVENTS * side.us_per_event / 1e6 / 3600 / _CORES:.1f} h ({side.side})"
        for side in rebuild.sides
    ]
    return [
        "",
        f"Extrapolated, not measured: a rebuild of {EXTRAPOLATED_EVENTS / 1e6:.0f} million events "
        f"on {_CORES} cores like these takes {', '.join(hours)}, assuming that an event costs "
        "what it costs here, that dossiers are as long as here, that all cores are busy with "
        "nothing else, PostgreSQL's processes included, and that events are read from memory.",
    ]


def _left_out(found: Figures) -> list[str]:
    if not found.left_out:
        return []
    return ["", *(f"Left out: {name}, since {why}." for name, why in found.left_out.items())]


def _dossiers(curve: Curve) -> list[str]:
    return [
        "A new event of a customer with a long dossier, receivables alone, medians of "
        f"{counted(curve.rounds, 'event')}:",
        "",
        *table(
            ["touchpoints before", "remembered", "brought back first", "snapshot"],
            (
                [
                    f"{point.touchpoints:,}",
                    f"{point.warm_ms:.1f} ms",
                    f"{point.miss_ms:.1f} ms",
                    f"{point.snapshot_bytes:,} bytes" if point.snapshot_bytes else "none",
                ]
                for point in curve.points
            ),
        ),
    ]


def _sides(works: Sequence[WorkFigures]) -> list[str]:
    return list(dict.fromkeys(side.side for work in works for side in work.sides))

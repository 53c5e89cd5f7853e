"""The same works by every side, in turn, several rounds: what an event costs each of them.

A command also costs its start, which no event does. So a work is measured on a company and on one
of a quarter of its customers, and the difference counts; where a company has only its late
events to take in, a start that finds none is taken off. Processor time counts, of the command
with all its processes and of PostgreSQL: a busy machine changes it little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from tests.bench.builds import Build
from tests.bench.databases import Company, Server, State
from tests.bench.processor import Cost
from tests.bench.works import Work

SMALLER = 4
"""A company is also measured with a share of its customers: one in so many."""

Say = Callable[[str], None]


class Differing(Exception):
    """Two sides of one build answered differently."""


class Run(Struct, frozen=True):
    """A work done once by a side."""

    us_per_event: float
    client_us: float
    postgres_us: float
    events_per_s: float  # by the clock, starting included
    peak_mb: float  # of the largest process
    starting_s: float  # of processor time, that no event costs


class SideFigures(Struct, frozen=True, kw_only=True):
    """The medians of a side's rounds, and between which the rounds lay."""

    side: str
    us_per_event: float
    least_us: float
    most_us: float
    client_us: float
    postgres_us: float
    events_per_s: int
    peak_mb: int
    starting_s: float
    ratio: float | None = None  # of the earlier build's cost to this, round by round
    least_ratio: float | None = None
    most_ratio: float | None = None
    target: float | None = None
    reached: bool | None = None


class WorkFigures(Struct, frozen=True):
    """A work, and what it cost each side."""

    work: str
    events: int
    sides: Sequence[SideFigures]


class Sizes(Struct, frozen=True):
    """A company, and the smaller one that tells what starting costs."""

    company: Company
    smaller: Company


def contest(
    server: Server,
    sides: Sequence[Build],
    sizes: Sizes,
    works: Sequence[Work],
    rounds: int,
    say: Say,
) -> list[WorkFigures]:
    """Hold it. Raises: CommandFailed; Differing, where sides of one build answer differently."""
    runs: dict[str, dict[str, list[Run]]] = {
        work.name: {side.name: [] for side in sides} for work in works
    }
    for number in range(rounds):
        turn = number % len(sides)
        for work in works:
            answers: dict[str, str] = {}
            for side in (*sides[turn:], *sides[:turn]):
                done, answer = _run(server, side, sizes, work)
                runs[work.name][side.name].append(done)
                answers[side.name] = answer
                say(
                    f"round {number + 1}: {work.name:26} {side.name:20} "
                    f"{done.us_per_event:7.1f} us/event "
                    f"({done.client_us:.1f} + PostgreSQL {done.postgres_us:.1f})"
                )
            if work.answers:
                _compare(work, sides, answers)
    return [_figures(work, sides, sizes, runs[work.name]) for work in works]


def _run(server: Server, side: Build, sizes: Sizes, work: Work) -> tuple[Run, str]:
    def cost(company: Company, state: State) -> tuple[Cost, list[str]]:
        return server.cost(side, company, state, work.commands(side, company))

    whole, said = cost(sizes.company, work.state)
    if work.state == "late":
        less, _ = cost(sizes.company, "live")
        events = more_events = sizes.company.late_events
    else:
        less, _ = cost(sizes.smaller, work.state)
        events = sizes.company.events
        more_events = events - sizes.smaller.events
    client_us = 1e6 * (whole.client_s - less.client_s) / more_events
    postgres_us = 1e6 * (whole.postgres_s - less.postgres_s) / more_events
    each = client_us + postgres_us
    run = Run(
        us_per_event=each,
        client_us=client_us,
        postgres_us=postgres_us,
        events_per_s=events / whole.wall_s,
        peak_mb=whole.peak_mb,
        starting_s=whole.cpu_s - events * each / 1e6,
    )
    return run, said[-1]


def _compare(work: Work, sides: Sequence[Build], answers: Mapping[str, str]) -> None:
    """Hold the answers of one build's sides equal. Raises: Differing."""
    said = {side.name: json.loads(answers[side.name]) for side in sides if not side.earlier}
    first, *others = said
    for other in others:
        if said[other] != said[first]:
            raise Differing(f"{work.name}: {first} and {other} answer differently")


def _figures(
    work: Work, sides: Sequence[Build], sizes: Sizes, runs: Mapping[str, Sequence[Run]]
) -> WorkFigures:
    earlier = next((runs[side.name] for side in sides if side.earlier), None)
    company = sizes.company
    events = company.late_events if work.state == "late" else company.events
    return WorkFigures(
        work.name, events, [_side(work, side, runs[side.name], earlier) for side in sides]
    )


def _side(
    work: Work, side: Build, runs: Sequence[Run], earlier: Sequence[Run] | None
) -> SideFigures:
    each = [run.us_per_event for run in runs]
    found = SideFigures(
        side=side.name,
        us_per_event=round(median(each), 1),
        least_us=round(min(each), 1),
        most_us=round(max(each), 1),
        client_us=round(median(run.client_us for run in runs), 1),
        postgres_us=round(median(run.postgres_us for run in runs), 1),
        events_per_s=round(median(run.events_per_s for run in runs)),
        peak_mb=round(max(run.peak_mb for run in runs)),
        starting_s=round(median(run.starting_s for run in runs), 2),
    )
    if earlier is None or side.earlier:
        return found
    ratios = [before.us_per_event / us for before, us in zip(earlier, each, strict=True)]
    ratio, target = median(ratios), work.target if side.native else work.target_plain
    return replace(
        found,
        ratio=round(ratio, 2),
        least_ratio=round(min(ratios), 2),
        most_ratio=round(max(ratios), 2),
        target=target,
        reached=None if target is None else ratio >= target,
    )
